"""Typed records that cross layers. Standard library and pydantic only.

Everything written to disk as JSON is a `Record`: unknown keys are refused, so a file of a newer version is told apart
from a damaged one.
"""

from ulmfit_app.schema.base import (
    BOS,
    BOS_ID,
    FAKE,
    MAX_NAME,
    NAME,
    PAD,
    PAD_ID,
    SPECIAL_TOKENS,
    UNK,
    UNK_ID,
    Name,
    Record,
    Sha256,
    is_name,
)
from ulmfit_app.schema.datasets import (
    Counts,
    DatasetInfo,
    Finding,
    ReadAs,
    Split,
)
from ulmfit_app.schema.events import (
    EVENTS,
    CheckpointEvent,
    EpochEvent,
    Event,
    MessageEvent,
    ProgressEvent,
    SampleEvent,
    StageEvent,
)
from ulmfit_app.schema.inference import (
    Prediction,
    Sample,
    Sampling,
)
from ulmfit_app.schema.models import (
    SIZES,
    Architecture,
    Lineage,
    Metric,
    ModelConfig,
    TokenizerConfig,
)
from ulmfit_app.schema.recipes import (
    Kind,
    Recipe,
    Slice,
    Stage,
)
from ulmfit_app.schema.runs import (
    CheckpointState,
    RunKind,
    RunRequest,
    RunResult,
    RunSpec,
    RunState,
    RunStatus,
)

__all__ = [
    "BOS",
    "BOS_ID",
    "EVENTS",
    "FAKE",
    "MAX_NAME",
    "NAME",
    "PAD",
    "PAD_ID",
    "SIZES",
    "SPECIAL_TOKENS",
    "UNK",
    "UNK_ID",
    "Architecture",
    "CheckpointEvent",
    "CheckpointState",
    "Counts",
    "DatasetInfo",
    "EpochEvent",
    "Event",
    "Finding",
    "Kind",
    "Lineage",
    "MessageEvent",
    "Metric",
    "ModelConfig",
    "Name",
    "Prediction",
    "ProgressEvent",
    "ReadAs",
    "Recipe",
    "Record",
    "RunKind",
    "RunRequest",
    "RunResult",
    "RunSpec",
    "RunState",
    "RunStatus",
    "Sample",
    "SampleEvent",
    "Sampling",
    "Sha256",
    "Slice",
    "Split",
    "Stage",
    "StageEvent",
    "TokenizerConfig",
    "is_name",
]
