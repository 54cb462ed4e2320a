"""Every request without an answer gets a status, a name for programs, and words for people; nothing of the server."""

import asyncio
import json
import logging
from collections.abc import Callable
from itertools import repeat
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from tests.unit.api.exchange import Exchange
from ulmfit_app import rate
from ulmfit_app.api import endpoints, guard, transfer
from ulmfit_app.rate import RateLimit
from ulmfit_app.redaction import without_paths
from ulmfit_app.settings import CHECKOUT, settings

PREDICT, GENERATE = "/api/predict", "/api/generate"
JSON = {"Content-Type": "application/json"}
GOOD = {"model": "tiny", "text": "good"}


def predict(**fields: object) -> bytes:
    """The body of a prediction with some fields of its own."""
    return json.dumps(GOOD | fields).encode()


def generate(**fields: object) -> bytes:
    """The body of a generation with some fields of its own."""
    return json.dumps({"model": "tiny-lm", "prompt": "I"} | fields).encode()


BODIES: dict[str, tuple[str, bytes, int, str]] = {
    "nothing": (PREDICT, b"", 400, "invalid_json"),
    "no JSON": (PREDICT, b"text=good", 400, "invalid_json"),
    "not UTF-8": (PREDICT, b'{"model": "tiny", "text": "\xff"}', 400, "invalid_json"),
    "half a character": (PREDICT, b'{"model": "tiny", "text": "\\ud800"}', 400, "invalid_json"),
    "nested": (PREDICT, b"[" * 100_000, 400, "invalid_json"),
    "a list": (PREDICT, b"[]", 422, "invalid_request"),
    "no text": (PREDICT, b'{"model": "tiny"}', 422, "invalid_request"),
    "a key nobody reads": (PREDICT, predict(texts=[]), 422, "invalid_request"),
    "a number": (PREDICT, predict(text=3), 422, "invalid_request"),
    "not a number": (PREDICT, b'{"model": "tiny", "text": NaN}', 422, "invalid_request"),
    "no texts": (PREDICT, predict(text=[]), 422, "invalid_request"),
    "a list in a list": (PREDICT, predict(text=[["good"]]), 422, "invalid_request"),
    "too many texts": (PREDICT, predict(text=[""] * 1001), 422, "invalid_request"),
    "a text too long": (PREDICT, predict(text="x" * 200_001), 422, "invalid_request"),
    "megabytes": (PREDICT, predict(text="x" * 3_000_000), 413, "too_large"),
    "a name too long": (PREDICT, predict(model="x" * 201), 422, "invalid_request"),
    "no such model": (PREDICT, predict(model="tinny"), 404, "not_found"),
    "a language model": (PREDICT, predict(model="tiny-lm"), 422, "unusable_model"),
    "a classifier": (GENERATE, generate(model="tiny"), 422, "unusable_model"),
    "words as text": (GENERATE, generate(n_words="5"), 422, "invalid_request"),
    "half a word": (GENERATE, generate(n_words=1.5), 422, "invalid_request"),
    "truth": (GENERATE, generate(n_words=True), 422, "invalid_request"),
    "too many words": (GENERATE, generate(n_words=501), 422, "invalid_request"),
    "too many samples": (GENERATE, generate(samples=6), 422, "invalid_request"),
    "a prompt too long": (GENERATE, generate(prompt="x" * 2001), 422, "invalid_request"),
    "a seed too large": (GENERATE, generate(seed=2**32), 422, "invalid_request"),
    "NaN": (GENERATE, generate(temperature=float("nan")), 422, "invalid_request"),
    "infinity": (GENERATE, generate(repetition_penalty=float("inf")), 422, "invalid_request"),
    "below zero": (GENERATE, generate(temperature=-1), 422, "invalid_request"),
}


