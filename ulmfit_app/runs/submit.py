"""Submitting a run: checks its spec, makes its folder, starts its worker. Also asking a run to stop.

Whether the model name is free in the registry, and whether parent and dataset exist, is checked by the caller, who
passes a resolved spec: runs, registry and hub do not import each other. Here a name is refused that another live run
is going to write.
"""

import secrets
import shutil
from datetime import UTC, datetime

from ulmfit_app.errors import NameTakenError, RecipeError, RunError
from ulmfit_app.runs import launcher
from ulmfit_app.runs.folder import RunFolder, all_runs, find, runs_root, write_atomically
from ulmfit_app.runs.models import result_folder
from ulmfit_app.runs.state import LIVE, state_of
from ulmfit_app.schema import RunKind, RunRequest, RunSpec


def submit(spec: RunSpec) -> str:
    """Start the run that `spec` describes, in a process of its own; returns its id when the worker has begun.

    Raises `RunError`, `RecipeError` or `NameTakenError` before anything is written.
    """
    _check(spec)
    folder = _make_folder(spec)
    launcher.start(folder)
    return folder.id


def request_stop(run_id: str) -> None:
    """Ask the run to stop: its worker reads the request at its next event. `RunError` if it is not live."""
    folder = find(run_id)
    state = state_of(folder)
    if state not in LIVE:
        raise RunError(f"The run {run_id} is not running: it is {state}.")
    folder.write_request(RunRequest(action="stop"))


def _check(spec: RunSpec) -> None:
    kind = spec.kind.trains
    if kind is None:
        raise RunError(f"A run of the kind '{spec.kind}' cannot be started in this version.")
    if spec.dataset is None or spec.recipe is None or spec.name is None:
        raise RunError("A training needs a dataset, a recipe and a name for its model.")
    if spec.recipe.kind is not kind:
        raise RecipeError(f"The recipe '{spec.recipe.name}' is for a {spec.recipe.kind}, not for a {kind}.")
    if result_folder(spec.name).exists():
        raise NameTakenError(f"There is a model called '{spec.name}' already.", todo="Choose another --name.")
    for folder in all_runs():
        if state_of(folder) in LIVE and folder.spec().name == spec.name:
            raise NameTakenError(
                f"The run {folder.id}, which is still going on, will write a model called '{spec.name}'.",
                todo="Choose another name, or wait for it.",
            )


def _make_folder(spec: RunSpec) -> RunFolder:
    """A folder that holds spec.json from the moment it exists under its name."""
    root = runs_root()
    root.mkdir(parents=True, exist_ok=True)
    beside = root / f".new-{secrets.token_hex(8)}"
    beside.mkdir()
    try:
        write_atomically(beside / "spec.json", spec)
        while True:
            target = root / _new_id(spec.kind)
            if not target.exists():
                return RunFolder(beside.rename(target))
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise


def _new_id(kind: RunKind) -> str:
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{kind}-{secrets.token_hex(2)}"
