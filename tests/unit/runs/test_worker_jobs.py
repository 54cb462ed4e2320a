"""Evaluation and bulk prediction as the worker does them, in this process, with tiny models."""

import csv
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.fixtures import tiny_classifier, tiny_lm
from tests.unit.runs.making import make_run
from ulmfit_app import inference, modelfolder
from ulmfit_app.data import sources
from ulmfit_app.inference.evaluate import evaluate_classifier, evaluate_lm
from ulmfit_app.inference.generator import Generator
from ulmfit_app.inference.predictor import Predictor
from ulmfit_app.runs import worker, worker_evaluate, worker_predict
from ulmfit_app.runs.events import read_events
from ulmfit_app.runs.folder import RunFolder
from ulmfit_app.runs.models import result_folder
from ulmfit_app.runs.state import state_of
from ulmfit_app.runs.summary import summary
from ulmfit_app.runs.wishes import Wishes
from ulmfit_app.schema import (
    ClassifierReport,
    LmReport,
    PredictionReport,
    ProgressEvent,
    RunKind,
    RunRequest,
    RunResult,
    RunState,
    Split,
)

ROWS = [
    ("a great film, and funny", "pos"),
    ("the worst movie ever", "neg"),
    ("", "neg"),
    ("no label here", ""),
    ("it was fine", "so-so"),
    ('"quoted",\nwith a new line', "pos"),
]


@pytest.fixture
def classifier() -> Predictor:
    result_folder("x").parent.mkdir(parents=True, exist_ok=True)
    loaded = inference.load(tiny_classifier(result_folder("my-classifier")))
    assert isinstance(loaded, Predictor)
    return loaded


@pytest.fixture
def lm() -> Generator:
    result_folder("x").parent.mkdir(parents=True, exist_ok=True)
    loaded = inference.load(tiny_lm(result_folder("my-lm")))
    assert isinstance(loaded, Generator)
    return loaded


