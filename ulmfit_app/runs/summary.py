"""What lists and `runs show` say of a run: everything in its folder in one record. Reads only."""

import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ulmfit_app.errors import RunError
from ulmfit_app.redaction import for_whoever_asks
from ulmfit_app.runs.folder import RunFolder, all_runs
from ulmfit_app.runs.processes import boot
from ulmfit_app.runs.queue import positions, read_queue
from ulmfit_app.runs.state import state_of
from ulmfit_app.schema import QueueEntry, RunResult, RunSpec, RunState, RunStatus

SCARCE = 100 * 2**20  # bytes of free disk below which a run may have died for want of it


@dataclass(frozen=True, slots=True)
class RunSummary:
    """One run. `spec` is None and `state` is failed where a file of the folder cannot be read; `reason` says which.

    `position` counts from 1 in the queue; a run that does not wait there has none.
    """

    id: str
    state: RunState
    stage: str
    reason: str
    spec: RunSpec | None
    result: RunResult | None
    status: RunStatus | None = None
    position: int | None = None

    @property
    def name(self) -> str | None:
        """Name of the model that the run makes."""
        return self.spec.name if self.spec else None

    @property
    def seconds(self) -> float | None:
        """How long it has worked, all resumptions together; None before it began."""
        if self.status is None:
            return None
        if self.state is not RunState.RUNNING:
            return self.status.seconds
        return self.status.seconds + max(0.0, time.time() - datetime.fromisoformat(self.status.updated).timestamp())


def summary(folder: RunFolder, queue: Sequence[QueueEntry] | None = None) -> RunSummary:
    """The run in `folder`, now. Never raises for a damaged folder. `queue`: as for `state_of`."""
    queue = read_queue() if queue is None else queue
    try:
        state, status = state_of(folder, queue), folder.status()
        return RunSummary(
            folder.id,
            state,
            stage=status.stage if status else "",
            reason=interruption(folder, status) if state is RunState.INTERRUPTED else status.reason if status else "",
            spec=folder.spec(),
            result=folder.result(),
            status=status,
            position=positions(queue).get(folder.id),
        )
    except RunError as error:
        return RunSummary(folder.id, RunState.FAILED, "", str(error), None, None)


def summaries() -> list[RunSummary]:
    """All runs, the newest first."""
    queue = read_queue()
    return [summary(folder, queue) for folder in all_runs()]


def interruption(folder: RunFolder, status: RunStatus | None) -> str:
    """Why the run in `folder` is interrupted as far as one can tell, what is kept, and what can be done."""
    names = folder.checkpoint_names()
    if names:
        kept = f"Kept: checkpoint {names[-1]}. Resume goes on from it, stop makes a partial model of it."
    else:
        kept = "There was no checkpoint yet. Resume starts it anew."
    return f"{_cause(folder, status)} {kept}"


def _cause(folder: RunFolder, status: RunStatus | None) -> str:
    if status and status.boot and boot() and status.boot != boot():
        return "The machine went down or was restarted while it ran."
    if shutil.disk_usage(folder.path).free < SCARCE:
        return "Its worker ended without a word, probably because the disk is full: free some space first."
    if status is None:
        return for_whoever_asks(f"Its worker ended before it began; {folder.log} may say why.")
    return "Its worker ended without a word: it was killed, or the machine ran out of memory."
