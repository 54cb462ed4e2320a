"""Signing in with the Hub in a real browser: two people on one hosted server, each with their own things only."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests import oidcserver
from tests.e2e.conftest import serious_violations
from tests.fixtures import tiny_classifier
from tests.hubstate import Hub
from tests.oidcserver import PEOPLE
from tools.appserver import Server, serve
from ulmfit_app import access, signing
from ulmfit_app.settings import VISITOR_COOKIE, settings

PATIENCE = 30_000  # milliseconds


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """A Hub where one can sign in, with a private model of Alice's."""
    folder = tiny_classifier(tmp_path_factory.mktemp("alice") / "secret")
    with oidcserver.hub_with_sign_in() as running:
        running.repo("Alice/secret", {path.name: path.read_bytes() for path in folder.iterdir()}, private=True)
        yield running


@pytest.fixture(scope="module")
def server(browser: Browser, hub: Hub, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A hosted server with a token of its own, which nobody may see used."""
    folder = tmp_path_factory.mktemp("server")
    oidcserver.write_secrets(folder, hub)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("HF_ENDPOINT", hub.url)
        environment.setenv("HF_TOKEN", hub.user("hf_tested_server", "Alice"))
        environment.setenv("ULMFIT_MODE", "hosted")
        with serve(folder / "home", folder / "log.txt") as running:
            yield running


@pytest.fixture
def contexts(browser: Browser, server: Server) -> Iterator[list[BrowserContext]]:
    """Two fresh browser profiles. Nothing on any page may be refused by its policy, and no error logged."""
    profiles = [browser.new_context(viewport={"width": 1280, "height": 900}) for _ in range(2)]
    refused: list[str] = []
    for profile in profiles:
        profile.on("console", lambda said: refused.append(said.text) if "Content Security Policy" in said.text else 0)
    yield profiles
    for profile in profiles:
        profile.close()
    assert not refused and "Traceback" not in server.log.read_text()


@contextmanager
def acting(owner: str, server: Server) -> Iterator[None]:
    """In the server's home as `owner`."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("ULMFIT_HOME", str(server.log.parent / "home"))
        environment.setenv("ULMFIT_MODE", "hosted")
        settings.cache_clear()
        with access.acting_for(owner):
            yield
    settings.cache_clear()


def give_model(name: str, owner: str, server: Server) -> None:
    """Let `owner` have a model."""
    with acting(owner, server):
        access.claim(access.place("models"))
        tiny_classifier(access.place("models") / name)


def opened(context: BrowserContext, server: Server, path: str = "/models") -> Page:
    """A tab with the page, drawn."""
    page = context.new_page()
    page.goto(f"{server.url}{path}")
    expect(page.get_by_role("heading", level=1)).to_be_visible(timeout=PATIENCE)
    return page


def sign_in(page: Page, name: str) -> None:
    """From the sidebar to the Hub and back."""
    page.get_by_role("button", name="Sign in with Hugging Face").first.click(timeout=PATIENCE)
    page.get_by_role("link", name=name).click(timeout=PATIENCE)
    expect(page.get_by_text(f"Signed in as {name}")).to_be_visible(timeout=PATIENCE)


def look(page: Page, server: Server, repo_id: str) -> None:
    """Ask for a repository on the page that pulls."""
    page.goto(f"{server.url}/models?hub=pull&repo={repo_id}")
    page.get_by_role("button", name="Look").click(timeout=PATIENCE)


def test_two_people_see_their_own_things_only(contexts: list[BrowserContext], server: Server) -> None:
    for name, number in PEOPLE.items():
        give_model(f"made-by-{name.lower()}", f"hf:{number}", server)
    for context, (name, other) in zip(contexts, (("Alice", "bob"), ("bob", "Alice")), strict=True):
        page = opened(context, server)
        expect(page.get_by_text("made-by")).to_have_count(0)
        sign_in(page, name)
        page.goto(f"{server.url}/models")
        expect(page.get_by_text(f"made-by-{name.lower()}").first).to_be_visible(timeout=PATIENCE)
        expect(page.get_by_text(f"made-by-{other.lower()}")).to_have_count(0)
    assert not serious_violations(page)
    page.goto(f"{server.url}/models?model=made-by-alice")
    expect(page.get_by_text("There is no model called made-by-alice")).to_be_visible(timeout=PATIENCE)


def test_what_was_made_before_is_taken_over_and_signing_out_hides_it(
    contexts: list[BrowserContext], server: Server
) -> None:
    context = contexts[0]
    page = opened(context, server)
    (cookie,) = [cookie["value"] for cookie in context.cookies() if cookie["name"] == VISITOR_COOKIE]
    with acting("anon:nobody", server):
        visitor = signing.visitor_of(cookie)
    assert visitor
    give_model("made-before", visitor, server)
    sign_in(page, "bob")
    page.get_by_text("Made before signing in").click(timeout=PATIENCE)
    expect(page.get_by_text("1 model was made without signing in")).to_be_visible(timeout=PATIENCE)
    assert not serious_violations(page)
    page.get_by_role("button", name="Make it mine").click()
    expect(page.get_by_text("Made before signing in")).to_have_count(0, timeout=PATIENCE)
    page.goto(f"{server.url}/models")
    expect(page.get_by_text("made-before").first).to_be_visible(timeout=PATIENCE)
    # Streamlit draws the page of a visitor first and has the browser fetch the address that ends the cookie next.
    with page.expect_response("**/auth/logout*", timeout=PATIENCE):
        page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in with Hugging Face")).to_be_visible(timeout=PATIENCE)
    page.goto(f"{server.url}/models")
    expect(page.get_by_text("models,").first).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text("Signed in as")).to_have_count(0)
    expect(page.get_by_text("made-before")).to_have_count(0)


