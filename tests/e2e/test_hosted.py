"""A hosted server and two browsers that do not know each other: what one of them makes, the other does not see."""

import json
import re
from collections.abc import Iterator
from http.client import HTTPConnection
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from tools.appserver import Server, serve
from ulmfit_app.settings import VISITOR_COOKIE

SLOW = 60_000  # milliseconds
LONG = 180_000  # a training of two hundred short texts
NAME = "alices-films"


@pytest.fixture(scope="module")
def hosted(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A hosted server with an empty home."""
    folder = tmp_path_factory.mktemp("hosted")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("ULMFIT_MODE", "hosted")
        with serve(folder / "home", folder / "log.txt") as server:
            yield server
            assert "Traceback" not in server.log.read_text()


@pytest.fixture
def alice(browser: Browser, hosted: Server) -> Iterator[Page]:
    """A tab of a fresh profile."""
    profile = browser.new_context(viewport={"width": 1280, "height": 900})
    yield profile.new_page()
    profile.close()


@pytest.fixture
def bob(browser: Browser, hosted: Server) -> Iterator[Page]:
    """A tab of another one."""
    profile = browser.new_context(viewport={"width": 1280, "height": 900})
    yield profile.new_page()
    profile.close()


def add_films(page: Page, server: Server) -> None:
    """Upload two hundred short reviews as the dataset NAME."""
    words = {"pos": "a wonderful warm film with a fine story", "neg": "a dull slow film with a bad story"}
    rows = [f"{text} and actor {number % 7},{label}" for number in range(100) for label, text in words.items()]
    page.goto(f"{server.url}/datasets")
    expect(page.get_by_text("removed 24 hours after its last change")).to_be_visible(timeout=SLOW)
    file = {"name": "films.csv", "mimeType": "text/csv", "buffer": "\n".join(["text,label", *rows]).encode()}
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(files=[file])  # type: ignore[list-item]
    page.get_by_role("button", name=re.compile("Check the texts")).click(timeout=SLOW)
    page.get_by_role("textbox", name="Name of the dataset").fill(NAME, timeout=SLOW)
    page.get_by_role("button", name=re.compile("Add the dataset")).click()
    expect(page.get_by_text("is stored")).to_be_visible(timeout=SLOW)


def train(page: Page, server: Server) -> str:
    """Start a training of a tiny classifier on it; the run's id, when it works."""
    asked = f"dataset={NAME}&recipe=demo&parent=scratch&set=size%3Dtiny&limit=100"
    page.goto(f"{server.url}/finetune_classifier?{asked}")
    expect(page.get_by_text("For visitors of this server: A training works for at most 15 min")).to_be_visible(
        timeout=SLOW
    )
    page.get_by_role("button", name=re.compile("Start$")).click(timeout=SLOW)
    expect(page).to_have_url(re.compile(r"[?&]run="), timeout=SLOW)
    return parse_qs(urlsplit(page.url).query)["run"][0]


def test_two_visitors(hosted: Server, alice: Page, bob: Page) -> None:
    add_films(alice, hosted)
    run = train(alice, hosted)

    for page, said in (
        ("runs", "There is no run yet"),
        (f"runs?run={run}", f"There is no run '{run}'"),
        (f"datasets?dataset={NAME}", f"There is no dataset “{NAME}”"),
    ):
        bob.goto(f"{hosted.url}/{page}")
        expect(bob.get_by_text(said)).to_be_visible(timeout=SLOW)
    bob.goto(f"{hosted.url}/datasets")
    expect(bob.get_by_text("rotten-tomatoes").first).to_be_visible(timeout=SLOW)
    expect(bob.get_by_text("Upload a file")).to_be_visible(timeout=SLOW)
    assert NAME not in bob.content()
    assert [page.request.get(f"{hosted.url}/api/runs/{run}").status for page in (alice, bob)] == [200, 404]

    ended = re.compile("done|failed|interrupted|stopped")
    expect(alice.locator(".ulmfit-facts .ulmfit-state").first).to_have_text(ended, timeout=LONG)
    expect(alice.get_by_text(f"Kept: the model {NAME}")).to_be_visible(timeout=SLOW)
    names = [json.loads(page.request.get(f"{hosted.url}/api/models").text())["models"] for page in (alice, bob)]
    assert [any(model["name"].startswith(NAME) for model in models) for models in names] == [True, False]

    alice.goto(f"{hosted.url}/runs?run={run}")
    alice.get_by_role("button", name=re.compile("Share$")).click(timeout=SLOW)
    link = alice.get_by_text(re.compile(r"/runs\?run=.*share=")).inner_text()
    bob.goto(link)
    expect(bob.get_by_text("Shared with you to read")).to_be_visible(timeout=SLOW)
    expect(bob.get_by_text(f"Kept: the model {NAME}")).to_be_visible(timeout=SLOW)
    assert bob.get_by_role("button", name=re.compile("Delete|Share|Resume|Stop")).count() == 0

    cookies = {page: page.context.cookies() for page in (alice, bob)}
    (mine, yours) = [next(c for c in found if c["name"] == VISITOR_COOKIE) for found in cookies.values()]
    assert mine["httpOnly"]
    assert mine["value"] != yours["value"]
    assert "Open to visitors" in hosted.log.read_text()


def status(server: Server, method: str, path: str, **headers: str) -> int:
    """What a client that is no browser of ours gets."""
    connection = HTTPConnection("localhost", int(str(urlsplit(server.url).port)), timeout=30)
    try:
        connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        return connection.getresponse().status
    finally:
        connection.close()


def test_other_sites_get_no_session_and_send_no_file(hosted: Server) -> None:
    upgrade = {
        "Connection": "Upgrade", "Upgrade": "websocket", "Sec_WebSocket_Version": "13",
        "Sec_WebSocket_Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }  # fmt: skip
    assert status(hosted, "GET", "/_stcore/stream", Origin=hosted.url, **upgrade) == 101
    assert status(hosted, "GET", "/_stcore/stream", Origin="https://evil.example", **upgrade) == 403
    assert status(hosted, "PUT", "/_stcore/upload_file/some-session/some-file", Content_Length="0") == 403
    assert status(hosted, "PUT", "/_stcore/upload_file/some-session/some-file", Content_Length="1000000000") == 507
    assert status(hosted, "GET", f"/media/{'0' * 56}.csv") == 404
    assert status(hosted, "POST", "/api/predict", Origin="https://evil.example", Content_Type="text/plain") == 415
