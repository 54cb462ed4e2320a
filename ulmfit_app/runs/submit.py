"""Submitting a run: checks its spec, puts it into the queue with its folder, and dispatches.

Whether the model name is free in the registry, and whether parent and dataset exist, is checked by the caller, who
passes a resolved spec: runs, registry and hub do not import each other. Here a name is refused that an unfinished run
is going to write.
"""

import secrets
import shutil
from datetime import UTC, datetime
from pathlib import Path

from ulmfit_app import access, limits, quota
from ulmfit_app.errors import DataError, NameTakenError, RecipeError, RunError
from ulmfit_app.runs.dispatch import dispatch
from ulmfit_app.runs.folder import RunFolder, runs_root, write_atomically
from ulmfit_app.runs.models import result_folder
from ulmfit_app.runs.queue import locked, read_queue, write_queue
from ulmfit_app.runs.state import UNFINISHED
from ulmfit_app.runs.summary import summaries
from ulmfit_app.schema import QueueEntry, RunKind, RunSpec
from ulmfit_app.settings import settings


def submit(spec: RunSpec, content: Path | bytes | None = None) -> str:
    """Queue the run that `spec` describes and return its id; it starts at once if its slot is free.

    `content`: what the file `spec.input` holds, bytes or a file to copy. Raises `RunError`, `RecipeError`,
    `NameTakenError` or `DataError` (too large) before anything is written.
    """
    _check(spec)
    limits.refuse_run(spec)
    if content is not None:
        refuse_size(content, spec.input or "")
    quota.refuse_full()  # before the lock: it looks at every file of the visitor
    with locked():
        refuse_taken(spec)
        refuse_more()
        folder = _enqueue(spec, content)
    dispatch()
    return folder.id


def _check(spec: RunSpec) -> None:
    kind = spec.kind.trains
    if kind is not None:
        if spec.dataset is None or spec.recipe is None or spec.name is None:
            raise RunError("A training needs a dataset, a recipe and a name for its model.")
        if spec.recipe.kind is not kind:
            raise RecipeError(f"The recipe '{spec.recipe.name}' is for a {spec.recipe.kind}, not for a {kind}.")
    elif spec.kind is RunKind.LR_FIND:
        if spec.dataset is None or spec.recipe is None or spec.stage is None:
            raise RunError("A learning-rate finder needs a dataset, a recipe and one of its stages.")
        if spec.stage >= len(spec.recipe.stages):
            raise RecipeError(f"The recipe '{spec.recipe.name}' has {len(spec.recipe.stages)} stages.")
    elif spec.model is None or (spec.dataset is not None and spec.split is not None) == (spec.input is not None):
        raise RunError("Name a model, and either a split of a dataset or a file of texts.")


def refuse_size(content: Path | bytes, name: str) -> None:
    """Refuse an input over the size limit, or one that cannot be read, with a `DataError`."""
    try:
        size = len(content) if isinstance(content, bytes) else content.stat().st_size
    except OSError as error:
        raise DataError(f"“{name}” cannot be read: {error.strerror}.") from error
    if size > settings().max_file_mb * 1_000_000:
        raise DataError(
            f"“{name}” has {size / 1e6:,.0f} MB; the limit is {settings().max_file_mb:,} MB.",
            todo="Split it, or raise ULMFIT_MAX_FILE_MB.",
        )


def refuse_taken(spec: RunSpec, of: RunFolder | None = None) -> None:
    """Refuse a name of `spec` that a model has, or that an unfinished run other than `of` is going to write.

    Only while the queue is `locked()`: of two submitters the second sees the first one's run. Raises `NameTakenError`.
    """
    if spec.name is None:  # it makes no model
        return
    if result_folder(spec.name).exists():
        raise NameTakenError(f"There is a model called '{spec.name}' already.", todo="Choose another name.")
    for run in summaries():
        if run.name == spec.name and run.state in UNFINISHED and (of is None or run.id != of.id):
            raise NameTakenError(
                f"The run {run.id}, which is {run.state}, will write a model called '{spec.name}'.",
                todo="Choose another name, or wait for it; a paused or interrupted run can be deleted.",
            )


def refuse_more(of: RunFolder | None = None) -> None:
    """Refuse a visitor who has as many runs besides `of` as one may. Raises `RunError`."""
    if access.current() == access.LOCAL:
        return
    most, waiting, kept = settings().visitor_runs, settings().visitor_queue, settings().visitor_kept_runs
    if most == 0:
        raise RunError("This server starts no runs for visitors.", todo=limits.OWN_MACHINE)
    if sum(run.state in UNFINISHED for run in summaries() if of is None or run.id != of.id) >= most:
        raise RunError(f"You have {most} runs that have not ended.", todo="Wait for one, or stop or delete one.")
    if len(read_queue()) >= waiting:
        raise RunError(f"{waiting} runs wait for this server already.", todo="Try again later.")
    if of is None and _kept() >= kept:
        raise RunError(f"You have started {kept} runs here, with those you deleted of late.", todo=limits.OWN_MACHINE)


def _kept() -> int:
    """How many runs who asks has, deleted ones too."""
    places = access.place("runs"), access.place("runs", deleted=True)
    return sum(path.name[0] != "." for place in places if place.is_dir() for path in place.iterdir())


def _enqueue(spec: RunSpec, content: Path | bytes | None = None) -> RunFolder:
    """A folder that holds all it needs from the moment it exists under its name, in the queue before that."""
    spec = spec.model_copy(update={"owner": access.current()})
    root = runs_root()
    access.claim(root)
    beside = root / f".new-{secrets.token_hex(8)}"
    beside.mkdir()
    try:
        write_atomically(beside / "spec.json", spec)
        if spec.input is not None and content is not None:
            _put(content, beside / spec.input)
        target = RunFolder(root / _new_id(spec.kind))
        write_queue([*read_queue(), QueueEntry(run=target.id, owner=spec.owner)])
        beside.rename(target.path)
        return target
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise


def _put(content: Path | bytes, target: Path) -> None:
    if isinstance(content, bytes):
        target.write_bytes(content)
        return
    try:
        shutil.copyfile(content, target)
    except OSError as error:
        raise DataError(f"“{content.name}” cannot be copied: {error.strerror}.") from error


def _new_id(kind: RunKind) -> str:
    """An id that no run has or had, whatever the clock says."""
    everybodys = access.places("runs") + access.places("runs", deleted=True)
    while True:
        run_id = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{kind}-{secrets.token_hex(2)}"
        if not any((root / run_id).exists() for root in everybodys):
            return run_id
