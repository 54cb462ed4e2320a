"""What the worker writes while it works: events and status. Decides nothing."""

import time
from contextlib import suppress
from types import TracebackType
from typing import Literal

from ulmfit_app.runs.events import EventWriter
from ulmfit_app.runs.folder import RunFolder, now
from ulmfit_app.runs.processes import boot
from ulmfit_app.schema import CheckpointEvent, Event, RunState, RunStatus, StageEvent

Said = Literal[RunState.RUNNING, RunState.PAUSED, RunState.DONE, RunState.FAILED, RunState.STOPPED]

RESERVE = 2**16  # bytes put aside, so that the last status can be written to a full disk


class Journal:
    """Events and status of the run in `folder`; `before` is the status that an earlier worker left."""

    def __init__(self, folder: RunFolder, before: RunStatus | None) -> None:
        self._folder = folder
        self._threads = before.threads if before else None
        self._reserve = folder.path / ".reserve"
        self._reserve.write_bytes(bytes(RESERVE))
        self._events = EventWriter(folder.events)
        self._started = before.started if before else now()
        self._worked = before.seconds if before else 0.0
        self._since = time.monotonic()
        self._stage = "load"
        self._say(RunState.RUNNING)

    def __enter__(self) -> "Journal":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):
            self._events.close()

    def computes_with(self, threads: int) -> int:
        """Note the number of threads, for whoever resumes the run, and return it."""
        self._threads = threads
        self._say(RunState.RUNNING)
        return threads

    def record(self, event: Event) -> None:
        """Write `event`; the status follows at every stage and checkpoint."""
        self._events.write(event)
        if isinstance(event, StageEvent):
            self._stage = event.name
        if isinstance(event, StageEvent | CheckpointEvent):
            self._say(RunState.RUNNING)

    def seconds(self) -> float:
        """How long this run has worked, all resumptions together."""
        return self._worked + time.monotonic() - self._since

    def end(self, state: Said, reason: str = "") -> None:
        """Close the events, then write the last status: who reads it finds everything else complete."""
        self._reserve.unlink(missing_ok=True)
        with suppress(OSError):
            self._events.close()
        self._say(state, reason)

    def _say(self, state: Said, reason: str = "") -> None:
        self._folder.write_status(
            RunStatus(
                state=state, stage=self._stage, reason=reason, started=self._started, updated=now(),
                seconds=self.seconds(), threads=self._threads, boot=boot(),
            )
        )  # fmt: skip
