"""The Hub in a real browser: a pull is watched, cancelled and taken up again; a token is typed, and a model pushed."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests import hubserver
from tests.e2e.conftest import serious_violations
from tests.fixtures import tiny_classifier
from tests.hubstate import Hub
from tools.appserver import Server, serve

TOKEN = "hf_tested_alice_very_secret"
PATIENCE = 30_000  # milliseconds


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """A Hub with alice, and with a model of bob's."""
    folder = tiny_classifier(tmp_path_factory.mktemp("bob") / "shared")
    with hubserver.running() as running:
        running.user(TOKEN, "alice", "team")
        running.repo("bob/shared", {path.name: path.read_bytes() for path in folder.iterdir()})
        yield running


@pytest.fixture(scope="module")
def server(browser: Browser, hub: Hub, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The app with that Hub in the place of the real one, over a home with the model `mine`; nobody is signed in."""
    folder = tmp_path_factory.mktemp("server")
    tiny_classifier(folder / "home" / "models" / "mine")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("HF_ENDPOINT", hub.url)
        environment.setenv("HF_HOME", str(folder / "hf"))
        environment.delenv("HF_TOKEN", raising=False)
        with serve(folder / "home", folder / "log.txt") as running:
            yield running


def test_a_pull_is_watched_cancelled_and_taken_up_again(page: Page, server: Server, hub: Hub) -> None:
    shared = hub.repos["bob/shared"]
    card = shared.commits[-1].files["README.md"]
    shared.commit({"README.md": card + b"\n"}, f"commit {len(shared.commits)}")  # one that is not here yet
    slow = hub.fail("GET", "model.safetensors", pause=1.0)
    page.goto(f"{server.url}/models")
    page.get_by_role("button", name="Pull from the Hub").click()
    page.get_by_label("Repository", exact=True).fill("bob/shared", timeout=PATIENCE)
    page.get_by_role("button", name="Look").click()
    page.get_by_role("button", name="Pull", exact=True).click()
    expect(page.get_by_text("Pulling bob/shared: ")).to_contain_text("KB of 58.5 KB", timeout=PATIENCE)
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("Pulling bob/shared: cancelled.")).to_be_visible(timeout=PATIENCE)
    assert slow.times == 0 and not serious_violations(page)
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_text("The model is here as bob--shared")).to_be_visible(timeout=PATIENCE)
    assert (hub.asked("GET", "model.safetensors")[-1].range or "").startswith("bytes=")
    page.get_by_role("link", name="Open it").click()
    expect(page.get_by_text("pulled", exact=True)).to_be_visible(timeout=PATIENCE)


def test_a_typed_token_pushes_and_is_found_nowhere(page: Page, server: Server, hub: Hub) -> None:
    asked: list[str] = []
    page.on("request", lambda sent: asked.append(sent.url))
    page.goto(f"{server.url}/models?model=mine&part=Hub")
    page.get_by_text("Sign in with a token").click(timeout=PATIENCE)
    page.locator("input[type=password]").fill(TOKEN)
    page.keyboard.press("Enter")
    expect(page.get_by_text("Signed in as alice")).to_be_visible(timeout=PATIENCE)
    name = f"mine-{len(hub.repos)}"
    page.get_by_label("Repository", exact=True).fill(name)
    page.get_by_role("button", name="Push", exact=True).click()
    expect(page.get_by_text(f"Pushed to alice/{name}")).to_be_visible(timeout=PATIENCE)
    assert hub.repos[f"alice/{name}"].private and not serious_violations(page)
    page.reload()
    expect(page.get_by_text("Sign in first")).to_be_visible(timeout=PATIENCE)
    assert not any(TOKEN in url for url in [*asked, page.url])
    files = [path for path in server.log.parent.rglob("*") if path.is_file()]
    assert len(files) > 4 and not any(TOKEN.encode() in path.read_bytes() for path in files)
