"""The Runs page: empty, runs in every state, one run opened, bad links, deleting with undo, two sessions."""

import json
import os
from dataclasses import asdict
from pathlib import Path

import pytest
from filelock import FileLock
from streamlit.testing.v1 import AppTest

from tests.unit.runs.making import checkpoint, make_run, queued_run, status
from ulmfit_app import recipes
from ulmfit_app.runs import launcher
from ulmfit_app.runs.folder import RunFolder
from ulmfit_app.schema import (
    EpochEvent,
    Event,
    Kind,
    MessageEvent,
    PredictionReport,
    ProgressEvent,
    RunRequest,
    RunResult,
    RunState,
    StageEvent,
)
from ulmfit_app.settings import CHECKOUT

PAGE = CHECKOUT / "pages" / "runs.py"
EVENTS: tuple[Event, ...] = (
    StageEvent(name="head", number=2, of=5),
    ProgressEvent(phase="train", done=3, total=6, rate=12.0, loss=0.61, lr=0.01, step=3, eta=9.0, memory_mb=300.0),
    EpochEvent(epoch=1, of=5, step=6, train_loss=0.6, valid_loss=0.55, metrics={"accuracy": 0.71}, seconds=4.0),
    MessageEvent(text="20 training texts."),
)


def opened(**query: str) -> AppTest:
    """A new session on the page, run once."""
    app = AppTest.from_file(PAGE, default_timeout=60)
    for key, value in query.items():
        app.query_params[key] = value
    return app.run()


def drawn(app: AppTest) -> str:
    """All HTML on the page."""
    return "\n".join(element.body for element in app.html)


def ended(name: str, state: RunState, reason: str = "") -> RunFolder:
    """A run that ended in `state`, with a few events."""
    folder = make_run(name=name)
    folder.write_status(status(state, reason))
    lines = "".join(json.dumps(asdict(event)) + "\n" for event in EVENTS)
    folder.events.write_text(lines)
    if state is RunState.DONE:
        folder.write_result(RunResult(model=name, metrics={"perplexity": 50.0}, seconds=12.0))
    return folder


def test_without_runs_it_says_how_to_start_one() -> None:
    app = opened()
    assert not app.exception
    assert "There is no run yet" in app.info[0].value
    assert "ulmfit train lm" in app.code[0].value


def test_runs_in_every_state_are_listed() -> None:
    for state in (RunState.PAUSED, RunState.DONE, RunState.FAILED, RunState.STOPPED):
        ended(f"lm-{state}", state, "Because.")
    ended("lm-interrupted", RunState.RUNNING)
    queued_run(name="lm-queued")
    app = opened()
    assert not app.exception
    page = drawn(app)
    for state in ("paused", "done", "failed", "stopped", "interrupted", "queued (1)"):
        assert f">{state}</span>" in page
    assert "6 runs: 1 queued, 1 paused, 1 done, 1 failed, 1 stopped, 1 interrupted" in page
    assert "perplexity 50" in page


def test_a_filter_in_the_link_is_obeyed() -> None:
    ended("lm-done", RunState.DONE)
    ended("lm-failed", RunState.FAILED, "Because.")
    app = opened(state="failed")
    assert not app.exception
    assert "1 of 2 runs" in drawn(app)


def test_one_run_opens_by_its_link() -> None:
    folder = ended("my-lm", RunState.FAILED, "The training ran out of memory.")
    app = opened(run=folder.id)
    assert not app.exception
    text = drawn(app) + " ".join(element.value for element in (*app.markdown, *app.error, *app.header, *app.warning))
    assert "my-lm" in text
    assert "The training ran out of memory." in text
    assert "20 training texts." in text


