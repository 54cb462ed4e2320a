"""What a model folder says of itself: architecture, tokenizer, lineage, metrics."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from ulmfit_app.schema.base import Record, Sha256
from ulmfit_app.schema.recipes import Kind, Recipe


class Architecture(Record):
    """What fixes the shapes of an AWD_LSTM (fastai's names). Dropout belongs to the recipe, not here."""

    emb_sz: int = Field(ge=1, le=4096)
    n_hid: int = Field(ge=1, le=8192)
    n_layers: int = Field(ge=1, le=8)
    out_bias: bool = True
    lin_ftrs: tuple[int, ...] = Field(default=(50,), max_length=4)


SIZES = {
    "full": Architecture(emb_sz=400, n_hid=1152, n_layers=3),
    "compact": Architecture(emb_sz=256, n_hid=768, n_layers=3),
    "tiny": Architecture(emb_sz=64, n_hid=192, n_layers=3),
}


FASTAI_LMS = ("wt103-fwd", "wt103-bwd")  # fastai's names of the language models that are downloaded when asked for


class TokenizerConfig(Record):
    """How texts became tokens: fastai's rule names in order, spaCy's language and version."""

    rules: tuple[str, ...]
    language: Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}$")] = "en"
    spacy_version: str


class Metric(Record):
    """One measured number and how it was measured, in words."""

    value: float
    how: str


class Lineage(Record):
    """What produced a model. Names and content hashes, never paths."""

    dataset: str
    dataset_hash: Sha256
    parent: str | None
    parent_hash: Sha256 | None
    recipe: Recipe
    seed: int
    train_texts: int
    available_texts: int = Field(description="Training texts that these were drawn from.")
    valid_texts: int
    device: str
    precision: str
    versions: dict[str, str]


class Origin(Record):
    """Where a model was pulled from. It counts for as long as the model has these weights."""

    v: Literal[1] = 1
    repo_id: str = Field(description="As the Hub writes it.")
    revision: str = Field(description="Branch, tag or commit that was asked for.")
    commit: str
    weights_sha256: Sha256
    pulled: str = Field(description="UTC, ISO 8601.")


class ModelConfig(Record):
    """`config.json` of a model folder."""

    format: Literal[1] = 1
    kind: Kind
    part: Literal["full", "encoder"] = "full"
    partial: bool = Field(default=False, description="True if training was stopped before its end.")
    architecture: Architecture
    tokenizer: TokenizerConfig
    vocab_size: int = Field(ge=9, le=2_000_000)
    labels: tuple[str, ...] = ()
    seq_len: int = Field(default=72, ge=1, le=10_000)
    max_len: int = Field(default=1440, ge=1, le=1_000_000)
    dtype: Literal["float32", "float16"] = "float32"
    created: str = Field(description="UTC, ISO 8601.")
    lineage: Lineage
    metrics: dict[str, Metric] = Field(default_factory=dict)
    vocab_sha256: Sha256
    weights_sha256: Sha256

    @model_validator(mode="after")
    def _labels_fit_kind(self) -> "ModelConfig":
        needs = self.kind is Kind.CLASSIFIER and self.part == "full"
        if needs != bool(self.labels) or (needs and len(set(self.labels)) < 2):
            raise ValueError("a classifier has two or more different labels, anything else has none")
        return self
