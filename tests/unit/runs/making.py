"""Runs for tests: specs, folders, statuses; no engine."""

from ulmfit_app import recipes
from ulmfit_app.runs.folder import RunFolder, now
from ulmfit_app.runs.submit import _make_folder
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


def make_run(**changes: object) -> RunFolder:
    """A submitted run whose worker was never started."""
    return _make_folder(make_spec(**changes))


def status(state: RunState, reason: str = "") -> RunStatus:
    """A status as the worker writes it."""
    return RunStatus(state=state, stage="head", reason=reason, started=now(), updated=now())
