"""The worker in this process, with jobs of our own in place of the engine."""

import errno
import json
from pathlib import Path

import pytest
from filelock import FileLock

from tests.unit.runs.making import make_run, status
from ulmfit_app.errors import DataError, ParentError
from ulmfit_app.runs import worker
from ulmfit_app.runs.events import read_events
from ulmfit_app.runs.folder import RunFolder
from ulmfit_app.runs.models import parent_folder, result_folder
from ulmfit_app.runs.state import state_of
from ulmfit_app.runs.summary import summary
from ulmfit_app.schema import (
    CheckpointEvent,
    ProgressEvent,
    RunKind,
    RunRequest,
    RunResult,
    RunSpec,
    RunState,
    StageEvent,
)

RESULT = RunResult(model="my-lm", metrics={"accuracy": 0.5}, seconds=1.5, notes=("small",))


def _succeed(spec: RunSpec, folder: RunFolder, on_event: worker.OnEvent) -> RunResult:
    on_event(StageEvent(name="head", number=1, of=1))
    on_event(CheckpointEvent(name="1epoch", step=1))
    on_event(ProgressEvent(phase="train", done=1, total=1))
    return RESULT


def _work(folder: RunFolder, job: worker.Job) -> int:
    return worker.work(folder, {RunKind.TRAIN_LM: job})


def _fail_with(error: BaseException) -> RunFolder:
    def job(spec: RunSpec, folder: RunFolder, on_event: worker.OnEvent) -> RunResult:
        _succeed(spec, folder, on_event)
        raise error

    folder = make_run()
    assert _work(folder, job) == 1
    assert state_of(folder) is RunState.FAILED
    return folder


def test_a_job_that_ends_leaves_result_status_and_events() -> None:
    folder = make_run()
    assert _work(folder, _succeed) == 0
    assert state_of(folder) is RunState.DONE
    assert folder.result() == RESULT
    assert [event.type for event in read_events(folder.events)[0]] == ["stage", "checkpoint", "progress"]
    said = folder.status()
    assert said is not None
    assert (said.stage, said.reason) == ("head", "")


def test_the_status_says_running_and_the_stage_while_it_works() -> None:
    seen = []

    def job(spec: RunSpec, folder: RunFolder, on_event: worker.OnEvent) -> RunResult:
        seen.append((state_of(folder), folder.status().stage))  # type: ignore[union-attr]
        on_event(StageEvent(name="tokenise", number=1, of=2))
        seen.append((state_of(folder), folder.status().stage))  # type: ignore[union-attr]
        return RESULT

    _work(make_run(), job)
    assert seen == [(RunState.RUNNING, "load"), (RunState.RUNNING, "tokenise")]


def test_a_told_error_is_the_reason_and_nothing_else() -> None:
    folder = _fail_with(DataError("The file is broken.", todo="Repair it."))
    assert summary(folder).reason == "The file is broken. Repair it."
    assert folder.result() is None


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (MemoryError(), "ran out of memory. Use a smaller bs"),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"), "ran out of memory"),
        (type("OutOfMemoryError", (RuntimeError,), {})("CUDA"), "ran out of memory"),
        (OSError(errno.ENOSPC, "No space left on device"), "The disk is full"),
        (PermissionError(errno.EACCES, "Permission denied", "x.json"), "Permission denied (x.json)"),
        (ZeroDivisionError("division by zero"), "an error of this program, not of yours: ZeroDivisionError"),
        (SystemExit(1), "SystemExit"),
    ],
)
def test_other_errors_become_plain_words_and_say_what_is_kept(
    error: BaseException, words: str, capfd: pytest.CaptureFixture[str]
) -> None:
    reason = summary(_fail_with(error)).reason
    assert words in reason
    assert reason.endswith("No model was made. The run's folder keeps the checkpoints: 1epoch.")
    assert "Traceback" not in reason
    assert "Traceback" in capfd.readouterr().err  # which is log.txt in a worker process


def test_a_stop_request_ends_the_job_at_its_next_event() -> None:
    reached = []

    def job(spec: RunSpec, folder: RunFolder, on_event: worker.OnEvent) -> RunResult:
        on_event(StageEvent(name="head", number=1, of=1))
        folder.write_request(RunRequest(action="stop"))
        reached.append("before")
        on_event(ProgressEvent(phase="train", done=1, total=9))
        reached.append("after")
        return RESULT

    folder = make_run()
    assert _work(folder, job) == 3
    assert reached == ["before"]
    assert state_of(folder) is RunState.STOPPED
    assert summary(folder).reason == "Stopped on request. No model was made, and there was no checkpoint yet."
    assert [event.type for event in read_events(folder.events)[0]] == ["stage", "progress"]


def test_a_second_worker_leaves_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "LOCK_PATIENCE", 0.05)
    folder = make_run()
    with FileLock(folder.lock):
        assert _work(folder, _succeed) == 1
    assert folder.status() is None
    assert not folder.events.exists()


@pytest.mark.parametrize("ended", [RunState.DONE, RunState.FAILED, RunState.STOPPED])
def test_an_ended_run_is_not_done_again(ended: RunState) -> None:
    folder = make_run()
    folder.write_status(status(ended))
    assert _work(folder, _succeed) == 1
    assert state_of(folder) is ended
    assert folder.result() is None


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
