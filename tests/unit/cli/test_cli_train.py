"""`ulmfit train` up to the worker: what is resolved, printed, submitted. A stand-in job works in this process."""

import json
import os
from pathlib import Path

import pytest

from tests.fixtures import tiny_lm
from tests.unit.cli.running import Command
from ulmfit_app import recipes
from ulmfit_app.cli.following import line_of, progress_detail, progress_line
from ulmfit_app.engine.outcome import NothingTrained, Paused
from ulmfit_app.errors import TrainingError
from ulmfit_app.runs import launcher, worker
from ulmfit_app.runs.folder import all_runs
from ulmfit_app.schema import (
    EpochEvent,
    Kind,
    MessageEvent,
    ProgressEvent,
    RunKind,
    RunResult,
    RunSpec,
    StageEvent,
)

pytestmark = pytest.mark.usefixtures("no_shipped_models", "toy", "here")


@pytest.fixture
def toy(ulmfit: Command, tmp_path: Path) -> None:
    """A dataset of 100 labelled texts."""
    path = tmp_path / "toy.csv"
    path.write_text("text,label\n" + "".join(f"text number {i} of a file,{'ab'[i % 2]}\n" for i in range(100)))
    assert ulmfit("data", "add", "toy", path, "--text-column", "text", "--label-column", "label").code == 0


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Work on a run in this process, at its submission."""
    jobs: dict[RunKind, worker.Job] = {RunKind.TRAIN_LM: _job, RunKind.TRAIN_CLASSIFIER: _job}
    monkeypatch.setattr(launcher, "start", lambda folder: worker.work(folder, jobs))


@pytest.fixture
def nobody(here: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every run is queued and no worker begins."""
    monkeypatch.setattr(launcher, "start", lambda folder: os.getpid())


def _job(task: worker.Task) -> RunResult:
    tell, spec = task.journal.record, task.spec
    tell(StageEvent(name="head", number=1, of=1))
    tell(ProgressEvent(phase="train", done=1, total=1, loss=0.5))
    if spec.seed == 1:
        raise TrainingError("The loss became nan after 1 steps.", todo="Lower the learning rate.")
    if spec.seed == 2:
        raise NothingTrained
    if spec.seed == 3:
        raise Paused
    tell(EpochEvent(epoch=1, of=1, step=1, train_loss=0.5, valid_loss=0.25, metrics={"accuracy": 1.0}, seconds=2))
    result = RunResult(model=spec.name, metrics={"accuracy": 0.75}, seconds=2, partial=spec.seed == 4)
    task.folder.write_result(result)
    return result


def _spec() -> RunSpec:
    return all_runs()[0].spec()


def test_a_training_is_planned_submitted_followed_and_told(ulmfit: Command) -> None:
    ran = ulmfit("train", "classifier", "--data", "toy", "--from", "scratch", "--recipe", "quick", "--set", "bs=16")
    assert ran.code == 0
    assert ran.out == "Model 'toy-classifier' is ready: accuracy 0.75 (2 s).\n"
    for words in (
        "Training the classifier 'toy-classifier' from scratch",
        "Texts: 80 of toy train, minibatches of 16, seed 42",
        "1. head: 1 epoch of 5 steps; rates: head 0.01",
        "2. all groups: 4 epochs of 5 steps; rates: embedding 5e-05, LSTM 1",
        "Stage 1 of 1: head",
        "head: 1 of 1, loss 0.5000",
        "Epoch 1 of 1: train loss 0.5000, valid loss 0.2500, accuracy 1 (2 s)",
        _spec().created and all_runs()[0].id,
    ):
        assert words in ran.err


def test_the_spec_holds_what_was_asked(ulmfit: Command) -> None:
    options = ("--limit", 50, "--device", "cpu", "--precision", "fp32", "--threads", 1, "--seed", 7, "--name", "mine")
    changes = ("--set", "bs=16", "--set", "stages.1.lr=0.002", "--set", "size=tiny", "--set", "description=true to me")
    assert ulmfit("train", "lm", "--data", "toy", "--from", "scratch", *options, *changes).code == 0
    spec = _spec()
    assert (spec.kind, spec.dataset, spec.name, spec.parent) == (RunKind.TRAIN_LM, "toy", "mine", None)
    assert (spec.limit, spec.device, spec.precision, spec.threads, spec.seed) == (50, "cpu", "fp32", 1, 7)
    assert spec.overrides == {"bs": 16, "stages.1.lr": 0.002, "size": "tiny", "description": "true to me"}
    assert spec.recipe == recipes.override(recipes.get("lm-notebook", Kind.LM), spec.overrides)


def test_the_recipe_is_the_notebooks_by_default(ulmfit: Command) -> None:
    for kind in Kind:
        ulmfit("train", kind, "--data", "toy", "--from", "scratch")
        assert _spec_of(kind).recipe == recipes.get(f"{kind}-notebook", kind)


def _spec_of(kind: Kind) -> RunSpec:
    return next(run.spec() for run in all_runs() if run.spec().kind.trains is kind)


