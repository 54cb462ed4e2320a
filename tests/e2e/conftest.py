"""A real server in a home of its own and a real browser. Without Chromium: skipped on a laptop, failed under CI."""

import os
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page

from tests.fixtures import tiny_classifier
from tools.appserver import Server, serve
from tools.chromium import chromium


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The system's Chromium."""
    with ExitStack() as stack:
        try:
            started = stack.enter_context(chromium())
        except LookupError as error:
            pytest.fail(str(error)) if os.environ.get("CI") else pytest.skip(str(error))
        yield started


@pytest.fixture(scope="session")
def server(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The app over a home with one tiny classifier."""
    folder = tmp_path_factory.mktemp("server")
    tiny_classifier(folder / "home" / "models" / "tiny")
    with serve(folder / "home", folder / "log.txt") as running:
        yield running


@pytest.fixture(params=[(1280, 900, "light"), (390, 844, "dark")], ids=["wide-light", "narrow-dark"])
def context(browser: Browser, request: pytest.FixtureRequest) -> Iterator[BrowserContext]:
    """A fresh browser profile, wide and light or narrow and dark."""
    width, height, scheme = request.param
    profile = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
    yield profile
    profile.close()


@pytest.fixture
def page(context: BrowserContext, server: Server) -> Iterator[Page]:
    """A tab; at the end it must have asked no other host, and neither it nor the server may have logged an error."""
    tab, foreign, errors = context.new_page(), [], []
    tab.on("request", lambda sent: None if _is_local(sent.url, server.url) else foreign.append(sent.url))
    tab.on("pageerror", lambda error: errors.append(str(error)))
    logged = server.log.stat().st_size
    yield tab
    assert (foreign, errors) == ([], [])
    assert "Traceback" not in server.log.read_text()[logged:]


def serious_violations(page: Page) -> list[str]:
    """What axe finds on the page as it is, of the two worst grades."""
    page.mouse.move(0, 0)
    page.wait_for_timeout(500)  # colours of a button change in a transition
    return [
        f"{found['id']}: {found['help']}: {[node['html'] for node in found['nodes']]}"
        for found in Axe().run(page).response["violations"]
        if found["impact"] in ("serious", "critical")
    ]


def _is_local(url: str, home: str) -> bool:
    return url.startswith((home, home.replace("http", "ws", 1), "data:", "blob:"))
