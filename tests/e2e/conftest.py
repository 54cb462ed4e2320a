"""A real server in a home of its own and a real browser. Without Chromium: skipped on a laptop, failed under CI."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.fixtures import tiny_classifier
from ulmfit_app.settings import CHECKOUT

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SWITCHES = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
START_SECONDS = 60


@dataclass(frozen=True)
class Server:
    """A running app: its address and what it has logged so far."""

    url: str
    log: Path


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The system's Chromium."""
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        message = f"no browser: none of {', '.join(BROWSERS)} is installed (Debian, Ubuntu: apt-get install chromium)"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=list(SWITCHES))
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def server(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The app on a free port, with one tiny classifier; ended like a service manager ends it."""
    folder = tmp_path_factory.mktemp("server")
    tiny_classifier(folder / "home" / "models" / "tiny")
    port, log = _free_port(), folder / "log.txt"
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
    environment = {**os.environ, "ULMFIT_HOME": str(folder / "home"), "HOME": str(folder)}  # as on a first start
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=CHECKOUT, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
    try:
        _wait_until_up(process, f"http://localhost:{port}/_stcore/health", log)
        yield Server(f"http://localhost:{port}", log)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


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


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_up(process: "subprocess.Popen[bytes]", url: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            urllib.request.urlopen(url)
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
        else:
            return
    pytest.fail(f"the server did not start:\n{log.read_text()}")
