"""The visitor's cookie, and what the API gives to whom."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from tests.visitors import ALICE, BOB, SIGN, make_everything
from ulmfit_app import signing
from ulmfit_app.api import middleware, routes
from ulmfit_app.api.endpoints import ENDPOINTS, HEALTH
from ulmfit_app.settings import VISITOR_COOKIE, settings


async def _page(_request: Request) -> Response:
    return HTMLResponse("<p>page</p>")


async def _data(_request: Request) -> Response:
    return JSONResponse({})


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    """Somebody without a cookie, before a hosted server with a page, something else and the API."""
    monkeypatch.setenv("ULMFIT_MODE", "hosted")
    settings.cache_clear()
    own = [Route("/", _page), Route("/data", _data)]
    with TestClient(Starlette(routes=[*own, *routes()], middleware=middleware()), "http://localhost") as client:
        yield client


def as_(visitor: str) -> dict[str, str]:
    return {"Cookie": f"other=1; {VISITOR_COOKIE}={signing.cookie_of(visitor)}"}


def test_a_page_gives_a_cookie_once(client: TestClient) -> None:
    given = client.get("/").headers["set-cookie"]
    assert all(word in given for word in ("HttpOnly", "SameSite=Lax", "Path=/"))
    assert "Secure" not in given
    assert signing.visitor_of(client.cookies[VISITOR_COOKIE])
    assert "set-cookie" not in client.get("/").headers


def test_only_pages_give_cookies_and_a_forged_one_is_replaced(client: TestClient) -> None:
    assert "set-cookie" not in client.get("/data").headers
    assert "set-cookie" not in client.get("/api/models").headers
    forged = signing.cookie_of(ALICE)[:-1] + "!"
    assert "set-cookie" in client.get("/", headers={"Cookie": f"{VISITOR_COOKIE}={forged}"}).headers


def test_over_https_the_cookie_is_secure(client: TestClient) -> None:
    given = client.get("/", headers={"X-Forwarded-Proto": "https"}).headers["set-cookie"]
    assert all(word in given for word in ("HttpOnly", "SameSite=None", "Secure", "Partitioned"))


def test_locally_there_is_no_cookie_and_no_secret(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    monkeypatch.setenv("ULMFIT_MODE", "local")
    settings.cache_clear()
    assert "set-cookie" not in client.get("/").headers
    assert not (home / signing.SECRET_FILE).exists()


CLASSIFY = {"model": f"{SIGN}-classifier", "text": ["fine"]}
WRITE = {"model": f"{SIGN}-lm", "prompt": "the", "n_words": 2}
REQUESTS: dict[tuple[str, str], list[dict[str, Any]]] = {  # with what is Alice's, by (method, path)
    ("GET", "/healthz"): [{}],
    ("GET", "/api/openapi.json"): [{}],
    ("GET", "/api/models"): [{}],
    ("POST", "/api/predict"): [{"json": CLASSIFY}],
    ("POST", "/api/generate"): [{"json": WRITE}, {"json": WRITE, "headers": {"Accept": "text/event-stream"}}],
    ("GET", "/api/runs/{id}"): [{}],
}
FOR_ALL = {"/healthz", "/api/openapi.json"}


def test_every_address_of_the_api_is_tried_here() -> None:
    assert {(each.method, each.path) for each in (HEALTH, *ENDPOINTS)} == REQUESTS.keys()
    assert [getattr(route, "path", None) for route in routes()] == ["/healthz", "/api"]  # the mount has the others


def answers(client: TestClient, ids: dict[str, str], headers: dict[str, str]) -> Iterator[tuple[str, httpx2.Response]]:
    """What somebody with `headers` gets from every address about what is Alice's."""
    for (method, path), requests in REQUESTS.items():
        for run_id in ids.values() if "{id}" in path else [""]:
            for request in requests:
                sent = {**request, "headers": {**request.get("headers", {}), **headers}}
                yield path, client.request(method, path.replace("{id}", run_id), **sent)


def test_the_api_gives_a_visitor_their_own_only(client: TestClient, tmp_path: Path) -> None:
    ids = make_everything(ALICE, tmp_path)
    told = {path for path, answer in answers(client, ids, as_(ALICE)) if SIGN in answer.text and answer.is_success}
    assert told == {path for _, path in REQUESTS} - FOR_ALL
    for headers in (as_(BOB), {}, {"Cookie": as_(ALICE)["Cookie"][:-2]}):
        for path, answer in answers(client, ids, headers):
            about_nothing = answer.status_code == 404 or answer.json().get("models") == [] or path in FOR_ALL
            assert about_nothing, path
            assert "fine" not in answer.text


def test_nothing_of_another_can_be_changed(client: TestClient, tmp_path: Path, home: Path) -> None:
    ids = make_everything(ALICE, tmp_path)
    signing.share_run("")  # now the server's secret is there
    before = {path: path.stat().st_mtime_ns for path in home.rglob("*") if path.is_file()}
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        for path in (*(f"/api/runs/{run_id}" for run_id in ids.values()), "/api/models", f"/api/models/{SIGN}-lm"):
            for query in ("", f"?share={signing.share_run(ids['ended'])}"):
                assert client.request(method, path + query, headers=as_(BOB)).status_code in (404, 405)
    assert {path: path.stat().st_mtime_ns for path in home.rglob("*") if path.is_file()} == before


def test_a_share_token_opens_one_run(client: TestClient, tmp_path: Path) -> None:
    ids = make_everything(ALICE, tmp_path)
    token = signing.share_run(ids["ended"])
    shared = client.get(f"/api/runs/{ids['ended']}", params={"share": token})
    assert shared.status_code == 200
    assert shared.json()["status"] == "failed"
    for run_id, wrong in [
        (ids["queued"], token),
        (ids["deleted"], token),
        (ids["ended"], token[:-1]),
        (ids["ended"], ""),
    ]:
        assert client.get(f"/api/runs/{run_id}", params={"share": wrong}).status_code == 404
    cookie = signing.cookie_of(ALICE)
    assert client.get(f"/api/runs/{ids['ended']}", params={"share": cookie}).status_code == 404
