"""The visitor's cookie: set with a page of a hosted server, read by the API. In local mode there is none."""

from http.cookies import CookieError, SimpleCookie

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ulmfit_app import access, signing
from ulmfit_app.settings import VISITOR_COOKIE, settings

KEPT = 30 * 86_400  # seconds that a browser keeps the cookie after the last visit of a new one


class Visitors:
    """ASGI middleware: gives a browser without our cookie one, with the page itself and nothing else."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on."""
        if scope["type"] != "http" or settings().mode == "local" or _known(scope) is not None:
            await self._app(scope, receive, send)
            return

        async def greeted(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if headers.get("content-type", "").startswith("text/html"):
                    headers.append("set-cookie", _cookie(_is_https(scope)))
                    headers["cache-control"] = "no-store"  # one visitor's cookie is for no other
            await send(message)

        await self._app(scope, receive, greeted)


def owner_of(scope: Scope) -> str:
    """Who asks the API: the visitor whose cookie it is, else somebody who owns nothing yet."""
    if settings().mode == "local":
        return access.LOCAL
    return _known(scope) or signing.new_visitor()


def _known(scope: Scope) -> str | None:
    cookies = SimpleCookie()
    try:
        cookies.load(Headers(scope=scope).get("cookie", ""))
    except CookieError:
        return None
    return signing.visitor_of(cookies[VISITOR_COOKIE].value) if VISITOR_COOKIE in cookies else None


def _is_https(scope: Scope) -> bool:
    """A proxy says so; who says it falsely changes their own cookie only."""
    return "https" in (scope.get("scheme"), Headers(scope=scope).get("x-forwarded-proto", "").split(",")[0].strip())


def _cookie(https: bool) -> str:
    """Over https it also works in the frame of another site, as a Space is shown in, but for that site only."""
    value = f"{VISITOR_COOKIE}={signing.cookie_of(signing.new_visitor())}; Path=/; Max-Age={KEPT}; HttpOnly"
    return f"{value}; SameSite=None; Secure; Partitioned" if https else f"{value}; SameSite=Lax"
