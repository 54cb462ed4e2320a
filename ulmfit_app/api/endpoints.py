"""The addresses of the API: what each takes and gives. Routes and the OpenAPI document are made from one table."""

import re
from collections.abc import AsyncIterator

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Mount, Route, Router

from ulmfit_app import registry, signing
from ulmfit_app.api import inference, work
from ulmfit_app.api.guard import Guard
from ulmfit_app.api.openapi import Endpoint, document
from ulmfit_app.api.refusals import refusal
from ulmfit_app.api.transfer import EVENTS, HEADERS, json_response, received, server_sent
from ulmfit_app.redaction import without_paths
from ulmfit_app.runs.folder import find, find_anybodys
from ulmfit_app.runs.summary import RunSummary, summary
from ulmfit_app.schema import (
    GenerateAnswer,
    GenerateRequest,
    Health,
    ModelAnswer,
    ModelsAnswer,
    PredictAnswer,
    PredictRequest,
    RunAnswer,
)

PREFIX = "/api"
UNBUFFERED = {"X-Accel-Buffering": "no"}  # proxies of the nginx kind hold a stream back otherwise


async def healthz(_request: Request) -> Response:
    """The server answers. Needs no key."""
    return json_response(Health())


async def models(_request: Request) -> Response:
    """The models that can be used."""
    entries = await run_in_threadpool(registry.models)
    usable = [(entry, entry.config) for entry in entries if entry.config is not None]
    answers = [
        ModelAnswer(
            name=entry.name,
            kind=config.kind,
            part=config.part,
            labels=config.labels,
            metrics=config.metrics,
            shipped=entry.shipped,
        )
        for entry, config in usable
    ]
    return json_response(ModelsAnswer(models=tuple(answers)))


async def predict(request: Request) -> Response:
    """Classify one text or many."""
    asked = await received(request, PredictRequest)
    predictions = await work.while_connected(request, inference.predict(asked))
    return json_response(PredictAnswer(model=asked.model, predictions=predictions))


async def generate(request: Request) -> Response:
    """Go on with a text; with `Accept: text/event-stream` word by word."""
    asked = await received(request, GenerateRequest)
    writing = await inference.begin(asked)
    if EVENTS in request.headers.get("accept", ""):
        return StreamingResponse(_told(writing), headers=HEADERS | UNBUFFERED, media_type=EVENTS)
    return json_response(await work.while_connected(request, _written(writing)))


async def run(request: Request) -> Response:
    """A run of one's own, or with `?share=TOKEN` the one that it opens: its state, why it ended, what came out."""
    found = await run_in_threadpool(_seen, request.path_params["id"], request.query_params.get("share"))
    return json_response(
        RunAnswer(
            id=found.id,
            status=found.state,
            stage=found.stage,
            reason=without_paths(found.reason),
            name=found.name,
            result=found.result,
        )
    )


def _seen(run_id: str, share: str | None) -> RunSummary:
    if share is None:
        return summary(find(run_id))
    signing.refuse_unshared(run_id, share)
    return summary(find_anybodys(run_id))


async def openapi(_request: Request) -> Response:
    """This document."""
    return JSONResponse(document([HEALTH, *ENDPOINTS]), headers=HEADERS)


async def _written(writing: inference.Writing) -> GenerateAnswer:
    async for _ in writing.write():
        pass
    return writing.answer()


async def _told(writing: inference.Writing) -> AsyncIterator[str]:
    """Pieces of text as they are written, then the whole answer, or why there is none."""
    try:
        async for piece in work.in_time(writing.write()):
            yield server_sent("text", piece)
        yield server_sent("done", writing.answer())
    except Exception as error:
        yield server_sent("error", refusal(error).body)


HEALTH = Endpoint("GET", "/healthz", healthz, Health)
ENDPOINTS = (
    Endpoint("GET", f"{PREFIX}/models", models, ModelsAnswer),
    Endpoint("POST", f"{PREFIX}/predict", predict, PredictAnswer, PredictRequest),
    Endpoint("POST", f"{PREFIX}/generate", generate, GenerateAnswer, GenerateRequest, streams=True),
    Endpoint("GET", f"{PREFIX}/runs/{{id}}", run, RunAnswer),
    Endpoint("GET", f"{PREFIX}/openapi.json", openapi, None),
)


def routes() -> list[BaseRoute]:
    """The routes of a server, with a rate limit of its own."""
    inside = [Route(each.path.removeprefix(PREFIX), each.handler, methods=[each.method]) for each in ENDPOINTS]
    health = Route(HEALTH.path, HEALTH.handler, methods=[HEALTH.method])
    api = Mount(PREFIX, Guard(Router(inside, redirect_slashes=False)))
    api.path_regex = re.compile(rf"^{PREFIX}/(?P<path>.*)$", re.DOTALL)  # Starlette's own stops at a line break
    return [Route(HEALTH.path, Guard(Router([health]), lets_all_in=True)), api]