@pytest.mark.parametrize("case", BODIES)
def test_a_bad_body_is_refused(case: str, client: TestClient) -> None:
    path, body, status, error = BODIES[case]
    answer = client.post(path, content=body, headers=JSON)
    assert (answer.status_code, answer.json()["error"]) == (status, error), answer.text
    assert set(answer.json()) == {"error", "message"} and len(answer.json()["message"]) < 300


@pytest.mark.parametrize(
    "name", ["../models/tiny", "./tiny", "~", "", ".", "..", "models/tiny", "tests", ".origins", "@0", "\x00", "😀"]
)
def test_a_path_is_no_name(name: str, client: TestClient, home: Path) -> None:
    (home / "models" / "@0").mkdir()
    answers = [client.post(PREDICT, json=GOOD | {"model": given}) for given in (name, str(home / "models" / "tiny"))]
    assert {answer.status_code for answer in answers} == {404}


def test_a_broken_model_is_refused_with_what_is_wrong_with_it(client: TestClient, models: Path) -> None:
    data = (models / "tiny" / "model.safetensors").read_bytes()
    for spoiled, words in ((data[:-1], "cut short"), (data[:-1] + bytes([data[-1] ^ 1]), "hashes differ")):
        (models / "tiny" / "model.safetensors").write_bytes(spoiled)
        answer = client.post(PREDICT, json=GOOD)
        assert (answer.status_code, answer.json()["error"]) == (422, "unusable_model")
        assert words in answer.json()["message"]


@pytest.mark.parametrize("run", ["x", "..", "20260101-000000-predict-0000", "%2e%2e%2fqueue.json", "٢٠٢٦"])
def test_what_is_no_run_is_not_found(run: str, client: TestClient) -> None:
    assert client.get(f"/api/runs/{run}").status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "status", "error"),
    [
        ("GET", PREDICT, 405, "method_not_allowed"),
        ("POST", "/healthz", 405, "method_not_allowed"),
        ("OPTIONS", PREDICT, 405, "method_not_allowed"),
        ("GET", "/api/", 404, "no_such_address"),
        ("GET", "/api/models/", 404, "no_such_address"),
        ("GET", "/api/a%0Ab/c", 404, "no_such_address"),
        ("GET", "/api/models/tiny/model.safetensors", 404, "no_such_address"),
    ],
)
def test_other_addresses_and_methods(method: str, path: str, status: int, error: str, client: TestClient) -> None:
    answer = client.request(method, path)
    assert (answer.status_code, answer.json()["error"]) == (status, error)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
def test_what_a_foreign_page_could_send_is_refused(kind: str, client: TestClient) -> None:
    answer = client.post(PREDICT, content=predict(), headers={"Content-Type": kind, "Origin": "https://evil.example"})
    assert (answer.status_code, answer.json()["error"]) == (415, "unsupported_media_type")
    asked = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    for reply in (answer, client.options(PREDICT, headers=asked), client.get("/api/models", headers=asked)):
        assert not [name for name in reply.headers if name.startswith("access-control")]


def test_an_endless_body_is_cut_off(app: Starlette) -> None:
    read = 0

    def endless() -> object:
        nonlocal read
        for chunk in repeat(b"x" * 10_000):
            read += len(chunk)
            yield chunk

    answer = asyncio.run(Exchange(PREDICT, chunks=endless()).run(app))
    assert answer.status == 413 and read <= 1_000_000 + 20_000


def test_a_body_that_does_not_come_is_not_waited_for(app: Starlette, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "BODY_SECONDS", 0.01)
    answer = asyncio.run(Exchange(PREDICT, chunks=[b"{"]).run(app))
    assert answer.status == 408 and "slow_request" in answer.text


