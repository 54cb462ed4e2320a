"""Runs for tests: specs, folders, statuses; no engine."""

from ulmfit_app import recipes
from ulmfit_app.runs.folder import RunFolder, now
from ulmfit_app.runs.queue import locked, remove
from ulmfit_app.runs.submit import _enqueue
from ulmfit_app.schema import Kind, RunKind, RunSpec, RunState, RunStatus


def make_spec(**changes: object) -> RunSpec:
    """A valid spec of an LM training."""
    fields: dict[str, object] = {
        "kind": RunKind.TRAIN_LM,
        "name": "my-lm",
        "dataset": "imdb",
        "recipe": recipes.get("demo", Kind.LM),
        "created": now(),
    }
    return RunSpec.model_validate(fields | changes)


def queued_run(**changes: object) -> RunFolder:
    """A run that waits in the queue."""
    with locked():
        return _enqueue(make_spec(**changes))


def make_run(**changes: object) -> RunFolder:
    """A submitted run whose worker was never started and which waits no more."""
    folder = queued_run(**changes)
    with locked():
        remove(folder.id)
    return folder


def status(state: RunState, reason: str = "", **fields: object) -> RunStatus:
    """A status as the worker writes it."""
    said = {"state": state, "stage": "head", "reason": reason, "started": now(), "updated": now()}
    return RunStatus.model_validate(said | fields)


def checkpoint(folder: RunFolder, name: str) -> None:
    """A finished checkpoint as far as readers of the folder see one."""
    (folder.checkpoints / name).mkdir(parents=True)