def test_a_recipe_may_be_a_file(ulmfit: Command, tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    recipe = recipes.override(recipes.get("demo", Kind.LM), {"bs": 8})
    path.write_text(recipe.model_dump_json())
    assert ulmfit("train", "lm", "--data", "toy", "--from", "scratch", "--recipe", path).code == 0
    assert _spec().recipe == recipe
    path.write_text(json.dumps({"name": "x"}))
    assert ulmfit("train", "lm", "--data", "toy", "--from", "scratch", "--recipe", path).code == 1


def test_the_parent_is_chosen_and_printed(ulmfit: Command, home: Path, tmp_path: Path) -> None:
    missing = ulmfit("train", "lm", "--data", "toy")
    assert missing.code == 1
    assert "'general-lm'" in missing.err
    tiny_lm(home / "models" / "general-lm")
    assert "from general-lm: the general language model" in ulmfit("train", "lm", "--data", "toy").err
    assert _spec().parent == "general-lm"
    ulmfit("train", "lm", "--data", "toy", "--from", tiny_lm(tmp_path / "elsewhere"), "--name", "other")
    assert next(run.spec().parent for run in all_runs() if run.spec().name == "other") == str(tmp_path / "elsewhere")
    assert ulmfit("train", "lm", "--data", "toy", "--from", "nothing").code == 1


def test_a_free_name_is_found_and_a_taken_one_refused(ulmfit: Command, home: Path) -> None:
    tiny_lm(home / "models" / "toy-lm")
    assert ulmfit("train", "lm", "--data", "toy", "--from", "scratch", "--json").json()["name"] == "toy-lm-2"
    assert ulmfit("train", "lm", "--data", "toy", "--from", "scratch", "--name", "toy-lm").code == 1
    assert ulmfit("train", "lm", "--data", "toy", "--from", "scratch", "--name", "No Name").code == 1
    assert len(all_runs()) == 1


def test_json_is_one_object_whatever_the_end(ulmfit: Command) -> None:
    options = ("train", "lm", "--data", "toy", "--from", "scratch", "--json")
    done = ulmfit(*options)
    assert (done.code, done.json()["status"], done.json()["result"]["metrics"]) == (0, "done", {"accuracy": 0.75})
    failed = ulmfit(*options, "--seed", 1)
    assert (failed.code, failed.json()["status"], failed.json()["result"]) == (1, "failed", None)
    assert "The loss became nan after 1 steps. Lower the learning rate." in failed.err
    stopped = ulmfit(*options, "--seed", 2)
    assert (stopped.code, stopped.json()["status"]) == (3, "stopped")
    assert "No model was made" in stopped.err
    paused = ulmfit(*options, "--seed", 3)
    assert (paused.code, paused.json()["status"]) == (3, "paused")
    partial = ulmfit(*options, "--seed", 4)
    assert (partial.code, partial.json()["status"], partial.json()["result"]["partial"]) == (3, "stopped", True)
    assert f"The model '{partial.json()['name']}' is kept, marked partial." in partial.err


@pytest.mark.usefixtures("nobody")
def test_a_detached_run_is_queued_with_its_place(ulmfit: Command) -> None:
    options = ("train", "lm", "--data", "toy", "--from", "scratch", "--detach")
    starting, waiting = ulmfit(*options), ulmfit(*options)
    assert (starting.code, waiting.code) == (0, 0)
    assert {starting.out, waiting.out} == {f"{run.id}\n" for run in all_runs()}
    assert "The run is queued;" in starting.err
    assert "The run is queued (1);" in waiting.err
    assert ulmfit(*options, "--json").json()["status"] == "queued"
    assert {run.spec().name for run in all_runs()} == {"toy-lm", "toy-lm-2", "toy-lm-3"}


def test_the_spec_knows_the_content_of_the_dataset(ulmfit: Command) -> None:
    ulmfit("train", "lm", "--data", "toy", "--from", "scratch")
    assert _spec().dataset_hash == ulmfit("data", "show", "toy", "--json").json()["content_hash"]


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (("--set", "bs"), 2),
        (("--set", "bs=0"), 1),
        (("--set", "colour=red"), 1),
        (("--recipe", "quick"), 1),
        (("--recipe", "gone.json"), 1),
        (("--data", "gone"), 1),
        (("--limit", "1"), 2),
    ],
)
def test_what_cannot_be_trained_is_refused_before_a_run_exists(
    ulmfit: Command, options: tuple[str, ...], code: int
) -> None:
    ran = ulmfit("train", "lm", "--data", "toy", "--from", "scratch", *options)
    assert (ran.code, ran.out) == (code, "")
    assert "Traceback" not in ran.err
    assert all_runs() == []


def test_the_time_left_is_readable() -> None:
    event = ProgressEvent(phase="train", done=1, total=9, rate=1234.5, rate_unit="tokens/s", eta=3725)
    assert progress_detail(event) == "1,234 tokens/s, 1 h 02 min left"
    assert progress_line(event) == "1 of 9 minibatches, 1,234 tokens/s, 1 h 02 min left"
    assert line_of(StageEvent(name="head", number=2, of=3, resumed_at=1234)) == (
        "Stage 2 of 3: head, resumed at step 1,234"
    )
    assert line_of(MessageEvent(text="Few texts.", level="warning")) == "Warning: Few texts."
