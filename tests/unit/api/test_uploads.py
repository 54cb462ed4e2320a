"""Uploads for which there is no room are refused before they are read."""

import asyncio
from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.testclient import TestClient
from starlette.types import Message, Receive, Scope, Send

from ulmfit_app.api import middleware
from ulmfit_app.api.uploads import BoundedUploads
from ulmfit_app.settings import settings

HELD = {"mine": 15_000_000, "yours": 0}
PATH = "/_stcore/upload_file/{session}/{file}"


async def _took(request: Request) -> Response:
    return Response(str(len(await request.body())))


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    """A hosted server of which all tabs together have 80 MB, and `mine` keeps 15."""
    monkeypatch.setenv("ULMFIT_MODE", "hosted")
    monkeypatch.setenv("ULMFIT_VISITOR_UPLOADS_MB", "80")
    settings.cache_clear()
    routes = [Route(PATH, _took, methods=["PUT", "DELETE"])]
    app = Starlette(routes=routes, middleware=middleware(held=lambda key: (HELD.get(key, 0), sum(HELD.values()))))
    with TestClient(app, "http://localhost") as client:
        yield client


def put(client: TestClient, session: str, size: int) -> int:
    """The status of an upload of `size` bytes."""
    return client.put(PATH.format(session=session, file="f"), content=bytes(size)).status_code


def test_a_tab_has_its_share(client: TestClient) -> None:
    assert put(client, "mine", 5_000_000) == 200
    assert put(client, "mine", 5_000_001) == 507
    assert put(client, "yours", 20_000_000) == 200
    assert client.delete(PATH.format(session="mine", file="f")).status_code == 200


def test_all_tabs_have_so_much_together(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(HELD, "others", 60_000_000)
    assert put(client, "yours", 5_000_000) == 200
    assert put(client, "yours", 5_000_001) == 507


def test_a_file_that_does_not_tell_its_size_counts_as_the_largest(client: TestClient) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"small"

    for session, status in (("mine", 507), ("yours", 200)):
        assert client.put(PATH.format(session=session, file="f"), content=pieces()).status_code == status


@pytest.mark.usefixtures("client")
@pytest.mark.parametrize("broken", [False, True])
def test_what_is_on_its_way_takes_room_until_it_has_come_or_broken_off(broken: bool) -> None:
    def request(session: str, size: int) -> Scope:
        headers = [(b"content-length", str(size).encode())]
        return {"type": "http", "method": "PUT", "path": PATH.format(session=session, file="f"), "headers": headers}

    async def uploads() -> None:
        arrived, taken = asyncio.Event(), list[int]()

        async def slow(scope: Scope, receive: Receive, send: Send) -> None:
            await arrived.wait()
            if broken:
                raise ConnectionResetError
            await Response()(scope, receive, send)

        async def send(message: Message) -> None:
            taken.extend([message["status"]] if "status" in message else [])

        async def receive() -> Message:
            return {"type": "http.disconnect"}

        bounded = BoundedUploads(slow, lambda session: (0, 0))
        first = asyncio.create_task(bounded(request("mine", 12_000_000), receive, send))
        await asyncio.sleep(0)
        await bounded(request("mine", 12_000_000), receive, send)
        assert taken == [507]
        arrived.set()
        await asyncio.gather(first, return_exceptions=True)
        await asyncio.gather(bounded(request("mine", 20_000_000), receive, send), return_exceptions=True)
        assert taken == ([507] if broken else [507, 200, 200])
        assert not bounded._coming

    asyncio.run(uploads())


def test_locally_nothing_is_bounded(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ULMFIT_MODE", "local")
    settings.cache_clear()
    assert put(client, "mine", 21_000_000) == 200
