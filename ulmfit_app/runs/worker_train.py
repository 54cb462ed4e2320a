"""The worker's jobs that the engine does: a training, and the learning-rate finder before one."""

import math
from pathlib import Path

from ulmfit_app.runs.models import parent_folder, result_folder
from ulmfit_app.runs.publishing import publish, staging
from ulmfit_app.runs.worker_task import Task, downloading, kept, open_dataset
from ulmfit_app.schema import FASTAI_LMS, RunResult

FINDER_NOTE = "The weights were those that the training starts from, whatever the stage."


def train(task: Task) -> RunResult:
    """Train a model and give it its place under its name."""
    assert task.spec.name  # `submit` checked it
    result = kept(_trained)(task)
    publish(task.folder, task.spec.name)
    return result


def _trained(task: Task) -> RunResult:
    from ulmfit_app.engine import finetune

    spec = task.spec
    assert spec.kind.trains and spec.recipe and spec.name  # `submit` checked it
    trained = finetune.train(
        spec.kind.trains,
        open_dataset(task),
        spec.recipe,
        staging(task.folder, spec.name),
        parent=_parent(task),
        device=spec.device,
        precision=spec.precision,
        threads=task.threads,
        seed=spec.seed,
        limit=spec.limit,
        checkpoints=task.folder.checkpoints,
        on_event=task.journal.record,
        control=task.wishes,
        resume=_checkpoint_to_keep(task) or task.resumed,
    )
    return RunResult(
        model=spec.name,
        partial=trained.config.partial,
        metrics={name: value for name, value in trained.metrics.items() if math.isfinite(value)},
        seconds=task.journal.seconds(),
        notes=trained.notes,
    )


def _checkpoint_to_keep(task: Task) -> str | None:
    request = task.folder.request()
    return request.checkpoint if request else None


def find_rates(task: Task) -> RunResult:
    """Try learning rates; the curve and fastai's suggestions are the result."""
    from ulmfit_app.engine import lr_finder

    spec = task.spec
    assert spec.recipe and spec.stage is not None  # `submit` checked it
    report = lr_finder.find(
        spec.recipe.kind,
        open_dataset(task),
        spec.recipe,
        parent=_parent(task),
        stage=spec.stage,
        on_event=task.journal.record,
        device=spec.device,
        precision=spec.precision,
        threads=task.threads,
        seed=spec.seed,
        limit=spec.limit,
        control=task.wishes,
    )
    return RunResult(
        report=report, partial=task.wishes() == "stop", seconds=task.journal.seconds(), notes=(FINDER_NOTE,)
    )


def _parent(task: Task) -> Path | None:
    """The parent's folder, None for random weights; a model of fastai's is downloaded where it is not yet."""
    name = task.spec.parent
    if name in FASTAI_LMS and not result_folder(name).exists():
        from ulmfit_app.engine import wt103

        wt103.fetch(name, result_folder(name), downloading(task))
    return parent_folder(name) if name else None
