"""The worker in this process, with jobs of our own in place of the engine."""

import errno
import json
from contextlib import nullcontext
from pathlib import Path

import pytest
from filelock import FileLock

from tests.unit.runs.making import checkpoint, make_run, queued_run, status
from tests.visitors import ALICE
from ulmfit_app import access, limits
from ulmfit_app.engine.outcome import NothingTrained, Paused
from ulmfit_app.errors import DataError, ParentError
from ulmfit_app.runs import worker
from ulmfit_app.runs.events import EventWriter, read_events
from ulmfit_app.runs.folder import RunFolder
from ulmfit_app.runs.models import parent_folder, result_folder
from ulmfit_app.runs.queue import read_queue, remove
from ulmfit_app.runs.serving import is_served, serving_lock
from ulmfit_app.runs.state import state_of
from ulmfit_app.runs.summary import summary
from ulmfit_app.runs.worker import Task
from ulmfit_app.schema import CheckpointEvent, ProgressEvent, RunKind, RunResult, RunState, RunStatus, StageEvent
from ulmfit_app.settings import settings

RESULT = RunResult(model="my-lm", metrics={"accuracy": 0.5}, seconds=1.5, notes=("small",))


def _succeed(task: Task) -> RunResult:
    task.journal.record(StageEvent(name="head", number=1, of=1))
    task.journal.record(ProgressEvent(phase="train", done=1, total=1))
    checkpoint(task.folder, "1epoch")
    task.journal.record(CheckpointEvent(name="1epoch", step=1))
    task.folder.write_result(RESULT)
    return RESULT


def _work(folder: RunFolder, job: worker.Job) -> int:
    return worker.work(folder, {RunKind.TRAIN_LM: job})


def _end_with(error: BaseException, *, checkpointed: bool = True) -> RunFolder:
    """A run whose job raises `error` after its first checkpoint, or before."""

    def job(task: Task) -> RunResult:
        task.journal.record(StageEvent(name="head", number=1, of=1))
        if checkpointed:
            checkpoint(task.folder, "1epoch")
        raise error

    folder = make_run()
    _work(folder, job)
    return folder


def test_a_job_that_ends_leaves_result_status_and_events() -> None:
    folder = make_run()
    assert _work(folder, _succeed) == 0
    assert state_of(folder) is RunState.DONE
    assert folder.result() == RESULT
    assert [event.type for event in read_events(folder.events)[0]] == ["stage", "progress", "checkpoint"]
    said = folder.status()
    assert said is not None
    assert (said.stage, said.reason) == ("head", "")
    left = {"spec.json", "status.json", "events.jsonl", "result.json", "checkpoints", "lock"}
    assert {path.name for path in folder.path.iterdir()} == left


def test_the_status_says_running_and_the_stage_while_it_works() -> None:
    seen = []

    def job(task: Task) -> RunResult:
        seen.append((state_of(task.folder), task.folder.status().stage))  # type: ignore[union-attr]
        task.journal.record(StageEvent(name="tokenise", number=1, of=2))
        seen.append((state_of(task.folder), task.folder.status().stage))  # type: ignore[union-attr]
        return RESULT

    _work(make_run(), job)
    assert seen == [(RunState.RUNNING, "load"), (RunState.RUNNING, "tokenise")]


def test_a_worker_leaves_the_queue_once_its_lock_and_status_tell_its_state(monkeypatch: pytest.MonkeyPatch) -> None:
    folder, other = queued_run(), queued_run(name="other")
    seen = []
    monkeypatch.setattr(worker, "remove", lambda run_id: (seen.append(state_of(folder)), remove(run_id)))
    _work(folder, _succeed)
    assert seen == [RunState.RUNNING]
    assert [entry.run for entry in read_queue()] == [other.id]


def test_a_told_error_is_the_reason_and_nothing_else() -> None:
    folder = _end_with(DataError("The file is broken.", todo="Repair it."), checkpointed=False)
    assert state_of(folder) is RunState.FAILED
    assert summary(folder).reason == "The file is broken. Repair it."
    assert folder.result() is None


