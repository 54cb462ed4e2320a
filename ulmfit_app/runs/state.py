"""The state of a run, derived from its folder by every reader. Writes nothing.

First match: lock held -> what status.json says (none yet: starting); in the queue -> queued; a paused or ended status
-> that; stop requested and no status -> stopped; else interrupted.
"""

from filelock import FileLock, Timeout

from ulmfit_app.runs.folder import RunFolder
from ulmfit_app.schema import RunState, RunStatus

ENDED = frozenset({RunState.DONE, RunState.FAILED, RunState.STOPPED, RunState.INTERRUPTED})
LIVE = frozenset({RunState.STARTING, RunState.QUEUED, RunState.RUNNING})


def state_of(folder: RunFolder) -> RunState:
    """The state of the run in `folder` now.

    The lock is looked at before the status: a worker that ends in between has written its last status by then.
    Nothing waits in a queue yet: `submit` starts the worker and returns when it holds the lock.
    """
    locked = lock_held(folder)
    return derive(locked=locked, queued=False, status=folder.status(), stop_requested=folder.request_file.exists())


def derive(*, locked: bool, queued: bool, status: RunStatus | None, stop_requested: bool) -> RunState:
    """The rule itself."""
    if locked:
        return RunState(status.state) if status else RunState.STARTING
    if queued:
        return RunState.QUEUED
    if status and status.state is not RunState.RUNNING:
        return RunState(status.state)
    if stop_requested and status is None:
        return RunState.STOPPED
    return RunState.INTERRUPTED


def lock_held(folder: RunFolder) -> bool:
    """True while a worker lives. The lock is tried and let go at once; a starting worker waits that long."""
    if not folder.lock.exists():
        return False
    try:
        with FileLock(folder.lock, blocking=False):
            return False
    except Timeout:
        return True
