"""What the API answers is what pages and commands answer."""

from itertools import chain
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from tests.unit.runs.making import make_run, status
from ulmfit_app import inference, load_model, registry
from ulmfit_app.api.inference import PIECE, pieces
from ulmfit_app.cli.runs import as_dict
from ulmfit_app.defaults import N_WORDS
from ulmfit_app.inference.predictor import Predictor
from ulmfit_app.runs.summary import summary
from ulmfit_app.schema import GenerateRequest, RunResult, RunState, Sampling
from ulmfit_app.settings import settings
from ulmfit_app.ui import cache

TEXTS = ["A good film.", "", "The worst of all movies, boring " * 40, "Ünïcödé 😀\u2028\x00", "not bad at all"]


def test_the_server_says_that_it_answers(client: TestClient) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}


def test_models_that_can_be_used_are_listed(client: TestClient, models: Path) -> None:
    (models / "tiny-lm" / "config.json").write_text("{}")
    (answer,) = client.get("/api/models").json()["models"]
    assert answer == {
        "name": "tiny", "kind": "classifier", "part": "full", "labels": ["neg", "pos"], "shipped": False,
        "metrics": {"accuracy": {"value": 0.5, "how": "made up for a test"}},
    }  # fmt: skip


@pytest.mark.parametrize("limit", [PIECE, 50])
def test_a_prediction_is_that_of_the_package(client: TestClient, limit: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ulmfit_app.api.inference.PIECE", limit)
    predictor = load_model("tiny")
    assert isinstance(predictor, Predictor)
    answer = client.post("/api/predict", json={"model": "tiny", "text": TEXTS}).json()
    assert (answer["model"], len(answer["predictions"])) == ("tiny", len(TEXTS))
    for text, told in zip(TEXTS, answer["predictions"], strict=True):
        alone = predictor.predict(text)
        assert (told["label"], told["index"]) == (alone.label, alone.index)
        assert told["probabilities"] == pytest.approx(alone.probabilities, abs=1e-5)
        one = client.post("/api/predict", json={"model": "tiny", "text": text}).json()["predictions"]
        assert one[0]["probabilities"] == alone.probabilities


@given(st.lists(st.text(max_size=30), min_size=1), st.integers(1, 60))
def test_pieces_hold_all_texts_within_their_bound(texts: list[str], bound: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ulmfit_app.api.inference.PIECE", bound)
        found = list(pieces(texts))
    assert list(chain(*found)) == texts
    assert all(len(piece) == 1 or sum(map(len, piece)) <= bound for piece in found)


def test_generated_texts_are_those_of_the_package(client: TestClient) -> None:
    asked = {"prompt": "I LIKED this Movie", "n_words": 12, "samples": 3, "seed": 7}
    answer = client.post("/api/generate", json={"model": "tiny-lm", **asked}).json()
    samples = load_model("tiny-lm").generate(**asked)
    assert (answer["model"], answer["seed"]) == ("tiny-lm", 7)
    assert answer["samples"] == [{"text": sample.text, "tokens": sample.tokens} for sample in samples]


def test_how_words_are_drawn_is_passed_on(client: TestClient) -> None:
    ways = {"temperature": 0.5, "top_k": 9, "top_p": 0.9, "min_p": 0.01, "repetition_penalty": 1.5, "no_unk": False}
    assert GenerateRequest.model_validate({"model": "a", "prompt": "b", **ways}).sampling == Sampling(**ways)
    asked = GenerateRequest(model="a", prompt="b")
    assert (asked.n_words, asked.samples, asked.sampling) == (N_WORDS, 1, Sampling())
    greedy = {"model": "tiny-lm", "prompt": "I liked", "temperature": 0}
    first, second = (client.post("/api/generate", json=greedy | {"seed": seed}).json() for seed in (1, 2))
    assert first["samples"] == second["samples"]


@pytest.mark.parametrize(
    "ways",
    [
        {"top_p": 1e-300},
        {"top_p": 1e-8, "min_p": 1},
        {"top_k": 10**40},
        {"temperature": 1e-6},
        {"temperature": 1e-300},
        {"repetition_penalty": 0.01, "temperature": 100},
        {"n_words": 0},
        {"n_words": 3.0, "seed": 4294967295.0},
    ],
)
def test_extreme_ways_to_draw_give_a_text(client: TestClient, ways: dict[str, float]) -> None:
    answer = client.post("/api/generate", json={"model": "tiny-lm", "prompt": "I liked", "samples": 2, **ways})
    assert answer.status_code == 200, answer.text
    assert [len(sample["tokens"]) for sample in answer.json()["samples"]] == [ways.get("n_words", N_WORDS)] * 2


def test_pages_and_api_share_one_loaded_model(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[Path] = []
    load = inference.load
    monkeypatch.setattr(inference, "load", lambda folder: loaded.append(folder) or load(folder))
    for _ in range(2):
        assert client.post("/api/predict", json={"model": "tiny", "text": "good"}).status_code == 200
    cache.predictor(registry.entry("tiny"))
    assert [folder.name for folder in loaded] == ["tiny"]


def test_a_run_is_what_the_command_shows(client: TestClient) -> None:
    run = make_run()
    run.write_status(status(RunState.DONE))
    run.write_result(RunResult(model="my-lm", metrics={"accuracy": 0.25}, seconds=3, notes=("small",)))
    assert client.get(f"/api/runs/{run.id}").json() == as_dict(summary(run))


def test_the_folder_of_a_run_is_not_told(client: TestClient) -> None:
    interrupted, damaged = make_run(), make_run()
    (damaged.path / "spec.json").write_text("{")
    for run, state in ((interrupted, "interrupted"), (damaged, "failed")):
        answer = client.get(f"/api/runs/{run.id}")
        assert answer.json()["status"] == state and answer.json()["reason"]
        assert str(settings().home_path) not in answer.text
