"""The JSON files of a run folder, one record each."""

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from ulmfit_app.schema.base import Name, Record, Sha256
from ulmfit_app.schema.datasets import Split
from ulmfit_app.schema.recipes import Kind, Recipe
from ulmfit_app.schema.reports import Report


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


# UTC time, kind, four random digits.
RUN_ID = rf"\d{{8}}-\d{{6}}-({'|'.join(RunKind)})-[0-9a-f]{{4}}"
FileName = Annotated[str, StringConstraints(pattern=r"^input[A-Za-z0-9._-]*$", max_length=120)]
RunId = Annotated[str, StringConstraints(pattern=f"^{RUN_ID}$")]


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
    dataset_hash: Sha256 | None = Field(default=None, description="Content at submission; None where it had to come.")
    recipe: Recipe | None = None
    overrides: dict[str, Any] = Field(default_factory=dict)
    limit: int | None = Field(default=None, ge=4)
    parent: str | None = Field(default=None, description="Model name, or None for scratch.")
    model: str | None = Field(default=None, description="Model that is evaluated or predicts.")
    split: Split | None = Field(default=None, description="Part of the dataset that an evaluation reads.")
    input: FileName | None = Field(default=None, description="File of texts inside the run's folder, read instead.")
    text_columns: tuple[str, ...] = Field(default=(), description="Columns of the text in `input`; empty: guessed.")
    label_column: str | None = Field(default=None, description="Column of the label in `input`; None: guessed.")
    stage: int | None = Field(default=None, ge=0, description="Stage of the recipe, from 0, that rates are for.")
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
    reason: str = Field(default="", description="In plain words, for paused, failed and stopped.")
    started: str
    updated: str
    seconds: float = Field(default=0.0, ge=0, description="Worked until `updated`, all resumptions together.")
    threads: int | None = Field(default=None, ge=1, description="A resumed run computes with as many: same results.")
    boot: str = Field(default="", description="Which start of the machine this was; empty where it does not tell.")


class RunRequest(Record):
    """`request.json`: what the user asks of the worker; written and withdrawn by UI, CLI and API only.

    `checkpoint`: whose weights a stop keeps, of a run that is not working; None for the newest.
    """

    v: Literal[1] = 1
    action: Literal["stop", "pause"]
    checkpoint: str | None = None


class QueueEntry(Record):
    """A run that waits, or whose worker was started and does not hold the run's lock yet.

    `process` tells the worker from a later process of the same `pid`.
    """

    run: RunId
    owner: str = "local"
    pid: int | None = None
    process: str | None = None


class Queue(Record):
    """`queue.json` of a home, in the order in which runs start."""

    v: Literal[1] = 1
    entries: tuple[QueueEntry, ...] = ()


class RunResult(Record):
    """`result.json`: what came out: a model, or the `report` of a run that makes none."""

    v: Literal[1] = 1
    model: str | None = None
    partial: bool = False
    metrics: dict[str, float] = Field(default_factory=dict)
    report: Report | None = None
    seconds: float
    notes: tuple[str, ...] = ()
