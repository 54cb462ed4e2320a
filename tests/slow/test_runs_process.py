"""Runs in real processes: followed, stopped, killed. The worker's job is a stand-in of a few lines; no engine."""

import os
import signal
import subprocess
import sys
import time

import pytest

from tests.unit.runs.making import make_spec
from ulmfit_app.errors import NameTakenError, RunError
from ulmfit_app.runs import launcher
from ulmfit_app.runs.folder import RunFolder, all_runs, find
from ulmfit_app.runs.follow import follow
from ulmfit_app.runs.state import state_of
from ulmfit_app.runs.submit import request_stop, submit
from ulmfit_app.runs.summary import summary
from ulmfit_app.schema import MessageEvent, ProgressEvent, RunState

pytestmark = pytest.mark.slow

STAND_IN = """
import os, sys, time
from ulmfit_app.runs import worker
from ulmfit_app.schema import MessageEvent, ProgressEvent, RunKind, RunResult

def job(spec, folder, on_event):
    print("in the log")
    on_event(MessageEvent(text=str(os.getpid())))
    for step in range(spec.seed):
        time.sleep(0.05)
        on_event(ProgressEvent(phase="train", done=step + 1, total=spec.seed))
    return RunResult(model=spec.name, seconds=1)

worker.JOBS = {RunKind.TRAIN_LM: job}
sys.exit(worker.main())
"""


@pytest.fixture(autouse=True)
def stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers that run STAND_IN; a spec's seed is the number of its steps of 0.05 s."""
    monkeypatch.setattr(launcher, "worker_command", lambda run_id: [sys.executable, "-c", STAND_IN, run_id])


def _pid(folder: RunFolder) -> int:
    for event in follow(folder):
        if isinstance(event, MessageEvent):
            return int(event.text)
    raise AssertionError("the worker said nothing")


def _wait_for_end(folder: RunFolder) -> RunState:
    for _ in follow(folder):
        pass
    return state_of(folder)


def test_a_run_is_followed_to_its_end() -> None:
    folder = find(submit(make_spec(seed=30)))
    assert state_of(folder) is RunState.RUNNING
    events = list(follow(folder))
    done = [event.done for event in events if isinstance(event, ProgressEvent)]
    assert done[-1] == 30
    assert done == sorted(set(done))
    assert len(done) < 10  # of 30 steps in 1.5 s: at most two a second, and the last
    assert state_of(folder) is RunState.DONE
    assert folder.log.read_text() == "in the log\n"
    assert list(follow(folder)) == events


def test_a_killed_worker_is_an_interrupted_run_within_seconds() -> None:
    folder = find(submit(make_spec(seed=1000)))
    os.kill(_pid(folder), signal.SIGKILL)
    since = time.monotonic()
    assert _wait_for_end(folder) is RunState.INTERRUPTED
    assert time.monotonic() - since < 5
    assert "killed" in summary(folder).reason


def test_a_request_stops_a_run_and_frees_its_name() -> None:
    folder = find(submit(make_spec(seed=1000)))
    with pytest.raises(NameTakenError):
        submit(make_spec(seed=1))
    request_stop(folder.id)
    assert _wait_for_end(folder) is RunState.STOPPED
    assert _wait_for_end(find(submit(make_spec(seed=1)))) is RunState.DONE


def test_a_second_worker_on_a_live_run_does_nothing() -> None:
    folder = find(submit(make_spec(seed=80)))
    second = subprocess.run(launcher.worker_command(folder.id), capture_output=True, text=True, timeout=60)
    assert second.returncode == 1
    assert "Another worker" in second.stderr
    assert _wait_for_end(folder) is RunState.DONE
    events = [event for event in follow(folder) if isinstance(event, MessageEvent)]
    assert len(events) == 1


def test_the_worker_has_a_session_and_a_lower_priority_of_its_own() -> None:
    folder = find(submit(make_spec(seed=1000)))
    pid = _pid(folder)
    assert os.getsid(pid) == pid
    assert os.getpriority(os.PRIO_PROCESS, pid) > os.getpriority(os.PRIO_PROCESS, 0)
    os.kill(pid, signal.SIGKILL)


def test_a_worker_that_cannot_start_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launcher, "worker_command", lambda run_id: [sys.executable, "-c", "import nothing_like_it"])
    with pytest.raises(RunError, match="did not start"):
        submit(make_spec())
    (folder,) = all_runs()
    assert "nothing_like_it" in folder.log.read_text()
    assert state_of(folder) is RunState.INTERRUPTED
