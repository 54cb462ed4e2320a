"""Recipes: an ordered list of stages plus settings. Field descriptions are the help texts of forms and docs."""

from enum import StrEnum
from typing import Literal

from pydantic import Field, model_validator

from ulmfit_app.schema.base import Name, Record

IMPORTED = "imported"  # name of the recipe of a model that was not trained here: its values stand for unknown ones


class Kind(StrEnum):
    """The two kinds of model, hence of training."""

    LM = "lm"
    CLASSIFIER = "classifier"


class Slice(Record):
    """fastai's `slice` of learning rates: `slice(high)` or `slice(low, high)` over the parameter groups."""

    low: float | None = Field(default=None, gt=0, description="Rate of the first group; empty: a tenth of the last's.")
    high: float = Field(gt=0, description="Rate of the last group.")


class Stage(Record):
    """One `fit_one_cycle` call: what is frozen, how long, how fast."""

    name: str = Field(min_length=1, max_length=40, description="Shown in the run's stage list.")
    freeze_to: int = Field(
        default=0, ge=-5, le=0, description="First parameter group that trains; 0: all, -1: the last one only."
    )
    epochs: int = Field(default=1, ge=1, le=1000, description="Passes over the training texts.")
    lr: float | Slice = Field(description="Peak learning rate: one for all groups, or a slice over them.")
    pct_start: float = Field(default=0.25, gt=0, lt=1, description="Share of the stage in which the rate rises.")
    div: float = Field(default=25.0, ge=1, description="The rate starts at its peak divided by this.")
    div_final: float = Field(default=1e5, ge=1, description="The rate ends at its peak divided by this.")
    min_steps: int = Field(default=0, ge=0, description="Epochs are added until the stage has this many steps.")
    max_steps: int | None = Field(default=None, ge=1, description="Epochs are cut short to this many steps in all.")
    checkpoint: Name | None = Field(default=None, description="Name under which the state is saved at the end.")

    @model_validator(mode="after")
    def _rate_is_positive(self) -> "Stage":
        if isinstance(self.lr, float) and self.lr <= 0:
            raise ValueError("lr must be above 0")
        return self


class Recipe(Record):
    """An ordered list of stages plus settings. Defaults are fastai's."""

    name: Name
    kind: Kind
    description: str = ""
    changed: tuple[str, ...] = Field(default=(), description="Settings that differ from the recipe of this name.")
    stages: tuple[Stage, ...] = Field(min_length=1)
    bs: int = Field(default=64, ge=1, le=4096, description="Texts (LM: parallel streams) in one minibatch.")
    shrink_bs: bool = Field(default=False, description="With few texts use min(bs, max(4, texts // 10)).")
    seq_len: int = Field(default=72, ge=4, le=1000, description="Tokens per step of backpropagation through time.")
    min_freq: int = Field(default=3, ge=1, description="A word enters the vocabulary if it occurs this often.")
    max_vocab: int = Field(default=60000, ge=16, le=1_000_000, description="Words in the vocabulary at most.")
    max_len: int = Field(default=72 * 20, ge=4, description="Tokens of a text that the classifier pools over.")
    first_tokens: int | None = Field(
        default=None,
        ge=4,
        description="Read only this many tokens of each text (with min_steps: only when they add epochs).",
    )
    text_vocab: Literal["dataset", "parent"] = Field(
        default="dataset",
        description="Words the model knows: counted in the dataset (parent's vectors kept), or the parent's own.",
    )
    drop_mult: float = Field(default=1.0, ge=0, le=3, description="Factor on all dropout probabilities.")
    wd: float = Field(default=0.01, ge=0, le=1, description="Weight decay.")
    moms: tuple[float, float, float] = Field(default=(0.8, 0.7, 0.8), description="Momentum: start, middle, end.")
    alpha: float = Field(default=2.0, ge=0, description="RNNRegularizer: penalty on large activations.")
    beta: float = Field(default=1.0, ge=0, description="RNNRegularizer: penalty on fast-changing activations.")
    train_texts: int | None = Field(default=None, ge=4, description="Training texts drawn, stratified; empty: all.")
    valid_texts: int | None = Field(default=None, ge=2, description="Validation texts drawn, stratified; empty: all.")
    keep: Literal["last", "best"] = Field(
        default="last", description="Which weights become the model: the last, or the best by validation loss."
    )
    patience: int | None = Field(
        default=None, ge=1, description="End a stage after this many epochs without a better validation loss."
    )
    class_weights: bool = Field(
        default=False,
        description="Weight rare classes up when the rarest has less than 20% of the texts (of k classes: 40% / k).",
    )
    size: Literal["full", "compact", "tiny"] = Field(
        default="compact", description="Size of a model trained from scratch."
    )
    embedding: Literal["random", "word2vec"] = Field(
        default="random",
        description="First word vectors of a model trained from scratch: random, or word2vec on the same texts (needs "
        "gensim; a minute that spares many).",
    )
    count_validation: bool = Field(
        default=False, description="Build the LM's vocabulary and texts from the validation split too, as the notebook."
    )
