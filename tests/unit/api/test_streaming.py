"""Words as they are drawn; work that ends with its client or its time; an event loop that never waits for it."""

import asyncio
import json
import threading
import time
from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from tests.unit.api.exchange import Exchange
from ulmfit_app.inference.generator import Generator
from ulmfit_app.inference.predictor import Predictor
from ulmfit_app.schema import Prediction
from ulmfit_app.settings import settings

STREAM = "text/event-stream"
ASKED = {"model": "tiny-lm", "prompt": "I LIKED this", "n_words": 9, "samples": 2, "seed": 3}
LONG = ASKED | {"n_words": 500, "samples": 5}


def events(text: str) -> list[tuple[str, dict]]:
    """The events of a stream: name and data."""
    blocks = [block.split("\n") for block in text.strip().split("\n\n")]
    return [(name.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for name, data in blocks]


@pytest.fixture
def slow_words(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Every word takes a hundredth of a second; when each was drawn."""
    drawn: list[float] = []
    steps = Generator._steps

    def slowly(self: Generator, *args: object) -> Iterator:
        for step in steps(self, *args):
            time.sleep(0.01)
            drawn.append(time.monotonic())
            yield step

    monkeypatch.setattr(Generator, "_steps", slowly)
    return drawn


def test_pieces_joined_are_the_texts_of_the_whole_answer(client: TestClient) -> None:
    answer = client.post("/api/generate", json=ASKED, headers={"Accept": STREAM})
    *pieces, (last, whole) = events(answer.text)
    assert answer.headers["content-type"].startswith(STREAM) and answer.headers["cache-control"] == "no-store"
    assert last == "done" and whole == client.post("/api/generate", json=ASKED).json()
    for number, sample in enumerate(whole["samples"]):
        told = "".join(data["text"] for name, data in pieces if name == "text" and data["sample"] == number)
        assert told == sample["text"].rstrip(" ")


def test_a_stream_is_refused_before_it_begins(client: TestClient) -> None:
    answer = client.post("/api/generate", json=ASKED | {"model": "tiny"}, headers={"Accept": STREAM})
    assert (answer.status_code, answer.json()["error"]) == (422, "unusable_model")


def test_a_stream_that_fails_says_so_at_its_end(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise KeyError("secret")

    monkeypatch.setattr("ulmfit_app.inference.generator.choose", fails)
    *_, (name, data) = events(client.post("/api/generate", json=ASKED, headers={"Accept": STREAM}).text)
    assert (name, data["error"]) == ("error", "internal_error") and "secret" not in data["message"]


@pytest.mark.parametrize("accept", [STREAM, "application/json"])
def test_the_time_limit_ends_a_generation(
    accept: str, client: TestClient, monkeypatch: pytest.MonkeyPatch, slow_words: list[float]
) -> None:
    monkeypatch.setenv("ULMFIT_API_TIMEOUT_S", "0.1")
    settings.cache_clear()
    answer = client.post("/api/generate", json=LONG, headers={"Accept": accept})
    if accept == STREAM:
        name, data = events(answer.text)[-1]
        assert (name, data["error"]) == ("error", "timeout")
    else:
        assert (answer.status_code, answer.json()["error"]) == (504, "timeout")
    assert len(slow_words) < 50


@pytest.mark.parametrize("accept", [STREAM, "application/json"])
def test_a_client_that_goes_ends_the_generation(accept: str, app: Starlette, slow_words: list[float]) -> None:
    async def leave() -> tuple[Exchange, int]:
        exchange = Exchange("/api/generate", LONG, accept)
        running = asyncio.create_task(exchange.run(app))
        while len(slow_words) < 3:
            await asyncio.sleep(0.005)
        exchange.gone.set()
        await asyncio.wait_for(running, 10)
        drawn = len(slow_words)
        await asyncio.sleep(0.1)
        return exchange, drawn

    exchange, drawn = asyncio.run(leave())
    assert len(slow_words) <= drawn + 1 < 50  # a word that was being drawn is finished
    assert "done" not in exchange.text and (exchange.status is None) == (accept != STREAM)


def test_the_event_loop_answers_while_threads_compute(app: Starlette, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ULMFIT_API_WORKERS", "2")
    settings.cache_clear()
    goes_on, lock, counts = threading.Event(), threading.Lock(), {"now": 0, "most": 0}

    def waits(_: Predictor, texts: list[str]) -> list[Prediction]:
        with lock:
            counts["now"] += 1
            counts["most"] = max(counts.values())
        assert goes_on.wait(30)
        with lock:
            counts["now"] -= 1
        return [Prediction("pos", 1, {"neg": 0.0, "pos": 1.0}) for _ in texts]

    monkeypatch.setattr(Predictor, "predict_many", waits)

    async def ask() -> list[Exchange]:
        asked = [Exchange("/api/predict", {"model": "tiny", "text": "good"}) for _ in range(6)]
        running = [asyncio.create_task(each.run(app)) for each in asked]
        while counts["now"] < 2:
            await asyncio.sleep(0.005)
        free = [await Exchange(path).run(app) for path in ("/healthz", "/api/models", "/api/openapi.json")]
        goes_on.set()
        return [*free, *await asyncio.gather(*running)]

    assert {answer.status for answer in asyncio.run(ask())} == {200}
    assert counts["most"] == 2
