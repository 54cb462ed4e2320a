"""A real server in a home of its own and a real browser. Without Chromium: skipped on a laptop, failed under CI."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.fixtures import tiny_classifier, tiny_lm
from tools.appserver import Server, serve
from tools.chromium import chromium
from ulmfit_app.data import sources
from ulmfit_app.settings import settings

REVIEWS = "tiny-reviews"

expect.set_options(timeout=30_000)  # ms; machines that test are busy


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
    """The app over a home with the models `tiny` and `tiny-lm`, and the dataset `REVIEWS`."""
    folder = tmp_path_factory.mktemp("server")
    tiny_classifier(folder / "home" / "models" / "tiny")
    tiny_lm(folder / "home" / "models" / "tiny-lm")
    _add_reviews(folder)
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
    """A tab; at the end it must have asked no other host, and neither it nor the server may have logged an error.

    What the page's own Content-Security-Policy refuses is an error.
    """
    tab, foreign, errors = context.new_page(), [], []
    tab.on("request", lambda sent: None if _is_local(sent.url, server.url) else foreign.append(sent.url))
    tab.on("pageerror", lambda error: errors.append(str(error)))
    tab.on("console", lambda said: errors.append(said.text) if "Content Security Policy" in said.text else None)
    logged = server.log.stat().st_size
    yield tab
    assert (foreign, errors) == ([], [])
    assert "Traceback" not in server.log.read_text()[logged:]


def serious_violations(page: Page) -> list[str]:
    """What axe finds on the page as it is, of the two worst grades."""
    page.mouse.move(0, 0)
    page.wait_for_timeout(500)  # colours of a button change in a transition
    return [
        f"{found['id']}: {found['help']}: {nodes}"
        for found in Axe().run(page).response["violations"]
        if found["impact"] in ("serious", "critical")
        if (nodes := [node["html"] for node in found["nodes"] if not _of_streamlits_menu(page, found["id"], node)])
    ]


def _of_streamlits_menu(page: Page, rule: str, node: dict[str, Any]) -> bool:
    """Whether this is the list of pages in the sidebar: with sections, Streamlit 1.67 puts `div` between `ul` and `li`.

    Nothing of ours can mend that; every other rule holds for that list, and these two for every other list.
    """
    if rule not in ("list", "listitem"):
        return False
    found = page.locator(node["target"][0])
    return bool(found.evaluate("element => element.closest('[data-testid=stSidebarNavItems]') !== null"))


def _add_reviews(folder: Path) -> None:
    """Forty short reviews as a dataset of the home in `folder`."""
    judged = [
        f"{word} film with actor {i},{label}"
        for i in range(20)
        for word, label in (("A fine", "pos"), ("A dull", "neg"))
    ]
    path = folder / "reviews.csv"
    path.write_text("\n".join(["text,label", *judged]))
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("ULMFIT_HOME", str(folder / "home"))
        settings.cache_clear()
        sources.add(REVIEWS, [path])
    settings.cache_clear()


def _is_local(url: str, home: str) -> bool:
    return url.startswith((home, home.replace("http", "ws", 1), "data:", "blob:"))
