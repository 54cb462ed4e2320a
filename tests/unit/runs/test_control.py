"""Stop, pause, resume, delete and restore in every state; the launcher is replaced, nobody works."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from filelock import FileLock

from tests.unit.runs.making import checkpoint, make_run, make_spec, queued_run, status
from ulmfit_app.errors import NameTakenError, NotFoundError, RunError
from ulmfit_app.runs import control, launcher
from ulmfit_app.runs.folder import RunFolder, all_runs, deleted_runs, find
from ulmfit_app.runs.models import result_folder
from ulmfit_app.runs.queue import locked, read_queue, write_queue
from ulmfit_app.runs.state import state_of
from ulmfit_app.runs.submit import submit
from ulmfit_app.schema import QueueEntry, RunRequest, RunResult, RunState

R = RunState


@pytest.fixture(autouse=True)
def started(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Ids of the runs whose workers were started; this process plays all workers."""
    ids: list[str] = []

    def start(folder: RunFolder) -> int:
        ids.append(folder.id)
        return os.getpid()

    monkeypatch.setattr(launcher, "start", start)
    return ids


@contextmanager
def _busy() -> Iterator[RunFolder]:
    """Another training takes the slot."""
    other = make_run(name="other")
    other.write_status(status(R.RUNNING))
    with FileLock(other.lock):
        yield other


def _run(said: RunState) -> RunFolder:
    folder = make_run()
    folder.write_status(status(said))
    return folder


def _action(folder: RunFolder) -> str | None:
    request = folder.request()
    return request.action if request else None


@pytest.mark.parametrize("ask", [control.stop, control.pause])
def test_a_running_run_is_asked(ask: object) -> None:
    folder = _run(R.RUNNING)
    with FileLock(folder.lock):
        ask(folder.id)  # type: ignore[operator]
        assert _action(folder) == ask.__name__  # type: ignore[attr-defined]
        assert state_of(folder) is R.RUNNING
    assert read_queue() == ()


def test_a_stop_replaces_a_pause_and_can_be_withdrawn() -> None:
    folder = _run(R.RUNNING)
    with FileLock(folder.lock):
        control.pause(folder.id)
        control.stop(folder.id)
        assert _action(folder) == "stop"
        control.withdraw(folder.id)
        assert _action(folder) is None


def test_stopping_a_run_that_waits_takes_it_out_of_the_queue(started: list[str]) -> None:
    with _busy():
        folder = queued_run()
        control.stop(folder.id)
        assert state_of(folder) is R.STOPPED
        assert read_queue() == ()
    assert started == []


def test_stopping_a_run_whose_worker_is_starting_asks_the_worker() -> None:
    folder = queued_run()
    with locked():
        write_queue([QueueEntry(run=folder.id, pid=os.getpid(), process="x")])
    control.stop(folder.id)
    assert _action(folder) == "stop"


@pytest.mark.parametrize("said", [R.PAUSED, R.RUNNING])
def test_stopping_a_paused_or_interrupted_run_queues_it_with_the_request(said: RunState, started: list[str]) -> None:
    folder = _run(said)
    control.stop(folder.id)
    assert started == [folder.id]
    assert _action(folder) == "stop"


def test_a_failed_run_can_be_stopped_if_it_has_something_to_keep(started: list[str]) -> None:
    folder = _run(R.FAILED)
    with pytest.raises(RunError, match="failed"):
        control.stop(folder.id)
    assert folder.request() is None
    checkpoint(folder, "step-1")
    control.stop(folder.id)
    assert started == [folder.id]


def test_a_stop_keeps_the_checkpoint_that_was_named(started: list[str]) -> None:
    folder = _run(R.PAUSED)
    for name in ("1epoch", "step-9"):
        checkpoint(folder, name)
    with pytest.raises(RunError, match="It has: 1epoch, step-9"):
        control.stop(folder.id, "2epoch")
    assert (folder.request(), started) == (None, [])
    control.stop(folder.id, "1epoch")
    assert folder.request() == RunRequest(action="stop", checkpoint="1epoch")
    assert started == [folder.id]


def test_a_working_run_keeps_its_present_weights(started: list[str]) -> None:
    folder = _run(R.RUNNING)
    checkpoint(folder, "1epoch")
    with FileLock(folder.lock), pytest.raises(RunError, match="Pause it first"):
        control.stop(folder.id, "1epoch")
    assert folder.request() is None


