"""The derived state: the whole table, and the lock."""

import pytest
from filelock import FileLock

from tests.unit.runs.making import make_run, status
from ulmfit_app.runs.state import derive, lock_held, state_of
from ulmfit_app.schema import RunRequest, RunState

R = RunState


@pytest.mark.parametrize(
    ("locked", "queued", "said", "stop", "expected"),
    [
        (True, False, None, False, R.STARTING),
        (True, True, None, True, R.STARTING),
        (True, False, R.RUNNING, False, R.RUNNING),
        (True, True, R.PAUSED, False, R.PAUSED),
        (True, False, R.DONE, True, R.DONE),
        (False, True, None, True, R.QUEUED),
        (False, True, R.PAUSED, False, R.QUEUED),
        (False, False, R.PAUSED, False, R.PAUSED),
        (False, False, R.DONE, True, R.DONE),
        (False, False, R.FAILED, False, R.FAILED),
        (False, False, R.STOPPED, True, R.STOPPED),
        (False, False, None, True, R.STOPPED),
        (False, False, None, False, R.INTERRUPTED),
        (False, False, R.RUNNING, False, R.INTERRUPTED),
        (False, False, R.RUNNING, True, R.INTERRUPTED),
    ],
)
def test_first_match_wins(locked: bool, queued: bool, said: RunState | None, stop: bool, expected: RunState) -> None:
    last = status(said) if said else None
    assert derive(locked=locked, queued=queued, status=last, stop_requested=stop) is expected


def test_a_dead_worker_leaves_an_interrupted_run() -> None:
    folder = make_run()
    with FileLock(folder.lock):
        assert state_of(folder) is R.STARTING
        folder.write_status(status(R.RUNNING))
        assert state_of(folder) is R.RUNNING
    assert state_of(folder) is R.INTERRUPTED


def test_a_run_that_never_began_is_stopped_by_a_request() -> None:
    folder = make_run()
    folder.write_request(RunRequest(action="stop"))
    assert state_of(folder) is R.STOPPED
    folder.withdraw_request()
    assert state_of(folder) is R.INTERRUPTED


def test_asking_makes_no_file_and_keeps_no_lock() -> None:
    folder = make_run()
    assert not lock_held(folder)
    assert not folder.lock.exists()
    with FileLock(folder.lock):
        pass
    assert not lock_held(folder)
    with FileLock(folder.lock, blocking=False):
        assert lock_held(folder)
