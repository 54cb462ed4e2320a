"""The derived state: the whole table, the lock, and the order of reading."""

import pytest
from filelock import FileLock

from tests.unit.runs.making import make_run, queued_run, status
from ulmfit_app.runs import state
from ulmfit_app.runs.locks import held
from ulmfit_app.runs.queue import locked, remove
from ulmfit_app.runs.state import derive, state_of
from ulmfit_app.schema import RunRequest, RunState

R = RunState


@pytest.mark.parametrize(
    ("locked", "queued", "said", "stop", "expected"),
    [
        (True, False, None, False, R.STARTING),
        (True, True, None, True, R.STARTING),
        (True, False, R.RUNNING, False, R.RUNNING),
        (True, True, R.RUNNING, False, R.RUNNING),
        (True, True, R.PAUSED, False, R.STARTING),
        (True, True, R.FAILED, False, R.STARTING),
        (True, False, R.PAUSED, False, R.PAUSED),
        (True, False, R.DONE, True, R.DONE),
        (False, True, None, True, R.QUEUED),
        (False, True, R.PAUSED, False, R.QUEUED),
        (False, True, R.RUNNING, True, R.QUEUED),
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


def test_a_worker_that_begins_while_one_looks_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker takes its lock and leaves the queue right after the first thing that a reader reads."""
    folder = queued_run()
    worker = FileLock(folder.lock)
    first = {"read_queue": state.read_queue, "held": state.held}

    def begin() -> None:
        if not worker.is_locked:
            worker.acquire()
            folder.write_status(status(R.RUNNING))
            with locked():
                remove(folder.id)

    for name, read in first.items():
        monkeypatch.setattr(state, name, lambda *given, read=read: (read(*given), begin())[0])
    try:
        assert state_of(folder) in (R.QUEUED, R.RUNNING)
    finally:
        worker.release()


def test_asking_makes_no_file_and_keeps_no_lock() -> None:
    folder = make_run()
    assert not held(folder.lock)
    assert not folder.lock.exists()
    with FileLock(folder.lock):
        pass
    assert not held(folder.lock)
    with FileLock(folder.lock, blocking=False):
        assert held(folder.lock)


def test_readers_do_not_take_each_other_for_a_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make_run()
    folder.lock.touch()
    from ulmfit_app.runs import locks

    flock, inside = locks.fcntl.flock, []

    def flock_while_another_asks(file: int, how: int) -> None:
        flock(file, how)
        if not inside:
            inside.append(True)
            inside.append(held(folder.lock))

    monkeypatch.setattr(locks.fcntl, "flock", flock_while_another_asks)
    assert not held(folder.lock)
    assert inside == [True, False]
