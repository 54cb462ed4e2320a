"""What came out of a run that makes no model: the numbers of an evaluation, a rate finder, a bulk prediction."""

from typing import Annotated, Literal

from pydantic import Field

from ulmfit_app.schema.base import Record


class ClassScore(Record):
    """How a classifier does on one label. `support`: texts that have it; `f1`: harmonic mean of the other two.

    `precision` is 0 where the label was never predicted, `recall` 0 where no text has it.
    """

    label: str
    precision: float
    recall: float
    f1: float
    support: int


class ClassifierReport(Record):
    """A classifier on `n` labelled texts.

    `low`, `high`: 95% Wilson score interval of the accuracy; `loss`: mean negative log-likelihood in nats; `f1`:
    unweighted mean over the labels that occur or were predicted; `ece`: expected calibration error over 15 equal bins
    of the predicted label's probability (Guo et al. 2017); `confusion`: counts, rows true and columns predicted, in the
    order of `labels`, which is the model's.
    """

    kind: Literal["classifier"] = "classifier"
    n: int
    labels: tuple[str, ...]
    accuracy: float
    low: float
    high: float
    loss: float
    f1: float
    ece: float
    confusion: tuple[tuple[int, ...], ...]
    per_class: tuple[ClassScore, ...]


class LmReport(Record):
    """A language model on the texts as one stream, `xxbos` before each; every token but the first is predicted once.

    `tokens`: how many were predicted; `loss`: mean in nats; `perplexity`: exp(loss); `accuracy`: of the most probable
    next token; `unknown_share`: of the predicted tokens that are `xxunk`, a word outside the vocabulary, which is
    easily guessed and makes the other figures look better; `bits_per_character`: loss over the characters of the texts.
    """

    kind: Literal["lm"] = "lm"
    tokens: int
    loss: float
    perplexity: float
    accuracy: float
    unknown_share: float
    bits_per_character: float


class LrReport(Record):
    """fastai's `lr_find`: the smoothed `losses` (nats) at growing learning `rates` of the last parameter group.

    `suggestions`: fastai's, by the name of their function (valley, slide, steep, minimum); one that this curve does
    not allow is missing. `stage`: index of the recipe's stage whose freeze level was used.
    """

    kind: Literal["lr"] = "lr"
    rates: tuple[float, ...]
    losses: tuple[float, ...]
    suggestions: dict[str, float]
    stage: int


class PredictionReport(Record):
    """A bulk prediction of `n` texts: how many got which label (`counts`), and how many texts were `empty`."""

    kind: Literal["predictions"] = "predictions"
    n: int
    counts: dict[str, int]
    empty: int


Report = Annotated[ClassifierReport | LmReport | LrReport | PredictionReport, Field(discriminator="kind")]
