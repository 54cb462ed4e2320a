"""A bound on what visitors' uploads take in memory: Streamlit keeps every file until its tab closes (1.67)."""

import re
from collections import Counter
from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from ulmfit_app.settings import settings

UPLOAD = re.compile(r"/_stcore/upload_file/([^/]+)/[^/]+$")
SHARE = 4  # one tab has a quarter of what all have together

Held = Callable[[str], tuple[int, int]]  # bytes that the session of that id keeps, and that all keep


class BoundedUploads:
    """ASGI middleware: on a hosted server refuses a file for which there is no room, before it is read.

    Room is kept for the files that are being received, too, until they have come or broken off. One event loop calls
    it, so nothing is locked.
    """

    def __init__(self, app: ASGIApp, held: Held) -> None:
        self._app, self._held = app, held
        self._coming: Counter[str] = Counter()  # bytes, by session

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        target = UPLOAD.search(scope["path"]) if scope["type"] == "http" and scope["method"] == "PUT" else None
        if target is None or settings().mode == "local":
            await self._app(scope, receive, send)
            return
        session, size = target[1], _told(Headers(scope=scope))
        if not self._has_room(session, size):
            refusal = PlainTextResponse("There is no room for more files now. Remove one, or try again later.", 507)
            await refusal(scope, receive, send)
            return
        self._coming[session] += size
        try:
            await self._app(scope, receive, send)
        finally:
            self._coming[session] -= size
            self._coming += Counter[str]()  # forgets who has nothing to come

    def _has_room(self, session: str, size: int) -> bool:
        most = settings().visitor_uploads_mb * 1_000_000
        its, everybodys = self._held(session)
        its, everybodys = its + self._coming[session], everybodys + self._coming.total()
        return its + size <= most / SHARE and everybodys + size <= most


def _told(headers: Headers) -> int:
    """The size of the file as its sender tells it, else that of the largest that is taken."""
    told = headers.get("content-length", "")
    return int(told) if told.isdecimal() else settings().max_file_mb * 1_000_000
