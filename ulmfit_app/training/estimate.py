"""How long a training will take, from the last one of its size on this machine."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from ulmfit_app.errors import AppError
from ulmfit_app.runs.events import read_events
from ulmfit_app.runs.folder import find
from ulmfit_app.runs.summary import RunSummary
from ulmfit_app.schema import EpochEvent, RunSpec, RunState
from ulmfit_app.training.request import architecture


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds of one step, validation included, in the `run` of that id."""

    seconds: float
    run: str


def pace(spec: RunSpec, runs: Sequence[RunSummary]) -> Pace | None:
    """The pace of the last finished training of the size of `spec` among `runs` (newest first), None without one."""
    wanted = _size(spec)
    for run in runs:
        if run.state is RunState.DONE and run.spec and run.spec.kind is spec.kind and _size(run.spec) == wanted:
            seconds = _seconds_per_step(run.id)
            if seconds is not None:
                return Pace(seconds, run.id)
    return None


@cache  # what a run that is done has told does not change
def _seconds_per_step(run_id: str) -> float | None:
    events, _ = read_events(find(run_id).events, 0)
    epochs = [event for event in events if isinstance(event, EpochEvent)]
    return sum(epoch.seconds for epoch in epochs) / epochs[-1].step if epochs else None


def _size(spec: RunSpec) -> tuple[object, ...] | None:
    """What decides how long a step takes, with its share of the validation: shapes, minibatches, texts, machine."""
    recipe = spec.recipe
    assert recipe  # a training has one
    try:
        shapes = architecture(spec.parent, recipe)
    except AppError:  # the parent of an old run is gone
        return None
    texts = spec.dataset, spec.limit, recipe.train_texts, recipe.valid_texts, recipe.first_tokens
    bounds = tuple((stage.min_steps, stage.max_steps) for stage in recipe.stages)
    minibatches = recipe.bs, recipe.shrink_bs, recipe.seq_len, bounds
    return shapes, texts, minibatches, spec.device, spec.precision, spec.threads
