"""Requests in, answers out: bodies within their limits as records, records as JSON or as server-sent events."""

import asyncio
from collections.abc import Mapping
from typing import TypeVar

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response

from ulmfit_app.api.refusals import RefusedError
from ulmfit_app.schema import Record
from ulmfit_app.settings import settings

JSON, EVENTS = "application/json", "text/event-stream"
BODY_SECONDS = 20.0  # in which a request must have arrived
LONGEST_PLACE = 80  # characters of the place of a mistake, which may be a key that the client made up
HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
T = TypeVar("T", bound=Record)


async def received(request: Request, kind: type[T]) -> T:
    """The body of `request` as a record of `kind`. Raises `RefusedError` for a body that is none.

    Only JSON is taken: a browser asks this server first before it lets a foreign page send that, and is told no.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != JSON:
        raise RefusedError(415, "unsupported_media_type", f"Send JSON, with Content-Type: {JSON}.")
    try:
        async with asyncio.timeout(BODY_SECONDS):
            raw = await _body(request)
    except TimeoutError:
        raise RefusedError(408, "slow_request", "The request did not arrive in time.") from None
    try:
        return kind.model_validate_json(raw, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        if first["type"] == "json_invalid":
            raise RefusedError(400, "invalid_json", f"The body is not JSON. {first['msg']}.") from None
        place = ".".join(str(part) for part in first["loc"])[:LONGEST_PLACE] or "body"
        raise RefusedError(422, "invalid_request", f"{place}: {first['msg']}.") from None


async def _body(request: Request) -> bytes:
    limit = settings().api_max_body_kb * 1000
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > limit:
            raise RefusedError(413, "too_large", f"A request has at most {limit:,} bytes.", {"Connection": "close"})
    return bytes(raw)


def json_response(record: Record, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """`record` as the whole answer."""
    return Response(record.model_dump_json(), status, {**HEADERS, **(headers or {})}, JSON)


def server_sent(event: str, record: Record) -> str:
    """`record` as one event of a stream. JSON has no line breaks, so it is one line of data."""
    return f"event: {event}\ndata: {record.model_dump_json()}\n\n"