def test_a_private_repository_is_pulled_by_whom_it_is_for(
    contexts: list[BrowserContext], server: Server, hub: Hub
) -> None:
    alice, bob = (opened(context, server) for context in contexts)
    hidden = "There is no Alice/secret on the Hub, or it is hidden from"
    look(bob, server, "Alice/secret")
    expect(bob.get_by_text(f"{hidden} someone who is not signed in")).to_be_visible(timeout=PATIENCE)
    sign_in(alice, "Alice")
    look(alice, server, "Alice/secret")
    alice.get_by_role("button", name="Pull", exact=True).click(timeout=PATIENCE)
    expect(alice.get_by_text("The model is here as alice--secret")).to_be_visible(timeout=PATIENCE)
    sign_in(bob, "bob")
    look(bob, server, "Alice/secret")
    expect(bob.get_by_text(f"{hidden} the account bob")).to_be_visible(timeout=PATIENCE)
    expect(opened(contexts[1], server).get_by_text("alice--secret")).to_have_count(0)
    assert "hf_tested_server" not in {request.token for request in hub.requests}
    for token in [token for token, (name, _) in hub.users.items() if name == "Alice"]:
        del hub.users[token]  # they expire
    alice.reload()
    expect(alice.get_by_text("The Hub does not accept this token. Sign in again")).to_be_visible(timeout=PATIENCE)


def test_a_space_offers_it_without_a_file_of_secrets(browser: Browser, hub: Hub, tmp_path: Path) -> None:
    given = {
        "OAUTH_CLIENT_ID": oidcserver.CLIENT,
        "OAUTH_CLIENT_SECRET": oidcserver.CLIENT_SECRET,
        "OPENID_PROVIDER_URL": hub.url,
        "OAUTH_SCOPES": oidcserver.SCOPES,
        "SPACE_HOST": "alice-studio.hf.space",
        "HF_ENDPOINT": hub.url,
        "ULMFIT_MODE": "hosted",
    }
    with pytest.MonkeyPatch.context() as environment:
        for name, value in given.items():
            environment.setenv(name, value)
        with serve(tmp_path / "home", tmp_path / "log.txt") as server:
            page = browser.new_page()
            page.goto(server.url)
            page.get_by_role("button", name="Sign in with Hugging Face").click(timeout=PATIENCE)
            expect(page.get_by_role("heading", name="Who are you?")).to_be_visible(timeout=PATIENCE)
            asked = parse_qs(urlsplit(page.url).query)
            page.close()
    assert asked["redirect_uri"] == ["https://alice-studio.hf.space/oauth2callback"]
    assert asked["scope"] == [oidcserver.SCOPES] and asked["prompt"] == ["consent"]
