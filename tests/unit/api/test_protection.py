"""Headers and names of the server, in front of an app of two lines; and which scripts the policy lets run."""

from base64 import b64encode
from hashlib import sha256

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from ulmfit_app.api import middleware
from ulmfit_app.errors import AppError
from ulmfit_app.settings import settings
from ulmfit_app.ui.scripts import COPY_LINK, inline_scripts

LOCAL = "http://localhost:8501"


def client(base_url: str = LOCAL, **variables: str) -> TestClient:
    """A client of a protected app that was started with these settings."""
    with pytest.MonkeyPatch.context() as environment:
        for name, value in variables.items():
            environment.setenv(f"ULMFIT_{name.upper()}", value)
        settings.cache_clear()
        app = Starlette(
            routes=[
                Route("/", lambda request: PlainTextResponse("page")),
                Route("/own", lambda request: PlainTextResponse("own", headers={"Referrer-Policy": "no-referrer"})),
                Route("/cookie", lambda request: PlainTextResponse("", headers={"Set-Cookie": request.url.query})),
                WebSocketRoute("/stream", greet),
            ],
            middleware=middleware(inline_scripts()),
        )
        started = TestClient(app, base_url)
        started.get("/")  # the settings are read at the first request
    settings.cache_clear()
    return started


async def greet(socket: WebSocket) -> None:
    await socket.accept()
    await socket.send_text("hello")
    await socket.close()


def policy(found: TestClient) -> dict[str, list[str]]:
    """The Content-Security-Policy of a page, by directive."""
    parts = (part.split() for part in found.get("/").headers["Content-Security-Policy"].split(";"))
    return {name: values for name, *values in parts}


def test_a_page_may_use_its_own_origin_only() -> None:
    for name, values in policy(client()).items():
        assert not any(value.startswith(("http", "*", "//", "ws")) for value in values), name
    assert {"default-src", "script-src", "object-src", "base-uri", "frame-ancestors"} <= set(policy(client()))


def test_scripts_run_by_their_hash_only() -> None:
    allowed = policy(client())["script-src"]
    assert not {"'unsafe-inline'", "'unsafe-eval'"} & set(allowed)
    assert f"'sha256-{b64encode(sha256(COPY_LINK.encode()).digest()).decode()}'" in allowed
    assert any("prerenderReady" in script for script in inline_scripts())  # of Streamlit's front page


def test_an_answer_keeps_what_it_says_itself() -> None:
    own, page = client().get("/own").headers, client().get("/").headers
    assert (own["Referrer-Policy"], page["Referrer-Policy"]) == ("no-referrer", "same-origin")
    assert own["X-Content-Type-Options"] == page["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("cookie", "added"),
    [
        ("a=1;SameSite=None;Secure", "; Partitioned"),  # as Streamlit's for a frame
        ("a=1;SameSite=None;Secure;Partitioned", ""),
        ("a=1;SameSite=Lax", ""),
    ],
)
def test_a_cookie_for_frames_is_kept_apart_for_every_site(cookie: str, added: str) -> None:
    assert client().get(f"/cookie?{cookie}").headers["Set-Cookie"] == cookie + added


def test_only_named_sites_may_frame_it() -> None:
    assert policy(client())["frame-ancestors"] == ["'self'"]
    framed = client(frame_ancestors="https://huggingface.co https://*.example.org:8443")
    assert policy(framed)["frame-ancestors"] == ["'self'", "https://huggingface.co", "https://*.example.org:8443"]


@pytest.mark.parametrize(
    ("host", "variables", "answers"),
    [
        ("localhost:8501", {}, True),
        ("127.0.0.1:8501", {}, True),
        ("[::1]:8501", {}, True),
        ("rebound.example", {}, False),
        ("localhost.rebound.example", {}, False),
        ("studio.example.org", {"hosts": "other.org *.example.org"}, True),
        ("localhost", {"hosts": "other.org"}, True),
        ("rebound.example", {"hosts": "*"}, True),
        ("visitors.example.org", {"mode": "hosted"}, True),
        ("rebound.example", {"mode": "hosted", "hosts": "visitors.example.org"}, False),
    ],
)
def test_answers_to_its_own_names_only(host: str, variables: dict[str, str], answers: bool) -> None:
    found = client(f"http://{host}", **variables)
    assert found.get("/").status_code == (200 if answers else 400)
    assert "Content-Security-Policy" in found.get("/").headers
    if answers:
        with found.websocket_connect(f"ws://{host}/stream") as socket:
            assert socket.receive_text() == "hello"
    else:
        with pytest.raises(WebSocketDisconnect), found.websocket_connect(f"ws://{host}/stream"):
            pass


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FRAME_ANCESTORS", "https://a.org; script-src *"),
        ("FRAME_ANCESTORS", "a.org"),
        ("FRAME_ANCESTORS", "https://a.org,https://b.org"),
        ("HOSTS", "https://a.org"),
        ("HOSTS", "a.*.org"),
        ("HOSTS", "a.org/path"),
    ],
)
def test_what_would_break_a_header_is_refused(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"ULMFIT_{name}", value)
    settings.cache_clear()
    with pytest.raises(AppError, match=f"ULMFIT_{name}"):
        settings()