def test_a_paused_run_is_stopped_with_a_checkpoint_of_ones_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launcher, "start", lambda folder: os.getpid())
    folder = ended("my-lm", RunState.PAUSED)
    for name in ("1epoch", "step-60"):
        checkpoint(folder, name)
    app = opened(run=folder.id)
    choice = app.selectbox(key=f"keep-{folder.id}")
    assert (choice.value, choice.options) == ("step-60", ["step-60", "1epoch"])
    choice.set_value("1epoch")
    app.button(key=f"stop-{folder.id}").click().run()
    assert not app.exception
    assert folder.request() == RunRequest(action="stop", checkpoint="1epoch")


def test_rows_1_and_33_a_download_moves_a_bar() -> None:
    folder = make_run(name="my-lm", dataset="imdb-full")
    events = (
        StageEvent(name="tokenise", number=1, of=3),
        ProgressEvent(phase="download", done=58, total=145, unit="MB"),
    )
    folder.events.write_text("".join(json.dumps(asdict(event)) + "\n" for event in events))
    folder.write_status(status(RunState.RUNNING))
    with FileLock(folder.lock):
        app = opened(run=folder.id)
    assert not app.exception
    (bar,) = app.get("progress")
    assert (bar.proto.value, bar.proto.text) == (40, "Stage 1 of 3, tokenise: downloading, 58 of 145 MB")


def test_row_18_checkpoints_that_have_a_name_are_listed() -> None:
    folder = ended("my-lm", RunState.PAUSED)
    named = [stage.checkpoint for stage in recipes.get("lm-notebook", Kind.LM).stages]
    assert named == ["1epoch", "finetuned"]
    notebooks = make_run(name="notebooks", recipe=recipes.get("lm-notebook", Kind.LM))
    notebooks.write_status(status(RunState.PAUSED))
    for name in ("1epoch", "step-00000007"):
        checkpoint(notebooks, name)
    page = drawn(opened(run=notebooks.id))
    assert page.count("saved as <code>") == 1 and "saved as <code>1epoch</code>" in page
    assert "saved as" not in drawn(opened(run=folder.id))


def test_a_run_that_is_not_there_is_told() -> None:
    for bad in ("nonsense", "../../etc", "20260101-000000-train-lm-abcd"):
        app = opened(run=bad)
        assert not app.exception
        assert any("no run" in message.value for message in (*app.error, *app.warning, *app.info))


def test_a_damaged_run_does_not_hide_the_others(home: Path) -> None:
    ended("lm-done", RunState.DONE)
    broken = ended("lm-broken", RunState.DONE)
    (broken.path / "status.json").write_text("{")
    (broken.path / "spec.json").write_text("{")
    app = opened()
    assert not app.exception
    assert "2 runs" in drawn(app)
    assert not opened(run=broken.id).exception


def test_a_run_that_makes_no_model_is_listed_by_its_model_and_shows_its_numbers() -> None:
    folder = make_run(kind="predict", name=None, dataset=None, recipe=None, model="my-clf", input="input-texts.csv")
    folder.write_status(status(RunState.DONE))
    report = PredictionReport(n=3, counts={"neg": 1, "pos": 1}, empty=1)
    folder.write_result(RunResult(report=report, seconds=2.0))
    app = opened()
    assert not app.exception
    assert app.button(key=f"open-{folder.id}").label == "my-clf"
    assert "Bulk prediction on texts.csv" in drawn(app)
    app = opened(run=folder.id)
    assert not app.exception
    assert "3 rows predicted: neg 1, pos 1 (2 s)" in app.success[0].value


def test_delete_moves_to_the_trash_and_undo_brings_back() -> None:
    folder = ended("lm-done", RunState.DONE)
    app = opened()
    app.button(key=f"delete-{folder.id}").click().run()
    assert not folder.path.exists()
    app.button(key="undo").click().run()
    assert not app.exception
    assert folder.path.is_dir()


def test_two_sessions_open_different_runs() -> None:
    one, other = ended("lm-one", RunState.DONE), ended("lm-other", RunState.DONE)
    mine, yours = opened(run=one.id), opened(run=other.id)
    assert mine.header[0].value == "lm-one"
    assert yours.header[0].value == "lm-other"
