"""A bound on what visitors' uploads take in memory: Streamlit keeps every file until its tab closes (1.67)."""

import re
from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from ulmfit_app.settings import settings

UPLOAD = re.compile(r"/_stcore/upload_file/([^/]+)/[^/]+$")
SHARE = 4  # one tab has a quarter of what all have together

Held = Callable[[str], tuple[int, int]]  # bytes that the session of that id keeps, and that all keep


class BoundedUploads:
    """ASGI middleware: on a hosted server refuses a file for which there is no room, before it is read."""

    def __init__(self, app: ASGIApp, held: Held) -> None:
        self._app, self._held = app, held

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        target = UPLOAD.search(scope["path"]) if scope["type"] == "http" and scope["method"] == "PUT" else None
        if target is None or settings().mode == "local" or self._has_room(target[1], Headers(scope=scope)):
            await self._app(scope, receive, send)
            return
        refusal = PlainTextResponse("There is no room for more files now. Remove one, or try again later.", 507)
        await refusal(scope, receive, send)

    def _has_room(self, session: str, headers: Headers) -> bool:
        most = settings().visitor_uploads_mb * 1_000_000
        told = headers.get("content-length", "")
        size = int(told) if told.isdecimal() else settings().max_file_mb * 1_000_000
        its, everybodys = self._held(session)
        return its + size <= most / SHARE and everybodys + size <= most
