"""What lists and `runs show` say of a run: everything in its folder in one record. Reads only."""

from dataclasses import dataclass

from ulmfit_app.errors import RunError
from ulmfit_app.runs.folder import RunFolder, all_runs
from ulmfit_app.runs.state import state_of
from ulmfit_app.schema import RunResult, RunSpec, RunState

INTERRUPTED = "The worker ended without a word: it was killed, ran out of memory, or the machine went down."


@dataclass(frozen=True, slots=True)
class RunSummary:
    """One run. `spec` is None and `state` is failed where a file of the folder cannot be read; `reason` says which."""

    id: str
    state: RunState
    stage: str
    reason: str
    spec: RunSpec | None
    result: RunResult | None

    @property
    def name(self) -> str | None:
        """Name of the model that the run makes."""
        return self.spec.name if self.spec else None


def summary(folder: RunFolder) -> RunSummary:
    """The run in `folder`, now. Never raises for a damaged folder."""
    try:
        state, status = state_of(folder), folder.status()
        reason = INTERRUPTED if state is RunState.INTERRUPTED else status.reason if status else ""
        stage = status.stage if status else ""
        return RunSummary(folder.id, state, stage, reason, folder.spec(), folder.result())
    except RunError as error:
        return RunSummary(folder.id, RunState.FAILED, "", str(error), None, None)


def summaries() -> list[RunSummary]:
    """All runs, the newest first."""
    return [summary(folder) for folder in all_runs()]
