"""What the worker's jobs share: what a job gets, opening the dataset, reporting how far it is, obeying."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ulmfit_app.engine.outcome import NothingTrained, Paused
from ulmfit_app.errors import AppError, DataError
from ulmfit_app.runs.folder import RunFolder
from ulmfit_app.runs.journal import Journal
from ulmfit_app.runs.wishes import Wishes
from ulmfit_app.schema import ProgressEvent, RunResult, RunSpec, StageEvent

if TYPE_CHECKING:
    from ulmfit_app.data.dataset import Dataset


@dataclass(frozen=True, slots=True)
class Task:
    """What a job gets. `resumed`: a worker before this one began; it may have left anything."""

    spec: RunSpec
    folder: RunFolder
    journal: Journal
    wishes: Wishes
    threads: int
    resumed: bool


Job = Callable[[Task], RunResult]  # returns what result.json says; raises `Paused`, `NothingTrained`, `NothingDone`
Progress = Callable[[int, int], None]


class NothingDone(AppError):  # noqa: N818  (an outcome, not an error)
    """A run that makes no model was stopped before it had anything to keep."""

    def __init__(self) -> None:
        super().__init__("Nothing was computed by then.")


def kept(job: Job) -> Job:
    """`job` with its result written; a worker that resumes a run with a result does nothing."""

    def work(task: Task) -> RunResult:
        result = task.folder.result()
        if result is None:
            result = job(task)
            task.folder.write_result(result)
        return result

    return work


def stage(task: Task, name: str, number: int, of: int) -> None:
    """A stage of the run begins."""
    task.journal.record(StageEvent(name=name, number=number, of=of))


def open_dataset(task: Task) -> "Dataset":
    """The dataset of the run, downloaded or built first where it has to be. Raises `DataError` if it has changed."""
    from ulmfit_app.data import sources
    from ulmfit_app.engine import download

    spec = task.spec
    assert spec.dataset  # `submit` checked it
    dataset = sources.open_dataset(
        spec.dataset, _reading(task), fetch=lambda name, _: download.fetch(name, downloading(task))
    )
    if spec.dataset_hash not in (None, dataset.info.content_hash):
        raise DataError(
            f"The dataset '{spec.dataset}' has changed since the run was submitted.",
            todo="Bring the dataset back as it was and resume, or start a new run with it.",
        )
    return dataset


def _reading(task: Task) -> Progress:
    def report(done: int, total: int) -> None:
        task.journal.record(ProgressEvent(phase="read", done=done, total=total, unit="documents"))
        obey(task)

    return report


def downloading(task: Task) -> Progress:
    """Reports bytes of a download, and obeys."""

    def report(done: int, total: int) -> None:
        here, there = done // 2**20, max(1, total // 2**20)
        task.journal.record(ProgressEvent(phase="download", done=here, total=there, unit="MB"))
        obey(task)

    return report


def obey(task: Task) -> None:
    """Pause or stop before the work; a stop goes on to the engine where a checkpoint can become a model."""
    if stop_wished(task) and not task.folder.checkpoint_names():
        raise NothingTrained if task.spec.kind.trains else NothingDone


def stop_wished(task: Task) -> bool:
    """True if the user wishes a stop; raises `Paused` if a pause."""
    wish = task.wishes()
    if wish == "pause":
        raise Paused
    return wish == "stop"


def counting(task: Task, phase: Literal["evaluate", "predict"], total: int) -> Callable[[int], Progress]:
    """Progress over `total` texts that are worked on in parts: call it with how many are done before a part."""
    began = time.monotonic()

    def part(before: int) -> Progress:
        def report(done: int, _: int) -> None:
            finished = before + done
            rate = finished / max(1e-9, time.monotonic() - began)
            left = (total - finished) / rate if rate else None
            task.journal.record(
                ProgressEvent(phase=phase, done=finished, total=total, unit="documents", rate=rate, eta=left)
            )

        return report

    return part
