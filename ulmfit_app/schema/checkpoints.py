"""What a checkpoint says of itself: the place in the recipe and every state that is not a tensor."""

from typing import Any, Literal

from pydantic import Field

from ulmfit_app.schema.base import Record


class RandomState(Record):
    """What Python's `random.getstate` and numpy's `get_state` return; torch's states are tensors beside it."""

    python: tuple[int, tuple[int, ...], float | None]
    numpy: tuple[str, tuple[int, ...], int, int, float]


class Place(Record):
    """How much of a recipe is finished.

    `stage` counts whole stages, `stage_epoch` whole epochs of the present stage and `batch` minibatches of the present
    epoch; `epoch` and `step` count over the whole run.
    """

    stage: int = 0
    stage_epoch: int = 0
    batch: int = 0
    epoch: int = 0
    step: int = 0


class BestEpoch(Record):
    """The best epoch so far by validation loss, its metrics, and how many epochs of the stage were not better."""

    value: float | None = None
    kept: dict[str, float] = Field(default_factory=dict)
    waited: int = 0


class CheckpointState(Record):
    """`state.json` of a checkpoint; tensors lie beside it. `metrics` are those of the last epoch that ended."""

    v: Literal[1] = 1
    place: Place
    frozen_to: int
    optimiser: list[dict[str, Any]]
    random: RandomState
    epoch_random: RandomState
    smooth_count: int
    scaler: dict[str, float | int] | None
    best: BestEpoch
    metrics: dict[str, float]
