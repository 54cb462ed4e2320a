"""Which runs still need a model: it is neither renamed nor deleted under them. Changes no model itself."""

from collections.abc import Iterator
from contextlib import contextmanager

from ulmfit_app.errors import RunError
from ulmfit_app.runs.models import result_folder
from ulmfit_app.runs.queue import locked
from ulmfit_app.runs.state import UNFINISHED
from ulmfit_app.runs.summary import RunSummary, summaries


def runs_with(model: str) -> list[RunSummary]:
    """Unfinished runs that read one's own model of that name or are going to write it, the newest first."""
    names = {model, str(result_folder(model))}
    return [run for run in summaries() if run.state in UNFINISHED and run.spec and _models_of(run) & names]


@contextmanager
def unused_model(model: str) -> Iterator[None]:
    """Keep new runs away while the block changes the model. Raises `RunError` if an unfinished run needs it."""
    with locked():
        using = runs_with(model)
        if using:
            raise RunError(
                f"The run {using[0].id}, which is {using[0].state}, needs the model '{model}'.",
                kept="Nothing was changed.",
                todo="Wait for it, or stop it; a paused or interrupted run can be deleted.",
            )
        yield


def _models_of(run: RunSummary) -> set[str | None]:
    return {run.spec.parent, run.spec.model, run.spec.name} if run.spec else set()
