"""The OpenAPI 3.1 document, made from the endpoints and the records that they take and give."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic.json_schema import models_json_schema
from starlette.requests import Request
from starlette.responses import Response

from ulmfit_app import __version__
from ulmfit_app.api.transfer import EVENTS, JSON
from ulmfit_app.schema import RUN_ID, ApiError, Record
from ulmfit_app.settings import settings

REF = "#/components/schemas/{model}"
PARAMETERS = {
    "id": (
        {"name": "id", "in": "path", "required": True, "schema": {"type": "string", "pattern": f"^{RUN_ID}$"}},
        {"name": "share", "in": "query", "required": False, "schema": {"type": "string"}},
    )
}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One address: the record it `takes` as its body, and the one it `gives` (None: a JSON object of its own).

    `streams`: also gives server-sent events. The docstring of `handler` is its summary.
    """

    method: str
    path: str
    handler: Callable[[Request], Awaitable[Response]]
    gives: type[Record] | None
    takes: type[Record] | None = None
    streams: bool = False


def document(endpoints: Sequence[Endpoint]) -> dict[str, Any]:
    """The document with the limits as they are set now."""
    takes = [(endpoint.takes, "validation") for endpoint in endpoints if endpoint.takes]
    gives = [(endpoint.gives, "serialization") for endpoint in endpoints if endpoint.gives]
    refs, schemas = models_json_schema([*takes, *gives, (ApiError, "serialization")], ref_template=REF)  # type: ignore
    components: dict[str, Any] = {"schemas": schemas["$defs"]}
    paths: dict[str, Any] = {}
    for endpoint in endpoints:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint, refs)
    found: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": "ULMFiT Studio", "version": __version__},
        "paths": paths,
        "components": components,
    }
    if settings().api_key is not None:
        components["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
        found["security"] = [{"key": []}]
    return found


def _operation(endpoint: Endpoint, refs: dict[Any, Any]) -> dict[str, Any]:
    error = {"description": "No answer, and why", "content": {JSON: {"schema": refs[ApiError, "serialization"]}}}
    answer = refs[endpoint.gives, "serialization"] if endpoint.gives else {"type": "object"}
    content: dict[str, Any] = {JSON: {"schema": answer}}
    if endpoint.streams:
        content[EVENTS] = {"schema": {"type": "string"}}
    operation: dict[str, Any] = {
        "operationId": endpoint.handler.__name__,
        "summary": endpoint.handler.__doc__,
        "responses": {"200": {"description": "The answer", "content": content}, "4XX": error, "5XX": error},
    }
    if parameters := [one for name, found in PARAMETERS.items() if f"{{{name}}}" in endpoint.path for one in found]:
        operation["parameters"] = parameters
    if endpoint.takes:
        body = {"schema": refs[endpoint.takes, "validation"]}
        operation["requestBody"] = {"required": True, "content": {JSON: body}}
    return operation
