"""How the app feels: start, first prediction, reruns of every page, memory, many runs. `make bench-ui`, minutes.

A real server in a fresh home and a real browser, both on this machine, so the browser's own work is in every figure.
A rerun is measured from the key press to the end of the script, as the page learns of it.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from playwright.sync_api import Browser, Page

from benchmarks import record
from tools.appserver import CHECKOUT, Server, serve
from tools.chromium import chromium

STARTS = 3
RERUNS = 12
MANY_RUNS = 500
PATIENCE = 240_000  # milliseconds
SETTLED = "[data-testid=stApp][data-test-script-state=notRunning]"
SENTENCE = "That+honestly+was+the+worst+movie+I%27ve+ever+seen."
PREDICTION = f"/predict?model=imdb-classifier&text={SENTENCE}"
PAGES = {
    "home": "/",
    "datasets": "/datasets?dataset=rotten-tomatoes",
    "explore": "/explore?dataset=rotten-tomatoes",
    "finetune_lm": "/finetune_lm?dataset=rotten-tomatoes",
    "finetune_classifier": "/finetune_classifier?dataset=rotten-tomatoes",
    "runs": "/runs",
    "evaluate": "/evaluate?model=imdb-classifier&dataset=rotten-tomatoes",
    "predict": PREDICTION,
    "generate": "/generate?model=imdb-lm",
    "models": "/models?model=imdb-classifier",
}
WATCH = """() => {
    const app = document.querySelector('[data-testid=stApp]');
    window.ended = [];
    new MutationObserver(() => {
        if (app.getAttribute('data-test-script-state') === 'notRunning') window.ended.push(performance.now());
    }).observe(app, {attributes: true, attributeFilter: ['data-test-script-state']});
}"""
LONG_TRAINING = (
    "train", "lm", "--data", "rotten-tomatoes", "--recipe", "lm-notebook", "--set", "stages.1.epochs=500",
    "--name", "busy", "--detach", "--json",
)  # fmt: skip


@contextmanager
def app() -> Iterator[Server]:
    """The app over an empty home."""
    with tempfile.TemporaryDirectory() as folder, serve(Path(folder) / "home", Path(folder) / "log.txt") as server:
        yield server


def seconds_until(browser: Browser, path: str, text: str) -> float:
    """From starting a server to `text` on the page `path`."""
    page = browser.new_page()
    started = time.perf_counter()
    with app() as server:
        page.goto(server.url + path)
        page.get_by_text(text).first.wait_for(timeout=PATIENCE)
        passed = time.perf_counter() - started
        page.close()
    return passed


def reruns(page: Page, url: str, times: int = RERUNS) -> list[float]:
    """Milliseconds of `times` reruns of the page at `url`, after it has been drawn once and run again once."""
    page.goto(url)
    page.locator(SETTLED).wait_for(timeout=PATIENCE)
    page.wait_for_timeout(3000)
    page.evaluate(WATCH)
    return [_rerun(page) for _ in range(times + 1)][1:]


def _rerun(page: Page) -> float:
    page.evaluate("window.ended = []")
    began = page.evaluate("performance.now()")
    page.locator("body").press("r")
    page.wait_for_function("window.ended.length > 0", timeout=PATIENCE)
    page.wait_for_timeout(300)
    ended: float = page.evaluate("window.ended[0]")
    return ended - began


def summed_up(milliseconds: list[float]) -> dict[str, float]:
    """Median and 95th percentile, in milliseconds; of nothing, nothing."""
    if not milliseconds:
        return {}
    ordered = sorted(milliseconds)
    return {"median": round(statistics.median(ordered)), "p95": round(ordered[int(0.95 * (len(ordered) - 1))])}


def all_reruns(browser: Browser, server: Server) -> dict[str, dict[str, float]]:
    """Reruns of every page, and of all together."""
    page = browser.new_page(bypass_csp=True)  # Playwright waits for a condition by code that the pages forbid
    by_page = {name: reruns(page, server.url + path) for name, path in PAGES.items()}
    page.close()
    together = summed_up([value for values in by_page.values() for value in values])
    return {**{name: summed_up(values) for name, values in by_page.items()}, "all pages": together}


def ulmfit(server: Server, *arguments: str) -> str:
    """The command line over the server's home."""
    environment = {**os.environ, "ULMFIT_HOME": str(server.log.parent / "home")}
    command = [sys.executable, "-m", "ulmfit_app", *arguments]
    return subprocess.run(command, cwd=CHECKOUT, env=environment, capture_output=True, text=True, check=True).stdout


