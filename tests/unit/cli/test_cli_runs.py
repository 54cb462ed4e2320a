"""`ulmfit runs`: lists, one run, and everything one can do with it."""

import os
from pathlib import Path

import pytest
from filelock import FileLock

from tests.unit.cli.running import Command
from tests.unit.runs.making import checkpoint, make_run, queued_run, status
from ulmfit_app.runs import launcher
from ulmfit_app.runs.events import EventWriter
from ulmfit_app.schema import ProgressEvent, RunRequest, RunResult, RunState
from ulmfit_app.settings import settings


def test_list_is_newest_first(ulmfit: Command) -> None:
    assert ulmfit("runs", "list", "--json").json() == {"runs": []}
    assert "no runs yet" in ulmfit("runs", "list").err
    runs = sorted((make_run(name=f"lm-{number}").id for number in range(3)), reverse=True)
    assert [row["id"] for row in ulmfit("runs", "list", "--json").json()["runs"]] == runs
    assert [line.split()[0] for line in ulmfit("runs", "list").out.splitlines()[1:]] == runs


def test_show_says_what_a_run_without_a_model_of_its_own_uses(ulmfit: Command) -> None:
    fields = {"name": None, "dataset": None, "recipe": None, "model": "my-clf", "input": "input-texts.csv"}
    run = make_run(kind="predict", **fields)
    run.write_status(status(RunState.DONE))
    run.write_result(RunResult(seconds=3))
    shown = ulmfit("runs", "show", run.id).out
    assert "my-clf on texts.csv" in shown
    assert "None" not in shown


def test_show_has_the_designs_fields(ulmfit: Command) -> None:
    run = make_run()
    run.write_status(status(RunState.DONE))
    run.write_result(RunResult(model="my-lm", metrics={"accuracy": 0.25}, seconds=3, notes=("small",)))
    shown = ulmfit("runs", "show", run.id, "--json").json()
    result = {
        "v": 1,
        "model": "my-lm",
        "partial": False,
        "metrics": {"accuracy": 0.25},
        "report": None,
        "seconds": 3,
        "notes": ["small"],
    }
    assert shown == {
        "id": run.id, "status": "done", "stage": "head", "reason": "", "name": "my-lm", "result": result,
    }  # fmt: skip
    assert "saved" not in ulmfit("runs", "show", run.id).out
    checkpoint(run, "1epoch")  # row 18: named checkpoints are listed
    checkpoint(run, "finetuned")
    words = ulmfit("runs", "show", run.id).out
    assert "saved    1epoch, finetuned" in words
    assert "accuracy 0.25" in words
    assert str(run.path) in words


def test_a_failed_run_says_why(ulmfit: Command) -> None:
    run = make_run()
    run.write_status(status(RunState.FAILED, "The disk is full."))
    assert "The disk is full." in ulmfit("runs", "show", run.id).out
    assert ulmfit("runs", "show", run.id, "--json").json()["result"] is None


@pytest.fixture(autouse=True)
def nobody_works(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers are not started."""
    monkeypatch.setattr(launcher, "start", lambda folder: os.getpid())


def test_stop_pause_and_resume(ulmfit: Command) -> None:
    run = make_run()
    run.write_status(status(RunState.RUNNING))
    with FileLock(run.lock):
        assert ulmfit("runs", "pause", run.id).code == 0
        assert run.request() == RunRequest(action="pause")
        assert ulmfit("runs", "stop", run.id).code == 0
        assert run.request() == RunRequest(action="stop")
        assert "is running" in ulmfit("runs", "resume", run.id).err
    run.write_status(status(RunState.PAUSED))
    assert "is queued" in ulmfit("runs", "resume", run.id).err
    assert run.request() is None
    run.write_status(status(RunState.DONE))
    assert ulmfit("runs", "stop", run.id).code == 0  # it waits again, whatever it said before
    assert ulmfit("runs", "stop", "nothing").code == 1


def test_stop_keeps_a_checkpoint_by_name(ulmfit: Command) -> None:
    run = make_run()
    run.write_status(status(RunState.PAUSED))
    checkpoint(run, "1epoch")
    assert "It has: 1epoch" in ulmfit("runs", "stop", run.id, "--keep", "2epoch").err
    assert ulmfit("runs", "stop", run.id, "--keep", "1epoch").code == 0
    assert run.request() == RunRequest(action="stop", checkpoint="1epoch")


def test_an_ended_run_cannot_be_stopped(ulmfit: Command) -> None:
    run = make_run()
    run.write_status(status(RunState.DONE))
    assert (ulmfit("runs", "stop", run.id).code, run.request()) == (1, None)


def test_waiting_runs_are_shown_with_their_position_and_moved(ulmfit: Command) -> None:
    runs = [queued_run(name=f"lm-{number}") for number in range(3)]
    shown = {line.split()[0]: line for line in ulmfit("runs", "list").out.splitlines()[1:]}
    assert ["queued (1)" in shown[runs[0].id], "queued (3)" in shown[runs[2].id]] == [True, True]
    assert "queued (1)" in ulmfit("runs", "move", runs[2].id, 1).err
    assert "state    queued (2)" in ulmfit("runs", "show", runs[0].id).out
    assert ulmfit("runs", "move", runs[2].id, 0).code == 2
    assert ulmfit("runs", "move", make_run(name="other").id, 1).code == 1


def test_a_deleted_run_says_how_to_get_it_back(ulmfit: Command, home: Path) -> None:
    run = make_run()
    run.write_status(status(RunState.DONE))
    said = ulmfit("runs", "delete", run.id)
    assert (said.code, said.out) == (0, "")
    assert f"`ulmfit runs restore {run.id}`" in said.err
    assert str(home / "trash" / "runs" / run.id) in said.err
    assert ulmfit("runs", "list", "--json").json() == {"runs": []}
    assert ulmfit("runs", "restore", run.id).code == 0
    assert [row["id"] for row in ulmfit("runs", "list", "--json").json()["runs"]] == [run.id]
    assert ulmfit("runs", "restore", run.id).code == 1


def test_show_says_how_far_a_running_run_is(ulmfit: Command) -> None:
    run = make_run()
    run.write_status(status(RunState.RUNNING))
    writer = EventWriter(run.events)
    writer.write(ProgressEvent(phase="train", done=30, total=120, loss=1.5, eta=65))
    writer.close()
    assert "progress" not in ulmfit("runs", "show", run.id).out
    with FileLock(run.lock):
        shown = ulmfit("runs", "show", run.id).out
    assert "progress 30 of 120 minibatches, loss 1.5000, 1 min 05 s left" in shown


def test_a_home_that_cannot_be_written_is_told(
    ulmfit: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("ULMFIT_HOME", str(tmp_path / "file" / "home"))
    settings.cache_clear()
    assert "no runs yet" in ulmfit("runs", "list").err
    refused = ulmfit("train", "lm", "--from", "scratch")
    assert refused.code == 1
    assert "Traceback" not in refused.err