def on_file(kind: RunKind, model: str, rows: Sequence[Sequence[str]] = ROWS, **fields: object) -> RunFolder:
    """A run on a file with the columns `text` and `label`."""
    spec = {"name": None, "dataset": None, "recipe": None, "input": "input-texts.csv", "text_columns": ("text",)}
    folder = make_run(kind=kind, model=model, **spec | fields)
    with (folder.path / "input-texts.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("text", "label"), *rows])
    return folder


def worked(folder: RunFolder) -> RunResult:
    """The result of the run after its worker."""
    worker.work(folder, worker.JOBS)
    result = folder.result()
    assert result is not None, summary(folder).reason
    return result


def table(folder: RunFolder) -> list[dict[str, str]]:
    with folder.table.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def wishing(monkeypatch: pytest.MonkeyPatch, wish: str, call: int) -> None:
    """From the `call`-th look on, the user wishes it."""
    calls = iter(range(1, 10**6))
    monkeypatch.setattr(Wishes, "__call__", lambda self: wish if next(calls) >= call else "go")


def test_an_evaluation_measures_what_it_can_and_says_what_it_left_out(classifier: Predictor) -> None:
    folder = on_file(RunKind.EVALUATE, "my-classifier", label_column="label")
    result = worked(folder)
    assert state_of(folder) is RunState.DONE
    kept = [ROWS[0], ROWS[1], ROWS[5]]
    expected = evaluate_classifier(classifier, [text for text, _ in kept], [label for _, label in kept])
    assert isinstance(result.report, ClassifierReport)
    assert result.report.confusion == expected.confusion
    assert result.report.loss == pytest.approx(expected.loss, abs=1e-5)
    assert result.metrics == pytest.approx({"accuracy": expected.accuracy, "f1": expected.f1})
    told = " ".join(result.notes)
    for words in ("1 of 6 texts were left out: they have no label", "their text is empty", "(so-so)"):
        assert words in told
    rows = table(folder)
    assert [row["row"] for row in rows] == ["2", "3", "7"]  # the header is row 1
    assert rows[2]["text"] == ROWS[5][0]
    for row in rows:
        said = classifier.predict(row["text"])
        assert row["prediction"] == said.label
        assert float(row["p_pos"]) == pytest.approx(said.probabilities["pos"], abs=1e-5)
        assert row["probability_of_label"] == row[f"p_{row['label']}"]


def test_an_evaluation_of_a_split_reads_that_split(classifier: Predictor, tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    with file.open("w", newline="") as out:
        rows = [(f"film number {n}", "pos" if n % 2 else "neg", n % 3 == 0) for n in range(60)]
        csv.writer(out).writerows([("text", "label", "is_valid"), *rows])
    sources.add("mine", [file])
    spec = {"name": None, "recipe": None, "kind": RunKind.EVALUATE, "model": "my-classifier"}
    folder = make_run(dataset="mine", split=Split.VALID, **spec)
    worked(folder)
    assert {row["text"] for row in table(folder)} == {text for text, _, valid in rows if valid}
    limited = make_run(dataset="mine", split=Split.VALID, limit=4, **spec)
    assert "4 of 20 texts" in worked(limited).notes[0]
    assert len(table(limited)) == 4
    nothing = make_run(dataset="mine", split=Split.UNLABELLED, **spec)
    worker.work(nothing, worker.JOBS)
    assert "no texts in its split 'unlabelled'" in summary(nothing).reason


def test_a_file_whose_labels_the_model_does_not_know_fails_with_both_lists(classifier: Predictor) -> None:
    folder = on_file(RunKind.EVALUATE, "my-classifier", [("a film", "good"), ("a movie", "bad")])
    worker.work(folder, worker.JOBS)
    assert state_of(folder) is RunState.FAILED
    reason = summary(folder).reason
    assert "good" in reason and "The model knows the labels neg, pos" in reason
    assert not folder.table.exists()


def test_a_language_model_is_measured_without_labels(lm: Generator) -> None:
    folder = on_file(RunKind.EVALUATE, "my-lm")
    result = worked(folder)
    assert result.report == evaluate_lm(lm, [text for text, _ in ROWS])
    assert isinstance(result.report, LmReport)
    assert not folder.table.exists()


def test_a_stopped_evaluation_keeps_what_it_measured(
    classifier: Predictor, lm: Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_evaluate, "PART", 2)
    rows = [("a great film", "pos")] * 6
    with monkeypatch.context() as wishes:
        wishing(wishes, "stop", 3)
        folder = on_file(RunKind.EVALUATE, "my-classifier", rows)
        result = worked(folder)
    assert state_of(folder) is RunState.STOPPED
    assert isinstance(result.report, ClassifierReport)
    assert (result.report.n, result.partial, len(table(folder))) == (4, True, 4)
    assert "first 4 of 6 texts" in result.notes[0]
    wishing(monkeypatch, "stop", 4)
    folder = on_file(RunKind.EVALUATE, "my-lm", rows)
    result = worked(folder)
    assert result.report == evaluate_lm(lm, ["a great film"] * 3)
    assert result.partial


@pytest.mark.parametrize("kind", [RunKind.EVALUATE, RunKind.PREDICT])
@pytest.mark.parametrize(("wish", "state"), [("stop", RunState.STOPPED), ("pause", RunState.PAUSED)])
def test_a_wish_before_the_first_text_leaves_nothing(
    wish: str, state: RunState, kind: RunKind, classifier: Predictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = on_file(kind, "my-classifier")
    with monkeypatch.context() as wishes:
        wishing(wishes, wish, 1)
        worker.work(folder, worker.JOBS)
    assert state_of(folder) is state
    assert folder.result() is None
    assert "computed" in summary(folder).reason or "no result" in summary(folder).reason
    assert not list(folder.path.glob("*table*"))
    if state is RunState.PAUSED:  # resumed, it is done anew
        assert worked(folder).report is not None


def test_a_prediction_has_a_row_for_every_row_of_the_input(classifier: Predictor) -> None:
    folder = on_file(RunKind.PREDICT, "my-classifier")
    result = worked(folder)
    assert isinstance(result.report, PredictionReport)
    assert (result.report.n, result.report.empty, sum(result.report.counts.values())) == (6, 1, 5)
    rows = table(folder)
    assert list(rows[0]) == ["text", "label", "prediction", "probability", "p_neg", "p_pos"]
    assert [(row["text"], row["label"]) for row in rows] == ROWS
    for row in rows:
        said = classifier.predict(row["text"])
        assert row["prediction"] == (said.label if row["text"] else "")
        if row["text"]:
            assert float(row["probability"]) == pytest.approx(max(said.probabilities.values()), abs=1e-5)
    events, _ = read_events(folder.events)
    last = [event for event in events if isinstance(event, ProgressEvent)][-1]
    assert (last.phase, last.unit) == ("predict", "documents")


def test_columns_of_the_input_are_not_overwritten(classifier: Predictor) -> None:
    folder = on_file(RunKind.PREDICT, "my-classifier")
    (folder.path / "input-texts.csv").write_text("text,prediction,p_pos\na film,mine,7\nanother one,mine,8\n")
    worked(folder)
    assert list(table(folder)[0]) == ["text", "prediction", "p_pos", "prediction_", "probability", "p_neg", "p_pos_"]
    assert table(folder)[0]["prediction"] == "mine"


def test_a_stopped_prediction_keeps_its_rows(classifier: Predictor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_predict, "PART", 2)
    wishing(monkeypatch, "stop", 3)
    folder = on_file(RunKind.PREDICT, "my-classifier")
    result = worked(folder)
    assert result.partial
    assert [row["text"] for row in table(folder)] == [text for text, _ in ROWS[:4]]
    assert state_of(folder) is RunState.STOPPED


def test_a_model_of_the_wrong_kind_is_told(lm: Generator, classifier: Predictor) -> None:
    modelfolder.to_encoder(result_folder("my-classifier"), result_folder("my-encoder"))
    for kind, model, words in (
        (RunKind.PREDICT, "my-lm", "'my-lm' is not a classifier"),
        (RunKind.EVALUATE, "my-encoder", "is an encoder"),
        (RunKind.EVALUATE, "gone", "'gone' is not there"),
    ):
        folder = on_file(kind, model)
        worker.work(folder, worker.JOBS)
        assert words in summary(folder).reason


def test_a_run_with_a_result_is_not_computed_again(classifier: Predictor) -> None:
    folder = on_file(RunKind.PREDICT, "my-classifier")
    result = worked(folder)
    status = folder.status()
    assert status is not None
    folder.write_status(status.model_copy(update={"state": RunState.RUNNING}))  # killed before its last words
    folder.table.unlink()
    folder.write_request(RunRequest(action="stop"))
    assert worked(folder) == result
    assert not folder.table.exists()
