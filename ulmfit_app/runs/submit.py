"""Submitting a run: checks its spec, puts it into the queue with its folder, and dispatches.

Whether the model name is free in the registry, and whether parent and dataset exist, is checked by the caller, who
passes a resolved spec: runs, registry and hub do not import each other. Here a name is refused that an unfinished run
is going to write.
"""

import secrets
import shutil
from datetime import UTC, datetime

from ulmfit_app.errors import NameTakenError, RecipeError, RunError
from ulmfit_app.runs.dispatch import dispatch
from ulmfit_app.runs.folder import RunFolder, runs_root, trash_root, write_atomically
from ulmfit_app.runs.models import result_folder
from ulmfit_app.runs.queue import locked, read_queue, write_queue
from ulmfit_app.runs.state import UNFINISHED
from ulmfit_app.runs.summary import summaries
from ulmfit_app.schema import QueueEntry, RunKind, RunSpec


def submit(spec: RunSpec) -> str:
    """Queue the run that `spec` describes and return its id; it starts at once if its slot is free.

    Raises `RunError`, `RecipeError` or `NameTakenError` before anything is written.
    """
    _check(spec)
    with locked():
        refuse_taken(spec)
        folder = _enqueue(spec)
    dispatch()
    return folder.id


def _check(spec: RunSpec) -> None:
    kind = spec.kind.trains
    if kind is None:
        raise RunError(f"A run of the kind '{spec.kind}' cannot be started in this version.")
    if spec.dataset is None or spec.recipe is None or spec.name is None:
        raise RunError("A training needs a dataset, a recipe and a name for its model.")
    if spec.recipe.kind is not kind:
        raise RecipeError(f"The recipe '{spec.recipe.name}' is for a {spec.recipe.kind}, not for a {kind}.")


def refuse_taken(spec: RunSpec, of: RunFolder | None = None) -> None:
    """Refuse a name of `spec` that a model has, or that an unfinished run other than `of` is going to write.

    Only while the queue is `locked()`: of two submitters the second sees the first one's run. Raises `NameTakenError`.
    """
    assert spec.name  # `submit` checked it
    if result_folder(spec.name).exists():
        raise NameTakenError(f"There is a model called '{spec.name}' already.", todo="Choose another name.")
    for run in summaries():
        if run.name == spec.name and run.state in UNFINISHED and (of is None or run.id != of.id):
            raise NameTakenError(
                f"The run {run.id}, which is {run.state}, will write a model called '{spec.name}'.",
                todo="Choose another name, or wait for it; a paused or interrupted run can be deleted.",
            )


def _enqueue(spec: RunSpec) -> RunFolder:
    """A folder that holds spec.json from the moment it exists under its name, in the queue before that."""
    root = runs_root()
    root.mkdir(parents=True, exist_ok=True)
    beside = root / f".new-{secrets.token_hex(8)}"
    beside.mkdir()
    try:
        write_atomically(beside / "spec.json", spec)
        target = RunFolder(root / _new_id(spec.kind))
        write_queue([*read_queue(), QueueEntry(run=target.id)])
        beside.rename(target.path)
        return target
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise


def _new_id(kind: RunKind) -> str:
    """An id that no run has or had, whatever the clock says."""
    while True:
        run_id = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{kind}-{secrets.token_hex(2)}"
        if not any((root / run_id).exists() for root in (runs_root(), trash_root())):
            return run_id
