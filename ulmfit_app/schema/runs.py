"""The JSON files of a run folder, one record each."""

from enum import StrEnum
from typing import Any, Literal

from pydantic import Field

from ulmfit_app.schema.base import Name, Record
from ulmfit_app.schema.recipes import Kind, Recipe


class RunKind(StrEnum):
    """What a run does."""

    TRAIN_LM = "train-lm"
    TRAIN_CLASSIFIER = "train-classifier"
    EVALUATE = "evaluate"
    PREDICT = "predict"
    LR_FIND = "lr-find"

    @property
    def trains(self) -> Kind | None:
        """The kind of model that such a run makes, None if it makes none."""
        return {RunKind.TRAIN_LM: Kind.LM, RunKind.TRAIN_CLASSIFIER: Kind.CLASSIFIER}.get(self)


class RunState(StrEnum):
    """Derived by every reader from the run folder (design, section 4)."""

    STARTING = "starting"
    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"
    INTERRUPTED = "interrupted"


class RunSpec(Record):
    """`spec.json`: written once by the submitter."""

    v: Literal[1] = 1
    kind: RunKind
    name: Name | None = Field(default=None, description="Name of the resulting model.")
    dataset: str | None = None
    recipe: Recipe | None = None
    overrides: dict[str, Any] = Field(default_factory=dict)
    limit: int | None = Field(default=None, ge=4)
    parent: str | None = Field(default=None, description="Model name, or None for scratch.")
    model: str | None = None
    device: str = "auto"
    precision: str = "auto"
    threads: int | None = Field(default=None, ge=1)
    seed: int = Field(default=42, ge=0, lt=2**32)
    owner: str = "local"
    created: str


class RunStatus(Record):
    """`status.json`: replaced atomically by the worker."""

    v: Literal[1] = 1
    state: Literal[RunState.RUNNING, RunState.PAUSED, RunState.DONE, RunState.FAILED, RunState.STOPPED]
    stage: str = ""
    reason: str = Field(default="", description="In plain words, for failed and stopped.")
    started: str
    updated: str


class RunRequest(Record):
    """`request.json`: what the user asks of the worker; written and withdrawn by UI, CLI and API only."""

    v: Literal[1] = 1
    action: Literal["stop"]


class RunResult(Record):
    """`result.json`: what came out."""

    v: Literal[1] = 1
    model: str | None = None
    partial: bool = False
    metrics: dict[str, float] = Field(default_factory=dict)
    seconds: float
    notes: tuple[str, ...] = ()


class CheckpointState(Record):
    """`state.json` of a checkpoint; tensors lie beside it. `stage`, `epoch` and `step` count what is finished."""

    v: Literal[1] = 1
    stage: int
    epoch: int
    step: int
    frozen_to: int
    optimiser: list[dict[str, Any]]
    python_random: list[Any]
    numpy_random: list[Any]
