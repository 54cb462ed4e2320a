"""The worker: `python -m ulmfit_app.runs.worker <run id>` works on one run and ends.

Holds the run's lock, and is the only writer of its status, events, log and result. Torch and fastai are imported here
and in no other process, and only after the lock is held. It starts no other run and does not retry.
"""

import faulthandler
import os
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from typing import Literal

from filelock import FileLock, Timeout

from ulmfit_app.errors import AppError
from ulmfit_app.runs.events import EventWriter
from ulmfit_app.runs.failures import reason_of
from ulmfit_app.runs.folder import RunFolder, find, now
from ulmfit_app.runs.models import parent_folder, result_folder
from ulmfit_app.schema import (
    CheckpointEvent,
    Event,
    ProgressEvent,
    RunKind,
    RunResult,
    RunSpec,
    RunState,
    RunStatus,
    StageEvent,
)
from ulmfit_app.settings import settings

OnEvent = Callable[[Event], None]
Job = Callable[[RunSpec, RunFolder, OnEvent], RunResult]
Said = Literal[RunState.RUNNING, RunState.DONE, RunState.FAILED, RunState.STOPPED]

NICENESS = 10
LOCK_PATIENCE = 2.0  # seconds; a reader that asks for the state holds the lock for microseconds
EXIT_CODES = {RunState.DONE: 0, RunState.FAILED: 1, RunState.STOPPED: 3}


def train(spec: RunSpec, folder: RunFolder, on_event: OnEvent) -> RunResult:
    """Train a model from `spec` with the engine and write it under its name."""
    from ulmfit_app.data import sources
    from ulmfit_app.engine import download, finetune

    kind = spec.kind.trains
    assert kind and spec.dataset and spec.recipe and spec.name  # `submit` checked it
    started = time.monotonic()
    dataset = sources.open_dataset(
        spec.dataset,
        _reading(on_event),
        fetch=lambda name, _: download.fetch(name, _downloading(on_event)),
    )
    trained = finetune.train(
        kind,
        dataset,
        spec.recipe,
        result_folder(spec.name),
        parent=parent_folder(spec.parent) if spec.parent else None,
        device=spec.device,
        precision=spec.precision,
        threads=spec.threads or settings().threads,
        seed=spec.seed,
        limit=spec.limit,
        checkpoints=folder.checkpoints,
        on_event=on_event,
    )
    return RunResult(
        model=spec.name,
        partial=trained.config.partial,
        metrics=trained.metrics,
        seconds=time.monotonic() - started,
        notes=trained.notes,
    )


JOBS: dict[RunKind, Job] = {RunKind.TRAIN_LM: train, RunKind.TRAIN_CLASSIFIER: train}


def _reading(on_event: OnEvent) -> Callable[[int, int], None]:
    def report(done: int, total: int) -> None:
        on_event(ProgressEvent(phase="read", done=done, total=total, unit="documents"))

    return report


def _downloading(on_event: OnEvent) -> Callable[[int, int], None]:
    def report(done: int, total: int) -> None:
        on_event(ProgressEvent(phase="download", done=done // 2**20, total=max(1, total // 2**20), unit="MB"))

    return report


class Journal:
    """What the worker writes while it works: events and status. The user's request is read at every event."""

    def __init__(self, folder: RunFolder) -> None:
        self._folder = folder
        self._events = EventWriter(folder.events)
        self._started = now()
        self._stage = "load"
        self._checkpoints: dict[str, None] = {}
        self._say(RunState.RUNNING)

    def record(self, event: Event) -> None:
        """Write `event`; raises KeyboardInterrupt if the user has asked the run to stop."""
        self._events.write(event)
        if isinstance(event, StageEvent):
            self._stage = event.name
            self._say(RunState.RUNNING)
        if isinstance(event, CheckpointEvent):
            self._checkpoints[event.name] = None
        if self._folder.request() is not None:
            raise KeyboardInterrupt

    def end(self, state: Said, reason: str = "") -> None:
        """Close the events, then write the last status: who reads it finds everything else complete."""
        self._events.close()
        self._say(state, reason)

    def kept(self) -> str:
        """What is left of a run that did not reach its end, as a sentence."""
        if not self._checkpoints:
            return "No model was made, and there was no checkpoint yet."
        return f"No model was made. The run's folder keeps the checkpoints: {', '.join(self._checkpoints)}."

    def _say(self, state: Said, reason: str = "") -> None:
        self._folder.write_status(
            RunStatus(state=state, stage=self._stage, reason=reason, started=self._started, updated=now())
        )


def work(folder: RunFolder, jobs: Mapping[RunKind, Job]) -> int:
    """Work on the run under its lock; returns the exit code of the process."""
    lock = FileLock(folder.lock)
    try:
        lock.acquire(timeout=LOCK_PATIENCE)
    except Timeout:
        sys.stderr.write(f"Another worker has the run {folder.id}.\n")
        return 1
    with lock:
        status = folder.status()
        if status is not None and status.state in EXIT_CODES:
            sys.stderr.write(f"The run {folder.id} has ended: {status.state}.\n")
            return 1
        return EXIT_CODES[_work(folder, jobs)]


def _work(folder: RunFolder, jobs: Mapping[RunKind, Job]) -> RunState:
    """Do the job. The one place where exceptions become a status."""
    journal = Journal(folder)
    state: Said = RunState.DONE
    reason = ""
    try:
        spec = folder.spec()
        folder.write_result(jobs[spec.kind](spec, folder, journal.record))
    except KeyboardInterrupt:
        state, reason = RunState.STOPPED, f"Stopped on request. {journal.kept()}"
    except AppError as error:
        state, reason = RunState.FAILED, reason_of(error)
    except BaseException as error:
        traceback.print_exc()
        state, reason = RunState.FAILED, f"{reason_of(error)} {journal.kept()}"
    journal.end(state, reason)
    return state


def main() -> int:
    """Entry point of the process."""
    faulthandler.enable()
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    try:
        folder = find(sys.argv[1])
    except (IndexError, AppError) as error:
        sys.stderr.write(f"usage: python -m ulmfit_app.runs.worker <run id>: {error}\n")
        return 2
    return work(folder, JOBS)


if __name__ == "__main__":
    sys.exit(main())