def test_a_resumed_run_that_waits_is_not_lost_by_a_stop(started: list[str]) -> None:
    with _busy():
        folder = _run(R.PAUSED)
        control.resume(folder.id)
        control.stop(folder.id)
        assert state_of(folder) is R.QUEUED  # its worker makes the partial model
        assert _action(folder) == "stop"
    assert started == []


def test_an_interrupted_run_that_never_began_is_simply_stopped(started: list[str]) -> None:
    folder = make_run()
    control.stop(folder.id)
    assert state_of(folder) is R.STOPPED
    assert started == []


@pytest.mark.parametrize("said", [R.DONE, R.STOPPED])
@pytest.mark.parametrize("ask", [control.stop, control.pause, control.resume])
def test_an_ended_run_is_left_alone(ask: object, said: RunState, started: list[str]) -> None:
    folder = _run(said)
    with pytest.raises(RunError, match=said):
        ask(folder.id)  # type: ignore[operator]
    assert (folder.request(), read_queue(), started) == (None, (), [])


@pytest.mark.parametrize("said", [R.PAUSED, R.RUNNING, R.FAILED])
def test_only_a_running_run_can_be_paused(said: RunState) -> None:
    with pytest.raises(RunError, match="not running"):
        control.pause(_run(said).id)
    with pytest.raises(RunError, match="waits in the queue"):
        control.pause(queued_run(name="waiting").id)


@pytest.mark.parametrize("said", [R.PAUSED, R.RUNNING, R.FAILED])
def test_resuming_queues_the_same_folder_and_deletes_the_request(said: RunState, started: list[str]) -> None:
    folder = _run(said)
    folder.write_request(RunRequest(action="pause"))
    with _busy():
        control.resume(folder.id)
        assert state_of(folder) is R.QUEUED
        assert folder.request() is None
        with pytest.raises(RunError, match="going on already"):
            control.resume(folder.id)
        assert [entry.run for entry in read_queue()] == [folder.id]
    assert started == []


def test_a_run_that_never_began_can_be_resumed(started: list[str]) -> None:
    folder = make_run()
    control.resume(folder.id)
    assert started == [folder.id]


def test_a_run_resumes_under_a_free_name_only() -> None:
    folder = _run(R.FAILED)
    result_folder("my-lm").mkdir(parents=True)
    with pytest.raises(NameTakenError, match="already"):
        control.resume(folder.id)
    result_folder("my-lm").rmdir()
    other = submit(make_spec())
    with pytest.raises(NameTakenError, match=other):
        control.resume(folder.id)
    assert [entry.run for entry in read_queue()] == [other]


def test_the_name_is_not_taken_by_the_runs_own_model(started: list[str]) -> None:
    folder = _run(R.RUNNING)
    folder.write_result(RunResult(model="my-lm", seconds=1))
    folder.model.mkdir()
    result_folder("my-lm").mkdir(parents=True)  # the worker was killed right after that
    control.resume(folder.id)
    assert started == [folder.id]


@pytest.mark.parametrize("said", [R.DONE, R.STOPPED, R.FAILED, R.PAUSED, R.RUNNING])
def test_a_deleted_run_is_in_the_trash_until_it_is_restored(said: RunState) -> None:
    folder = _run(said)
    checkpoint(folder, "step-1")
    before = state_of(folder)
    control.delete(folder.id)
    assert all_runs() == []
    assert [run.id for run in deleted_runs()] == [folder.id]
    with pytest.raises(NotFoundError):
        find(folder.id)
    control.restore(folder.id)
    assert state_of(find(folder.id)) is before
    assert folder.checkpoint_names() == ["step-1"]
    assert deleted_runs() == []


def test_a_live_run_is_not_deleted() -> None:
    with _busy() as other, pytest.raises(RunError, match=r"is running\. Stop it first"):
        control.delete(other.id)
    with pytest.raises(RunError, match="queued"):
        control.delete(queued_run().id)
    assert deleted_runs() == []


def test_a_deleted_run_frees_its_name() -> None:
    folder = _run(R.PAUSED)
    control.delete(folder.id)
    assert submit(make_spec())
    control.restore(folder.id)
    with pytest.raises(NameTakenError):
        control.resume(folder.id)


def test_what_is_not_in_the_trash_cannot_be_restored() -> None:
    with pytest.raises(NotFoundError, match="there: nothing"):
        control.restore("../runs")
    folder = _run(R.DONE)
    control.delete(folder.id)
    with pytest.raises(NotFoundError, match=folder.id):
        control.restore("20260101-000000-train-lm-abcd")
