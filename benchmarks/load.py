"""Many visitors at once: API clients and browsers ask a hosted server for predictions. `make bench-load`, ten minutes.

Every client asks again as soon as it has its answer, and every answer is compared with that of `load_model`. Clients
and browsers run on the server's machine, so their work is in every figure. The limits of requests a minute are out of
the way here: the clients share one address, and nobody types as fast as these browsers.
"""

import asyncio
import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import httpx
import psutil
from playwright.async_api import Browser, Error, Page, async_playwright

from benchmarks import record
from benchmarks.ui import summed_up
from tools.appserver import Server, serve
from tools.chromium import SWITCHES, installed
from ulmfit_app import load_model
from ulmfit_app.inference.predictor import Predictor
from ulmfit_app.schema import Prediction

MODEL = "imdb-classifier"
CLIENTS, BROWSERS, SECONDS, REPEATS = 40, 8, 60, 5
AT_ONCE = 5  # texts in every second request
PATIENCE = 60.0  # seconds for one answer
NEAR = 1e-5  # two computations of one probability may differ by this
SETTLED = "[data-testid=stApp][data-test-script-state=notRunning]"
HOSTED = {
    "ULMFIT_MODE": "hosted", "ULMFIT_API_PER_MINUTE": "1000000", "ULMFIT_VISITOR_PER_MINUTE": "1000000",
    "OMP_NUM_THREADS": "1",
}  # fmt: skip
PARTS = ("A quiet film.", "The plot made no sense at all!", "I would watch it again tomorrow,", "said nobody, ever.",
         "Wonderful actors;", "two hours of my life that I won't get back.", "It's not bad.", "10/10")  # fmt: skip

Expected = dict[str, Prediction]


@dataclass(slots=True)
class Minute:
    """What one repeat saw: milliseconds of every answer, and everything that was not as it should be."""

    ends: float
    api: list[float] = field(default_factory=list)
    browsers: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    @property
    def goes_on(self) -> bool:
        """Whether another question is asked."""
        return time.monotonic() < self.ends


def expected() -> Expected:
    """Texts of 3 to some 400 words, with what the model says of them alone; no two look alike on the page."""
    model = load_model(MODEL)
    assert isinstance(model, Predictor)
    found: dict[str, tuple[str, Prediction]] = {}
    for length, start in ((length, start) for length in (1, 2, 3, 5, 9, 20, 60) for start in range(len(PARTS))):
        text = " ".join(islice(cycle(PARTS), start, start + length))
        prediction = model.predict(text)
        found.setdefault(share(prediction), (text, prediction))
    return dict(found.values())


def share(prediction: Prediction) -> str:
    """The probability of the first label, as the page shows it."""
    return f"{next(iter(prediction.probabilities.values())):.2%}"


async def client(number: int, url: str, texts: Expected, minute: Minute) -> None:
    """Ask the API, now for one text, now for several, until the minute is over."""
    drawn = random.Random(number)
    async with httpx.AsyncClient(base_url=url, timeout=PATIENCE) as http:
        for many in cycle((False, True)):
            if not minute.goes_on:
                return
            asked = drawn.sample(sorted(texts), AT_ONCE if many else 1)
            began = time.perf_counter()
            try:
                answer = await http.post("/api/predict", json={"model": MODEL, "text": asked})
                answer.raise_for_status()
            except httpx.HTTPError as error:
                minute.errors.append(f"API: {error!r}")
                continue
            minute.api.append((time.perf_counter() - began) * 1000)
            minute.wrong += differences(asked, answer.json()["predictions"], texts)


def differences(asked: list[str], answers: list[dict[str, Any]], texts: Expected) -> Iterator[str]:
    """The answers that are not those of `texts`, in words."""
    if len(asked) != len(answers):
        yield f"API: {len(answers)} answers to {len(asked)} texts"
    for text, answer in zip(asked, answers, strict=False):
        right = texts[text]
        off = max(abs(answer["probabilities"][label] - value) for label, value in right.probabilities.items())
        if answer["label"] != right.label or off > NEAR:
            yield f"API: {answer} to {text[:40]!r}"


