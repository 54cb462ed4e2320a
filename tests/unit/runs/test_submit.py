"""What `submit` refuses and what it writes; lists of runs. The launcher is replaced."""

import os
import re
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from tests.unit.runs.making import checkpoint, make_run, make_spec, queued_run, status
from ulmfit_app import recipes
from ulmfit_app.errors import AppError, NameTakenError, NotFoundError, RecipeError, RunError
from ulmfit_app.runs import launcher
from ulmfit_app.runs import submit as module
from ulmfit_app.runs import summary as summary_module
from ulmfit_app.runs.folder import RunFolder, all_runs, find, runs_root
from ulmfit_app.runs.models import result_folder
from ulmfit_app.runs.queue import read_queue
from ulmfit_app.runs.submit import submit
from ulmfit_app.runs.summary import summaries, summary
from ulmfit_app.schema import RUN_ID, Kind, RunKind, RunSpec, RunState


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Ids of the runs that would have been launched."""
    ids: list[str] = []

    def start(folder: RunFolder) -> int:
        ids.append(folder.id)
        return os.getpid()

    monkeypatch.setattr(launcher, "start", start)
    return ids


def test_a_submitted_run_has_its_spec_and_is_launched(started: list[str]) -> None:
    run_id = submit(make_spec())
    assert started == [run_id]
    assert re.fullmatch(RUN_ID, run_id)
    assert "-train-lm-" in run_id
    assert find(run_id).spec() == make_spec(created=find(run_id).spec().created)
    assert [path.name for path in runs_root().iterdir()] == [run_id]  # nothing temporary is left


@pytest.mark.parametrize(
    ("spec", "error"),
    [
        (make_spec(kind=RunKind.EVALUATE), RunError),
        (make_spec(name=None), RunError),
        (make_spec(dataset=None), RunError),
        (make_spec(recipe=None), RunError),
        (make_spec(recipe=recipes.get("quick", Kind.CLASSIFIER)), RecipeError),
    ],
)
def test_a_wrong_spec_is_refused_and_leaves_nothing(spec: RunSpec, error: type[AppError], started: list[str]) -> None:
    with pytest.raises(error):
        submit(spec)
    assert started == []
    assert not runs_root().exists()


def test_the_name_of_a_model_is_refused(started: list[str]) -> None:
    result_folder("my-lm").mkdir(parents=True)
    with pytest.raises(NameTakenError, match="already"):
        submit(make_spec())


@pytest.mark.parametrize("said", [None, RunState.RUNNING, RunState.PAUSED])
def test_the_name_of_an_unfinished_run_is_refused(started: list[str], said: RunState | None) -> None:
    unfinished = make_run()
    if said:
        unfinished.write_status(status(said))
    with pytest.raises(NameTakenError, match=unfinished.id):
        submit(make_spec())
    assert started == []


@pytest.mark.parametrize("said", [RunState.DONE, RunState.STOPPED, RunState.FAILED])
def test_the_name_of_an_ended_run_is_free(started: list[str], said: RunState) -> None:
    make_run().write_status(status(said))
    assert submit(make_spec())


def test_a_damaged_run_holds_no_name(started: list[str]) -> None:
    (make_run().path / "spec.json").write_text("{")
    assert submit(make_spec())


def test_of_two_submitters_at_once_one_gets_the_name(started: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    barrier, told = threading.Barrier(2), []
    check = module._check
    monkeypatch.setattr(module, "_check", lambda spec: (check(spec), barrier.wait()))

    def submit_or_tell() -> None:
        try:
            told.append(submit(make_spec()))
        except NameTakenError:
            told.append("taken")

    threads = [threading.Thread(target=submit_or_tell) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == sorted([all_runs()[0].id, "taken"])


def test_a_run_is_queued_before_it_can_be_seen(started: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Seen before it is queued, it would be interrupted for a moment."""
    seen: list[Any] = []
    rename = Path.rename
    monkeypatch.setattr(Path, "rename", lambda path, to: (seen.append(read_queue()), rename(path, to))[1])
    run_id = submit(make_spec())
    assert [entry.run for entry in seen[0]] == [run_id]