def while_training(browser: Browser, server: Server) -> dict[str, dict[str, float]]:
    """Reruns of every page beside a training that has begun its steps."""
    run = json.loads(ulmfit(server, *LONG_TRAINING))["id"]
    events = server.log.parent / "home" / "runs" / run / "events.jsonl"
    until = time.monotonic() + PATIENCE / 1000
    while not events.exists() or '"phase": "train"' not in events.read_text():
        if time.monotonic() > until:
            raise SystemExit(f"the training did not begin: {ulmfit(server, 'runs', 'show', run)}")
        time.sleep(1)
    measured = all_reruns(browser, server)
    ulmfit(server, "runs", "stop", run)
    while json.loads(ulmfit(server, "runs", "show", run, "--json"))["status"] == "running":
        time.sleep(1)
    return measured


def many_runs(browser: Browser) -> dict[str, Any]:
    """The Runs page and `ulmfit runs list` over a home with many ended runs."""
    with app() as server:
        home = server.log.parent / "home"
        _copy_runs(home)
        started = time.perf_counter()
        ulmfit(server, "runs", "list")
        listed = time.perf_counter() - started
        page = browser.new_page(bypass_csp=True)
        figures = {"runs": MANY_RUNS, "page rerun ms": summed_up(reruns(page, server.url + "/runs"))}
        page.close()
        return {**figures, "`ulmfit runs list` with its start s": round(listed, 2)}


def _copy_runs(home: Path) -> None:
    """Many copies of one short training's folder under other ids."""
    environment = {**os.environ, "ULMFIT_HOME": str(home)}
    short = ("--set", "stages.0.max_steps=20", "--set", "stages.1.max_steps=20", "--set", "train_texts=200")
    command = ("train", "lm", "--data", "rotten-tomatoes", "--recipe", "demo", "--name", "one", "--json", *short)
    done = subprocess.run(
        [sys.executable, "-m", "ulmfit_app", *command],
        cwd=CHECKOUT, env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    first = home / "runs" / json.loads(done.stdout)["id"]
    small = [path for path in first.iterdir() if path.is_file() and path.name != "lock"]
    for number in range(1, MANY_RUNS):
        folder = first.with_name(f"{first.name[:-4]}{number:04x}")
        folder.mkdir()
        for path in small:
            (folder / path.name).write_bytes(path.read_bytes())


def main() -> None:
    """Measure everything and write the record `ui`."""
    started = record.machine()
    with chromium() as browser:
        pages = [seconds_until(browser, "/", "Transfer learning in text") for _ in range(STARTS)]
        predictions = [seconds_until(browser, PREDICTION, "Prediction:") for _ in range(STARTS)]
        with app() as server:
            idle = all_reruns(browser, server)
            memory = psutil.Process(server.pid).memory_info().rss
            busy = while_training(browser, server)
        figures = {
            "start to first page s": round(statistics.median(pages), 2),
            "start to first prediction s": round(statistics.median(predictions), 2),
            "reruns idle ms": idle,
            "reruns while a training runs ms": busy,
            "resident memory after all pages MB": round(memory / 1e6),
            "many runs": many_runs(browser),
        }
    print(record.write("ui", "make bench-ui", started, figures).read_text())  # noqa: T201


if __name__ == "__main__":
    main()
