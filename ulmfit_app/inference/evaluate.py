"""Measuring a model on texts. The reports' fields are the keys of the command line's JSON."""

import itertools
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from ulmfit_app.errors import DataError
from ulmfit_app.inference.awd_lstm import State
from ulmfit_app.inference.generator import Generator
from ulmfit_app.inference.pooling import Progress
from ulmfit_app.inference.predictor import Predictor
from ulmfit_app.schema import UNK_ID

ECE_BINS = 15
BLOCK = 256  # tokens per call of the language model: bounds memory to BLOCK x words logits
MAX_EXPONENT = 700.0  # exp() of more is no float; a loss that high is noise anyway


@dataclass(frozen=True, slots=True)
class ClassifierReport:
    """A classifier on `n` labelled texts.

    `loss`: mean negative log-likelihood in nats; `f1`: unweighted mean over the labels that occur or were predicted;
    `confusion`: counts, rows true and columns predicted, in the model's order of labels; `ece`: expected calibration
    error over 15 equal bins of the predicted label's probability (Guo et al. 2017).
    """

    n: int
    accuracy: float
    loss: float
    f1: float
    confusion: list[list[int]]
    ece: float
    kind: Literal["classifier"] = "classifier"


@dataclass(frozen=True, slots=True)
class LmReport:
    """A language model on the texts as one stream, `xxbos` before each; every token but the first is predicted once.

    `tokens`: how many were predicted; `loss`: mean in nats; `perplexity`: exp(loss); `accuracy`: of the most probable
    next token; `unknown_share`: of the predicted tokens that are `xxunk`, a word outside the vocabulary, which is
    easily guessed and makes the other figures look better; `bits_per_character`: loss over the characters of the texts.
    """

    tokens: int
    loss: float
    perplexity: float
    accuracy: float
    unknown_share: float
    bits_per_character: float
    kind: Literal["lm"] = "lm"


def evaluate_classifier(
    predictor: Predictor, texts: Sequence[str], labels: Sequence[str], on_progress: Progress | None = None
) -> ClassifierReport:
    """Measure `predictor` on `texts` whose true labels are `labels`.

    Raises `DataError` without texts, for a label that the model does not know, or if the two differ in number.
    """
    truth = _label_ids(predictor, texts, labels)
    logits = predictor.logits(texts, on_progress)
    confidence, guesses = logits.softmax(1).max(1)
    n_labels = len(predictor.labels)
    confusion = torch.bincount(truth * n_labels + guesses, minlength=n_labels**2).view(n_labels, n_labels)
    return ClassifierReport(
        n=len(texts),
        accuracy=float((guesses == truth).double().mean()),
        loss=float(cross_entropy(logits.double(), truth)),
        f1=_macro_f1(confusion.double()),
        confusion=confusion.tolist(),
        ece=_calibration_error(confidence.double(), (guesses == truth).double()),
    )


@contextmanager
def _one_thread() -> Iterator[None]:
    """A stream is a batch of one, and an LSTM's threads wait for each other at every token: two threads are no faster,
    and ten times slower beside a busy process (measured on two cores, torch 2.13)."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


@_one_thread()
def evaluate_lm(generator: Generator, texts: Sequence[str], on_progress: Progress | None = None) -> LmReport:
    """Measure `generator` on `texts`, in fp32, the state carried from text to text in their order.

    Raises `DataError` if there is nothing to predict.
    """
    tokens, loss, correct, unknown = 0, 0.0, 0, 0
    state: State | None = None
    for block in _overlapping_blocks(_stream(generator, texts, on_progress)):
        logits, state = generator.logits(block[None, :-1], state)
        target = block[1:]
        tokens += len(target)
        loss += float(cross_entropy(logits[0], target, reduction="none").double().sum())
        correct += int((logits[0].argmax(1) == target).sum())
        unknown += int((target == UNK_ID).sum())
    n_characters = sum(map(len, texts))
    if not tokens or not n_characters:
        raise DataError("There is no text to evaluate on.")
    return LmReport(
        tokens=tokens,
        loss=loss / tokens,
        perplexity=math.exp(min(loss / tokens, MAX_EXPONENT)),
        accuracy=correct / tokens,
        unknown_share=unknown / tokens,
        bits_per_character=loss / math.log(2) / n_characters,
    )


def _label_ids(predictor: Predictor, texts: Sequence[str], labels: Sequence[str]) -> Tensor:
    if not texts or len(texts) != len(labels):
        raise DataError(f"An evaluation needs a label for every text; there are {len(texts)} and {len(labels)}.")
    known = {label: number for number, label in enumerate(predictor.labels)}
    unknown = sorted(set(labels) - known.keys())
    if unknown:
        raise DataError(
            f"The model does not know the label {', '.join(map(repr, unknown[:5]))}{' …' if len(unknown) > 5 else ''}.",
            todo=f"It knows {', '.join(predictor.labels)}: rename the labels in the file, or leave those texts out.",
        )
    return torch.tensor([known[label] for label in labels])


def _macro_f1(confusion: Tensor) -> float:
    hits, occurring = confusion.diag(), confusion.sum(0) + confusion.sum(1)
    present = occurring > 0
    return float((2 * hits[present] / occurring[present]).mean())


def _calibration_error(confidence: Tensor, correct: Tensor) -> float:
    """Mean distance between confidence and accuracy over the bins, weighted by their texts."""
    bins = (confidence * ECE_BINS).ceil().long().clamp(1, ECE_BINS) - 1
    gaps = torch.zeros(ECE_BINS, dtype=torch.float64).index_add(0, bins, correct - confidence)
    return float(gaps.abs().sum() / len(confidence))


def _stream(generator: Generator, texts: Sequence[str], on_progress: Progress | None) -> Iterator[int]:
    for done, text in enumerate(texts, start=1):
        yield from generator.numericalise(text)
        if on_progress is not None:
            on_progress(done, len(texts))


def _overlapping_blocks(ids: Iterator[int]) -> Iterator[Tensor]:
    """Blocks of at most BLOCK + 1 ids; each begins with the last id of the one before, which it starts from."""
    carried = list(itertools.islice(ids, 1))
    while block := list(itertools.islice(ids, BLOCK)):
        yield torch.tensor(carried + block)
        carried = block[-1:]
