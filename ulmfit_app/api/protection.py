"""What holds for every answer of the server, pages included: the names it answers to, and headers for the browser.

The headers keep a page to its own origin: it loads, runs and sends nothing elsewhere, and only known sites frame it.
Who may see what is none of its business. The settings are read at the first request: Streamlit's secrets, which may
hold them, are not read before.
"""

from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256

from starlette.datastructures import MutableHeaders
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ulmfit_app.settings import settings


class KnownHosts(TrustedHostMiddleware):
    """Refuses requests that call the server by a name not its own, as pages do whose name was rebound to its address.

    Streamlit accepts a WebSocket if its origin is the host that is asked, whatever that is (1.67).
    """

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(app, settings().known_hosts, www_redirect=False)


class SecurityHeaders:
    """ASGI middleware that adds the headers to every answer over HTTP; what an answer says itself stays.

    A cookie that is meant for the frames of other sites is kept apart for each of them (`Partitioned`): browsers that
    refuse cookies of third parties take it then. Streamlit cannot say so of its own, without which no file can be
    uploaded (1.67).
    """

    def __init__(self, app: ASGIApp, inline_scripts: Sequence[str]) -> None:
        self._app = app
        self._headers = security_headers(inline_scripts, settings().frame_ancestors)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                message["headers"] = [(name, partitioned(name, value)) for name, value in message["headers"]]
            await send(message)

        await self._app(scope, receive, with_headers if scope["type"] == "http" else send)


def partitioned(name: bytes, value: bytes) -> bytes:
    """The value of a header, with `Partitioned` if it sets a cookie for the frames of other sites."""
    if name.lower() != b"set-cookie" or b"samesite=none" not in value.lower() or b"partitioned" in value.lower():
        return value
    return value + b"; Partitioned"


def security_headers(inline_scripts: Sequence[str], frame_ancestors: str | None) -> dict[str, str]:
    """The headers; `frame_ancestors`: sites that may show a page in a frame, besides its own, between spaces."""
    hashes = [f"'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'" for script in inline_scripts]
    policy = {
        "default-src": "'self'",
        "script-src": " ".join(["'self'", *hashes]),
        "style-src": "'self' 'unsafe-inline'",  # Streamlit's styles are made in the browser
        "img-src": "'self' data: blob:",
        "font-src": "'self' data:",
        "object-src": "'none'",
        "base-uri": "'self'",
        "form-action": "'self'",
        "frame-ancestors": " ".join(["'self'", *(frame_ancestors or "").split()]),
    }
    return {
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",  # addresses hold what was typed
    }
