"""One request to an ASGI application without a client between: what it sends can be looked at, and cut off, at once."""

import asyncio
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette


@dataclass
class Exchange:
    """A request, its answer so far, and whether the client has gone."""

    path: str
    body: object = None
    accept: str = "*/*"
    chunks: Iterable[bytes] | None = None
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    sent: list[dict[str, Any]] = field(default_factory=list)

    @property
    def status(self) -> int | None:
        """The status of the answer, None as long as there is none."""
        return next((message["status"] for message in self.sent if "status" in message), None)

    @property
    def text(self) -> str:
        """The answer's body so far."""
        return b"".join(message.get("body", b"") for message in self.sent).decode()

    async def run(self, app: Starlette) -> "Exchange":
        """Exchange it with `app`; returns when the application does."""
        chunks = iter([json.dumps(self.body).encode()] if self.chunks is None else self.chunks)

        async def receive() -> dict[str, Any]:
            if (chunk := next(chunks, None)) is not None:
                return {"type": "http.request", "body": chunk, "more_body": self.chunks is not None}
            await self.gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            self.sent.append(message)

        headers = [(b"content-type", b"application/json"), (b"accept", self.accept.encode())]
        scope = {
            "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1",
            "method": "POST" if self.body is not None or self.chunks else "GET", "scheme": "http", "path": self.path,
            "raw_path": self.path.encode(), "root_path": "", "query_string": b"", "headers": headers,
            "client": ("203.0.113.1", 1), "server": ("test", 80),
        }  # fmt: skip
        await app(scope, receive, send)
        return self