def test_a_told_error_says_what_a_resumption_finds() -> None:
    reason = summary(_end_with(DataError("The file is broken."))).reason
    assert (
        reason == "The file is broken. The run's folder keeps the checkpoints 1epoch: resume goes on from the last one."
    )


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (MemoryError(), "ran out of memory. Use a smaller bs"),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"), "ran out of memory"),
        (type("OutOfMemoryError", (RuntimeError,), {})("CUDA"), "ran out of memory"),
        (OSError(errno.ENOSPC, "No space left on device"), "The disk is full"),
        (PermissionError(errno.EACCES, "Permission denied", "x.json"), "x.json may not be written or read (Permission"),
        (OSError(errno.EROFS, "Read-only file system", "x"), "x may not be written or read (Read-only file system)."),
        (OSError(errno.EIO, "Input/output error", "x.json"), "Input/output error (x.json)"),
        (ZeroDivisionError("division by zero"), "an error of this program, not of yours: ZeroDivisionError"),
        (SystemExit(1), "SystemExit"),
    ],
)
def test_other_errors_become_plain_words_and_say_what_is_kept(
    error: BaseException, words: str, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = _end_with(error)
    reason = summary(folder).reason
    assert state_of(folder) is RunState.FAILED
    assert words in reason
    assert reason.endswith("The run's folder keeps the checkpoints 1epoch: resume goes on from the last one.")
    assert "Traceback" not in reason
    assert "Traceback" in capfd.readouterr().err  # which is log.txt in a worker process


def test_a_paused_run_says_how_to_go_on() -> None:
    folder = _end_with(Paused())
    assert state_of(folder) is RunState.PAUSED
    assert summary(folder).reason.startswith("Paused on request. The run's folder keeps the checkpoints 1epoch")


def test_a_run_stopped_before_it_learned_anything_says_so() -> None:
    folder = _end_with(NothingTrained(), checkpointed=False)
    assert state_of(folder) is RunState.STOPPED
    assert "No model was made" in summary(folder).reason


def test_a_partial_model_is_a_stopped_run() -> None:
    folder = make_run()
    assert _work(folder, lambda task: RESULT.model_copy(update={"partial": True})) == 3
    assert state_of(folder) is RunState.STOPPED
    assert summary(folder).reason == "Stopped on request. The model 'my-lm' is kept, marked partial."


def test_a_visitors_run_ends_at_the_limit_of_the_server_and_keeps_its_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "seconds", lambda kind: 0.0)
    with access.acting_for(ALICE):
        folder = make_run()
        told = []

        def job(task: Task) -> RunResult:
            told.append(task.wishes())
            return RESULT.model_copy(update={"partial": True})

        assert _work(folder, job) == 3
        assert told == ["stop"]
        assert "min, the limit here. The model 'my-lm' is kept" in summary(folder).reason


@pytest.mark.parametrize(
    "error",
    [
        ValueError("secret detail of /srv/studio/engine.py"),
        PermissionError(errno.EACCES, "Permission denied", "/srv/studio/home/runs/x"),
        OSError(errno.EIO, "Input/output error", "/srv/studio/home/models/y"),
        DataError("The file /srv/studio/home/a.csv is damaged."),
    ],
)
def test_a_visitor_is_told_no_path_and_no_detail(error: Exception) -> None:
    for owner, hidden in ((ALICE, True), (access.LOCAL, False)):
        with access.acting_for(owner):
            folder = _end_with(error)
            reason = summary(folder).reason
            assert ("/srv/studio" in reason) is not hidden
            assert reason
            if hidden:
                assert "secret detail" not in reason


def test_a_visitor_is_not_told_where_the_log_lies(home: Path) -> None:
    with access.acting_for(ALICE):
        assert str(home) not in summary(make_run()).reason
    assert str(home) in summary(make_run()).reason


def test_an_interrupt_is_no_failure() -> None:
    folder = make_run()
    with pytest.raises(KeyboardInterrupt):
        _work(folder, lambda task: _raise(KeyboardInterrupt()))
    assert state_of(folder) is RunState.INTERRUPTED


def _raise(error: BaseException) -> RunResult:
    raise error


