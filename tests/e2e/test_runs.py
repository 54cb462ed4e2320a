"""A run as a person meets it: started in the browser, found again, stopped in another one, its model kept."""

import json
import os
import re
import secrets
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import serious_violations
from tools.appserver import Server
from ulmfit_app import modelfolder

SLOW = 90_000  # milliseconds; a worker imports torch and fastai first
NOTICES = """
    window.notices = [];
    window.Notification = class {
        static permission = 'granted';
        static requestPermission() {}
        constructor(title, options) { window.notices.push(title + ': ' + options.body); }
    };
"""  # a browser without a desktop shows none


@pytest.fixture
def ulmfit(server: Server) -> "Ulmfit":
    """`ulmfit(…)` in a terminal, in the home of the server."""
    return Ulmfit(server.log.parent / "home")


@dataclass(frozen=True)
class Ulmfit:
    """The command line on `home`."""

    home: Path

    def __call__(self, *arguments: object) -> str:
        command = [sys.executable, "-m", "ulmfit_app", *map(str, arguments)]
        environment = {**os.environ, "ULMFIT_HOME": str(self.home), "OMP_NUM_THREADS": "1"}
        done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def name(ulmfit: Ulmfit, tmp_path: Path) -> Iterator[str]:
    """A name for a training on the dataset `toy`; what is called so and still goes on at the end is stopped."""
    if not (ulmfit.home / "datasets" / "toy").exists():
        path = tmp_path / "toy.csv"
        words = ("a boring film and an awful plot", "a funny film and a great plot")
        rows = [f"{words[i % 2]} of scene {i} with actor {i % 7}" for i in range(400)]
        path.write_text("\n".join(["text", *rows]))
        ulmfit("data", "add", "toy", path, "--text-column", "text")
    name = f"toy-{secrets.token_hex(2)}"
    yield name
    for run in json.loads(ulmfit("runs", "list", "--json"))["runs"]:
        if run["name"] == name and run["status"] in ("starting", "running", "queued"):
            ulmfit("runs", "stop", run["id"])


def start(page: Page, url: str, name: str) -> None:
    """In the form: a training of minutes, from the parent that the server's home has."""
    page.goto(f"{url}/finetune_lm?dataset=toy&recipe=demo&parent=tiny-lm")
    main = page.get_by_test_id("stMain")
    main.get_by_text("Change rates, epochs and schedule").click(timeout=SLOW)
    for label, value in (("epochs", "1000"), ("max_steps", "100000")):
        control = main.get_by_role("textbox", name=label, exact=True).nth(1)
        control.fill(value, timeout=SLOW)
        control.press("Enter")
    field = main.get_by_role("textbox", name="Name of the new model")
    field.fill(name)
    field.press("Enter")
    expect(main.get_by_text("Changed: ")).to_contain_text("max_steps", timeout=SLOW)
    main.get_by_role("button", name=re.compile("Start$")).click(timeout=SLOW)


def sign(page: Page, word: str) -> object:
    """The sign of the opened run's state."""
    return expect(page.locator(".ulmfit-facts .ulmfit-state", has_text=re.compile(f"^{word}$")))


def test_a_run_is_started_found_reloaded_opened_twice_stopped_kept_deleted_and_brought_back(
    page: Page, browser: Browser, server: Server, ulmfit: Ulmfit, name: str
) -> None:
    page.add_init_script(NOTICES)
    start(page, server.url, name)
    expect(page.get_by_text("of all steps")).to_be_visible(timeout=SLOW)  # where it was started
    page.goto(f"{server.url}/runs")
    page.get_by_role("button", name=name, exact=True).click(timeout=SLOW)
    expect(page.get_by_text("of all steps")).to_be_visible(timeout=SLOW)
    expect(page).to_have_title(re.compile(r"^● \d+% – Runs"), timeout=SLOW)
    assert serious_violations(page) == []

    page.reload()
    expect(page.get_by_role("heading", name=name)).to_be_visible(timeout=SLOW)
    sign(page, "running").to_be_visible()
    wide = page.viewport_size["width"] > 1000  # elsewhere the sidebar is folded
    if wide:
        page.get_by_text("Tell me when it ends").click()
        expect(page.get_by_test_id("stSidebar").locator("script")).to_have_count(1, timeout=SLOW)  # permission asked

    profile = browser.new_context()
    elsewhere = profile.new_page()
    elsewhere.goto(page.url)
    expect(elsewhere.get_by_text("of all steps")).to_be_visible(timeout=SLOW)  # drawn last: nothing folds the popover
    # In the page: while a script runs, Streamlit's own header has a button "Stop" too.
    elsewhere.get_by_test_id("stMain").get_by_role("button", name="Stop").click(timeout=SLOW)
    elsewhere.get_by_role("button", name="Stop the run").click()
    for tab in (elsewhere, page):  # neither is reloaded
        expect(tab.get_by_text(f"Kept: the model {name}, marked partial")).to_be_visible(timeout=SLOW)
        sign(tab, "stopped").to_be_visible()
    profile.close()
    if wide:
        expect(page.get_by_test_id("stSidebar").locator("[data-state=stopped]")).to_have_count(1, timeout=SLOW)
        assert page.evaluate("window.notices") == [f"{name}: stopped"]

    assert modelfolder.read_config(ulmfit.home / "models" / name).partial
    expect(page).to_have_title("Runs – ULMFiT Studio", timeout=SLOW)
    assert serious_violations(page) == []
    main = page.get_by_test_id("stMain")
    assert main.evaluate("box => box.scrollWidth - box.clientWidth") == 0

    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_text(re.compile(r"^The run \S+ is in the trash\."))).to_be_visible(timeout=SLOW)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("button", name=name, exact=True)).to_be_visible(timeout=SLOW)