def test_ids_differ_whatever_the_clock_says(started: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    class Stuck(datetime):
        @classmethod
        def now(cls, tz: object = None) -> "Stuck":
            return cls(2001, 1, 1, tzinfo=UTC)

    digits = iter(["aaaa"] * 3 + ["bbbb", "bbbb", "cccc"])
    monkeypatch.setattr(module, "datetime", Stuck)
    monkeypatch.setattr(module.secrets, "token_hex", lambda n: next(digits) if n == 2 else os.urandom(n).hex())
    ids = [queued_run(name=f"lm-{number}").id for number in range(3)]
    assert ids == [f"20010101-000000-train-lm-{end}" for end in ("aaaa", "bbbb", "cccc")]


@pytest.mark.parametrize("run_id", ["nothing", "../models", "20260101-000000-train-lm-abcd"])
def test_a_run_that_is_not_there_is_not_found(run_id: str) -> None:
    with pytest.raises(NotFoundError):
        find(run_id)


def test_lists_are_newest_first_and_survive_damaged_folders() -> None:
    folders = [make_run() for _ in range(3)]
    old = RunFolder(folders[0].path.rename(runs_root() / "20200101-000000-train-lm-abcd"))
    (runs_root() / ".new-1234").mkdir()
    (old.path / "status.json").write_text("{")
    ids = [folder.id for folder in all_runs()]
    assert ids == sorted(ids, reverse=True)
    assert ids[-1] == old.id
    assert len(summaries()) == 3
    assert summaries()[-1].state is RunState.FAILED
    assert "status.json" in summaries()[-1].reason


@pytest.mark.parametrize(
    ("fields", "free", "cause"),
    [
        ({"boot": "this one"}, 2**40, "it was killed, or the machine ran out of memory."),
        ({}, 2**40, "it was killed"),
        ({"boot": "another"}, 2**40, "The machine went down or was restarted while it ran."),
        ({"boot": "this one"}, 1000, "probably because the disk is full: free some space first."),
    ],
)
def test_an_interrupted_run_says_why_and_what_is_kept(
    fields: dict[str, str], free: int, cause: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(summary_module, "boot", lambda: "this one")
    monkeypatch.setattr(summary_module.shutil, "disk_usage", lambda _: type("Usage", (), {"free": free}))
    folder = make_run()
    folder.write_status(status(RunState.RUNNING, **fields))
    assert summary(folder).state is RunState.INTERRUPTED
    assert cause in summary(folder).reason
    assert summary(folder).reason.endswith("There was no checkpoint yet. Resume starts it anew.")
    checkpoint(folder, "step-120")
    (folder.checkpoints / ".step-240.17").mkdir()
    assert summary(folder).reason.endswith(
        "Kept: checkpoint step-120. Resume goes on from it, stop makes a partial model of it."
    )


def test_a_run_whose_worker_never_began_says_where_to_look() -> None:
    folder = make_run()
    assert str(folder.log) in summary(folder).reason


def test_a_run_tells_how_long_it_has_worked(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make_run()
    assert summary(folder).seconds is None
    folder.write_status(status(RunState.RUNNING, seconds=60, updated="2001-01-01T00:00:00+00:00"))
    at = datetime(2001, 1, 1, 0, 0, 30, tzinfo=UTC).timestamp()
    monkeypatch.setattr(summary_module.time, "time", lambda: at)
    assert summary(folder).seconds == 60
    with FileLock(folder.lock):
        assert summary(folder).seconds == 90
        monkeypatch.setattr(summary_module.time, "time", lambda: at - 3600)  # the clock was set back
        assert summary(folder).seconds == 60
