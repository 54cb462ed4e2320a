"""The state of a run, derived from its folder by every reader. Writes nothing.

First match: lock held -> what status.json says (`starting` until this worker has said something); in the queue ->
`queued`; a paused or ended status -> that; stop requested and no status -> `stopped`; else `interrupted`.
"""

from collections.abc import Sequence

from ulmfit_app.runs.folder import RunFolder
from ulmfit_app.runs.locks import held
from ulmfit_app.runs.queue import read_queue
from ulmfit_app.schema import QueueEntry, RunState, RunStatus

LIVE = frozenset({RunState.STARTING, RunState.QUEUED, RunState.RUNNING})
RESUMABLE = frozenset({RunState.PAUSED, RunState.INTERRUPTED, RunState.FAILED})
WORKING = frozenset({RunState.STARTING, RunState.RUNNING})
UNFINISHED = LIVE | {RunState.PAUSED, RunState.INTERRUPTED}


def state_of(folder: RunFolder, queue: Sequence[QueueEntry] | None = None) -> RunState:
    """The state of the run in `folder` now; lists of runs read the `queue` once, before the first run.

    The order of reading matters. The queue before the lock: an entry leaves only when the worker holds its lock, so a
    run on its way is seen in one of them. The lock before the status: a worker that ends in between has written its
    last status by then.
    """
    queued = any(entry.run == folder.id for entry in (read_queue() if queue is None else queue))
    locked = held(folder.lock)
    return derive(locked=locked, queued=queued, status=folder.status(), stop_requested=folder.request_file.exists())


def derive(*, locked: bool, queued: bool, status: RunStatus | None, stop_requested: bool) -> RunState:
    """The rule itself."""
    if locked:
        said = status and not (queued and status.state is not RunState.RUNNING)
        return RunState(status.state) if status and said else RunState.STARTING
    if queued:
        return RunState.QUEUED
    if status and status.state is not RunState.RUNNING:
        return RunState(status.state)
    if stop_requested and status is None:
        return RunState.STOPPED
    return RunState.INTERRUPTED
