"""What stands before every address of the API: rate limit, key, a bound on requests at once and on their time.

What is behind it works with the things of whoever asks. Whatever goes wrong there reaches the client as
an `ApiError`.
"""

import asyncio
import math
import os
import secrets

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ulmfit_app import access
from ulmfit_app.api.refusals import RefusedError, refusal
from ulmfit_app.api.transfer import json_response
from ulmfit_app.api.visitors import owner_of
from ulmfit_app.rate import RateLimit
from ulmfit_app.settings import settings

MOST_AT_ONCE = 100  # requests that compute, wait or are read; the next is told to come again
GRACE = 5.0  # seconds after the time limit, in which a stream can still say that it was reached


class Guard:
    """ASGI middleware of the API's addresses; `lets_all_in`: it only says what went wrong."""

    def __init__(self, app: ASGIApp, *, lets_all_in: bool = False) -> None:
        self._app, self._lets_all_in = app, lets_all_in
        self._rate = RateLimit()
        self._active = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through, or refuse it."""
        begun = False

        async def noted(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        self._active += 1
        try:
            if not self._lets_all_in:
                self._admit(scope)
            async with asyncio.timeout(settings().api_timeout_s + GRACE):
                with access.acting_for(owner_of(scope)):
                    await self._app(scope, receive, noted)
        except ClientDisconnect:
            pass
        except Exception as error:
            refused = refusal(error)
            if not begun:  # a stream tells its own errors; one that was cut off has no end
                await json_response(refused.body, refused.status, refused.headers)(scope, receive, send)
        finally:
            self._active -= 1

    def _admit(self, scope: Scope) -> None:
        """Raise `RefusedError` for a request that may not be answered now."""
        client = scope["client"][0] if scope.get("client") else "unknown"
        if wait := math.ceil(self._rate.wait(client, settings().api_per_minute)):
            message = f"The limit is {settings().api_per_minute:,} requests a minute. Try again in {wait} s."
            raise RefusedError(429, "too_many_requests", message, {"Retry-After": str(wait)})
        key = settings().api_key
        if key is not None and not _carries(scope, key.get_secret_value()):
            message = "Send the key of this server: Authorization: Bearer KEY."
            raise RefusedError(401, "unauthorized", message, {"WWW-Authenticate": "Bearer"})
        if self._active > MOST_AT_ONCE:
            raise RefusedError(503, "busy", "The server has too much to do. Try again soon.", {"Retry-After": "1"})


def _carries(scope: Scope, key: str) -> bool:
    """Whether the request has the key. Takes as long for a wrong one as for the right one."""
    sent = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
    scheme, _, credentials = sent.partition(b" ")
    return secrets.compare_digest(credentials.strip(), os.fsencode(key)) and scheme.lower() == b"bearer"