def test_limits_are_set_from_outside(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"API_MAX_TEXTS": 1, "MAX_WORDS": 30, "MAX_TEXT_CHARS": 100, "API_MAX_BODY_KB": 1}.items():
        monkeypatch.setenv(f"ULMFIT_{name}", str(value))
    settings.cache_clear()
    bodies = [predict(text=["a", "b"]), predict(text="x" * 101), generate(n_words=31), predict(text="x" * 1000)]
    paths = [PREDICT, PREDICT, GENERATE, PREDICT]
    answers = [client.post(path, content=body, headers=JSON) for path, body in zip(paths, bodies, strict=True)]
    assert [answer.status_code for answer in answers] == [422, 422, 422, 413]
    assert "at most 100 characters" in answers[1].json()["message"]


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (None, 401),
        ("Bearer no", 401),
        ("Bearer ", 401),
        ("Basic geheim-ß", 401),
        ("geheim-ß", 401),
        ("Bearer geheim-ß ", 200),
        ("bearer geheim-ß", 200),
    ],
)
def test_with_a_key_nothing_but_the_health_is_open(
    sent: str | None, status: int, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ULMFIT_API_KEY", "geheim-ß")
    settings.cache_clear()
    headers = {"Authorization": sent.encode()} if sent else {}
    answers = [client.get(f"/api/{path}", headers=headers) for path in ("models", "openapi.json")]
    answers.append(client.post(PREDICT, json=GOOD, headers=headers))
    assert [answer.status_code for answer in answers] == [status] * 3
    assert "geheim" not in repr(settings()) + "".join(answer.text for answer in answers)
    assert (status == 200) or all(answer.headers["www-authenticate"] == "Bearer" for answer in answers)
    assert client.get("/healthz").status_code == 200


def test_a_client_that_asks_too_often_is_told_when_to_come_again(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ULMFIT_API_PER_MINUTE", "2")
    settings.cache_clear()
    answers = [client.get("/api/models") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert 1 <= int(answers[2].headers["retry-after"]) <= 30
    assert client.get("/healthz").status_code == 200


def test_the_rate_limit_refills_evenly_and_forgets(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    limit = RateLimit(lambda: now[0])
    assert [limit.wait("a", 60) > 0 for _ in range(61)] == [False] * 60 + [True]
    assert limit.wait("a", 60) == pytest.approx(1.0) and limit.wait("b", 60) == 0
    now[0] = 2.0
    assert [limit.wait("a", 60) > 0 for _ in range(3)] == [False, False, True]
    monkeypatch.setattr(rate, "MOST_CLIENTS", 5)
    for number in range(100):
        limit.wait(str(number), 60)
        assert len(limit._buckets) <= 6 or number < 3


def test_a_server_with_too_much_to_do_says_so(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "MOST_AT_ONCE", 0)
    answer = client.get("/api/models")
    assert (answer.status_code, answer.json()["error"], answer.headers["retry-after"]) == (503, "busy", "1")


def test_a_mistake_of_ours_is_logged_and_told_by_its_number(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(*_: object) -> None:
        raise KeyError("secret detail in /srv/data")

    monkeypatch.setattr(endpoints.registry, "models", fails)
    with caplog.at_level(logging.ERROR):
        answer = client.get("/api/models")
    number = answer.json()["message"].rstrip(".").split()[-1]
    assert (answer.status_code, answer.json()["error"]) == (500, "internal_error")
    assert "secret" not in answer.text and "Traceback" not in answer.text
    assert number in caplog.text and "secret detail" in caplog.text


@pytest.mark.parametrize(
    ("written", "told"),
    [
        (lambda home: f"{home}/runs/a/log.txt may say why.", "…/runs/a/log.txt may say why."),
        (lambda _: f"see {CHECKOUT}/models/x", "see …/models/x"),
        (lambda _: "No space left: '/var/lib/x/y.bin'", "No space left: '…/y.bin'"),
        (lambda _: "https://huggingface.co/a/b and/or 1/2", "https://huggingface.co/a/b and/or 1/2"),
    ],
)
def test_paths_of_the_server_are_left_out(written: Callable[[Path], str], told: str) -> None:
    assert without_paths(written(settings().home_path)) == told