@pytest.mark.parametrize("said", [RunState.PAUSED, RunState.FAILED, RunState.RUNNING])
def test_a_resumed_run_goes_on_with_time_and_threads_of_before(said: RunState, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make_run()
    before = status(said, started="2001-01-01T00:00:00+00:00", seconds=600, threads=7)
    folder.write_status(before)
    folder.events.write_bytes(b'{"type": "message", "text": "before"}\n{"type": "mess')
    tasks = []
    _work(folder, lambda task: (tasks.append(task), _succeed(task))[1])
    assert [(task.resumed, task.threads) for task in tasks] == [(True, 7)]
    said_last = folder.status()
    assert said_last is not None
    assert (said_last.started, said_last.threads) == (before.started, 7)
    assert 600 < said_last.seconds < 660
    assert [event.type for event in read_events(folder.events)[0]] == ["message", "stage", "progress", "checkpoint"]


@pytest.mark.parametrize(
    ("spec", "setting", "served", "expected"),
    [(3, "2", True, 3), (None, "2", True, 2), (None, "", False, 8), (None, "", True, 7)],
)
def test_a_core_is_left_to_the_server(
    spec: int | None, setting: str, served: bool, expected: int, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ulmfit_app.data.token_workers.usable_cores", lambda: 8)
    if setting:
        monkeypatch.setenv("ULMFIT_THREADS", setting)
        settings.cache_clear()
    tasks = []
    folder = make_run(threads=spec)
    with serving_lock() if served else nullcontext():
        assert is_served() is served
        _work(folder, lambda task: (tasks.append(task), RESULT)[1])
    assert tasks[0].threads == expected
    assert folder.status().threads == expected  # type: ignore[union-attr]


def test_a_single_core_is_not_given_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ulmfit_app.data.token_workers.usable_cores", lambda: 1)
    folder = make_run()
    with serving_lock():
        _work(folder, _succeed)
    assert folder.status().threads == 1  # type: ignore[union-attr]


def test_a_full_disk_has_room_for_the_last_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the log nor an event can be written any more; the status can, once the reserve is given back."""
    folder = make_run()
    reserve = folder.path / ".reserve"
    written = RunFolder.write_status

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    def write_if_there_is_room(folder: RunFolder, said: RunStatus) -> None:
        written(folder, said) if not full_now or not reserve.exists() else full()

    def job(task: Task) -> RunResult:
        full_now.append(True)
        assert reserve.stat().st_blocks * 512 >= 2**16
        monkeypatch.setattr(worker.traceback, "print_exc", full)
        monkeypatch.setattr(EventWriter, "_append", full)
        task.journal.record(StageEvent(name="head", number=1, of=1))
        return RESULT

    full_now: list[bool] = []
    monkeypatch.setattr(RunFolder, "write_status", write_if_there_is_room)
    assert _work(folder, job) == 1
    assert summary(folder).reason.startswith("The disk is full. Free some space, then resume.")


def test_a_second_worker_leaves_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "LOCK_PATIENCE", 0.05)
    folder = make_run()
    with FileLock(folder.lock):
        assert _work(folder, _succeed) == 1
    assert folder.status() is None
    assert not folder.events.exists()


@pytest.mark.parametrize("ended", [RunState.DONE, RunState.STOPPED])
def test_an_ended_run_is_not_done_again(ended: RunState) -> None:
    folder = queued_run()
    folder.write_status(status(ended))
    assert _work(folder, _succeed) == 1
    assert state_of(folder) is ended
    assert folder.result() is None
    assert read_queue() == ()


def test_a_spec_that_cannot_be_read_fails_the_run() -> None:
    folder = make_run()
    spec = folder.path / "spec.json"
    spec.write_text(json.dumps({**json.loads(spec.read_text()), "v": 2}))
    assert _work(folder, _succeed) == 1
    assert "spec.json" in summary(folder).reason


def test_models_of_a_run_are_found_by_name_or_path(tmp_path: Path) -> None:
    result_folder("my-lm").mkdir(parents=True)
    assert parent_folder("my-lm") == result_folder("my-lm")
    assert parent_folder(str(tmp_path)) == tmp_path
    with pytest.raises(ParentError, match="'gone'"):
        parent_folder("gone")