async def visitor(number: int, browser: Browser, url: str, texts: Expected, minute: Minute) -> None:
    """Type texts into the page and wait for their answers, in a browser context of one's own."""
    context = await browser.new_context()
    page = await context.new_page()
    page.set_default_timeout(PATIENCE * 1000)
    try:
        await page.goto(f"{url}/predict?model={MODEL}")
        await page.locator(SETTLED).wait_for()
        drawn = random.Random(1000 + number)
        while minute.goes_on:
            await _ask(page, drawn.choice(sorted(texts)), texts, minute)
    except Error as error:
        minute.errors.append(f"page: {error.message.splitlines()[0]}")
    finally:
        await context.close()


async def _ask(page: Page, text: str, texts: Expected, minute: Minute) -> None:
    await page.get_by_label("Text", exact=True).fill(text)
    began = time.perf_counter()
    await page.keyboard.press("Control+Enter")
    bars = page.locator(".ulmfit-bars")
    try:
        await bars.get_by_text(share(texts[text]), exact=True).wait_for()
    except Error:
        shown = await bars.inner_text() if await bars.count() else "nothing"
        minute.wrong.append(f"page: {shown} to {text[:40]!r}")
        return
    minute.browsers.append((time.perf_counter() - began) * 1000)


async def one_minute(browser: Browser, server: Server, texts: Expected) -> Minute:
    """All clients and browsers together; the browsers are new ones."""
    minute = Minute(ends=time.monotonic() + SECONDS)
    askers = [client(number, server.url, texts, minute) for number in range(CLIENTS)]
    askers += [visitor(number, browser, server.url, texts, minute) for number in range(BROWSERS)]
    await asyncio.gather(*askers)
    return minute


async def repeats(server: Server, texts: Expected) -> tuple[list[Minute], list[int]]:
    """The repeats, and the server's resident bytes after each."""
    process, minutes, memory = psutil.Process(server.pid), [], []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=installed(), args=list(SWITCHES))
        for _ in range(REPEATS):
            minutes.append(await one_minute(browser, server, texts))
            memory.append(process.memory_info().rss)
        await browser.close()
    return minutes, memory


def figures(minutes: list[Minute], memory: list[int]) -> dict[str, Any]:
    """Of the record."""
    return {
        "API clients": CLIENTS,
        "browsers": BROWSERS,
        "repeats of a minute": len(minutes),
        "errors": sum(len(minute.errors) for minute in minutes),
        "wrong answers": sum(len(minute.wrong) for minute in minutes),
        "API": {
            "answers": sum(len(minute.api) for minute in minutes),
            "ms": summed_up([value for minute in minutes for value in minute.api]),
        },
        "browser": {
            "answers": sum(len(minute.browsers) for minute in minutes),
            "ms": summed_up([value for minute in minutes for value in minute.browsers]),
        },
        "resident memory after each repeat MB": ", ".join(str(round(value / 1e6)) for value in memory),
        "memory after the last over after the second %": round(100 * (memory[-1] / memory[1] - 1), 1),
    }


def main() -> None:
    """Measure and write the record `load`; tells what went wrong."""
    started, texts = record.machine(), expected()
    os.environ.update(HOSTED)
    with tempfile.TemporaryDirectory() as folder, serve(Path(folder) / "home", Path(folder) / "log.txt") as server:
        minutes, memory = asyncio.run(repeats(server, texts))
    for minute in minutes:
        sys.stderr.write("".join(f"{trouble}\n" for trouble in (minute.errors + minute.wrong)[:10]))
    print(record.write("load", "make bench-load", started, figures(minutes, memory)).read_text())  # noqa: T201


if __name__ == "__main__":
    main()
