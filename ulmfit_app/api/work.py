"""Computing for the API: in threads of its own, few at a time, in short pieces, so that the event loop never waits.

A piece that has begun is finished; between two pieces others take their turn, and a client that has gone, or the time
limit, ends the work.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import cache, partial
from typing import Any, ParamSpec, TypeVar

from starlette.requests import ClientDisconnect, Request

from ulmfit_app.settings import settings

T = TypeVar("T")
P = ParamSpec("P")


async def in_thread(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What `function` returns or raises, in this context; it waits for a free thread."""
    inside = partial(copy_context().run, partial(function, *args, **kwargs))
    return await asyncio.get_running_loop().run_in_executor(threads(), inside)


async def while_connected(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """The result of `work`, whose request has been read. Raises `ClientDisconnect`, and ends it, if the client goes.

    Raises `TimeoutError` at the time limit.
    """
    working = asyncio.ensure_future(asyncio.wait_for(work, settings().api_timeout_s))
    gone = asyncio.ensure_future(_gone(request))
    try:
        await asyncio.wait((working, gone), return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ClientDisconnect
        return await working
    finally:
        for task in (working, gone):
            task.cancel()
        await asyncio.gather(working, gone, return_exceptions=True)


async def in_time(work: AsyncIterator[T]) -> AsyncIterator[T]:
    """The items of `work`. Raises `TimeoutError` in place of an item that comes after the time limit."""
    deadline = time.monotonic() + settings().api_timeout_s
    async for item in work:
        if time.monotonic() > deadline:
            raise TimeoutError
        yield item


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


@cache
def threads() -> ThreadPoolExecutor:
    """The threads that compute for the API in this process."""
    return ThreadPoolExecutor(settings().api_workers, thread_name_prefix="api")
