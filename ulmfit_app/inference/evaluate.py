"""Measuring a model on texts. What the figures mean is said where the reports are defined, in the schema."""

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from ulmfit_app.errors import DataError
from ulmfit_app.inference.awd_lstm import State
from ulmfit_app.inference.generator import Generator
from ulmfit_app.inference.pooling import Progress
from ulmfit_app.inference.predictor import Predictor
from ulmfit_app.schema import UNK_ID, ClassifierReport, ClassScore, LmReport, Prediction

ECE_BINS = 15
BLOCK = 256  # tokens per call of the language model: bounds memory to BLOCK x words logits
MAX_EXPONENT = 700.0  # exp() of more is no float; a loss that high is noise anyway
Z = 1.959964  # 97.5% quantile of the normal distribution


def evaluate_classifier(
    predictor: Predictor, texts: Sequence[str], labels: Sequence[str], on_progress: Progress | None = None
) -> ClassifierReport:
    """Measure `predictor` on `texts` whose true labels are `labels`.

    Raises `DataError` without texts, for a label that the model does not know, or if the two differ in number.
    """
    measured = Measurement(predictor)
    measured.add(texts, labels, on_progress)
    return measured.report()


class Measurement:
    """A classifier measured on texts that come in parts; what was added so far can be reported at any time."""

    def __init__(self, predictor: Predictor) -> None:
        self.predictor = predictor
        self._logits: list[Tensor] = []
        self._truth: list[Tensor] = []

    def add(
        self, texts: Sequence[str], labels: Sequence[str], on_progress: Progress | None = None
    ) -> list[tuple[Prediction, float]]:
        """The prediction of each of `texts`, and its loss in nats given its true label. Raises `DataError` as above."""
        truth = _label_ids(self.predictor, texts, labels)
        logits = self.predictor.logits(texts, on_progress)
        self._truth.append(truth)
        self._logits.append(logits)
        losses = cross_entropy(logits.double(), truth, reduction="none").tolist()
        return list(zip(self.predictor.predictions(logits), losses, strict=True))

    def report(self) -> ClassifierReport:
        """The figures of all texts together; there must be one."""
        return classifier_report(self.predictor.labels, torch.cat(self._logits), torch.cat(self._truth))


def classifier_report(labels: Sequence[str], logits: Tensor, truth: Tensor) -> ClassifierReport:
    """The report of the scores `logits` (n, labels) of texts whose labels have the numbers `truth` (n,); n > 0."""
    confidence, guesses = logits.softmax(1).max(1)
    n_labels, correct = len(labels), (guesses == truth).double()
    confusion = torch.bincount(truth * n_labels + guesses, minlength=n_labels**2).view(n_labels, n_labels)
    low, high = wilson(int(correct.sum()), len(truth))
    return ClassifierReport(
        n=len(truth),
        labels=tuple(labels),
        accuracy=float(correct.mean()),
        low=low,
        high=high,
        loss=float(cross_entropy(logits.double(), truth)),
        f1=_macro_f1(confusion.double()),
        ece=_calibration_error(confidence.double(), correct),
        confusion=tuple(tuple(row) for row in confusion.tolist()),
        per_class=tuple(_scores(labels, confusion)),
    )


def wilson(hits: int, n: int) -> tuple[float, float]:
    """The 95% score interval of a share of `hits` in `n` (Wilson 1927): it stays within 0 and 1, for few texts too."""
    share, spread = hits / n, Z**2 / n
    centre = (share + spread / 2) / (1 + spread)
    half = Z / (1 + spread) * math.sqrt(share * (1 - share) / n + spread / (4 * n))
    return max(0.0, centre - half), min(1.0, centre + half)


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
def evaluate_lm(
    generator: Generator,
    texts: Sequence[str],
    on_progress: Progress | None = None,
    stopped: Callable[[], bool] = lambda: False,
) -> LmReport:
    """Measure `generator` on `texts`, in fp32, the state carried from text to text in their order.

    `stopped` is asked before each text; what comes after its first yes is left out. Raises `DataError` if there is
    nothing to predict.
    """
    tokens, loss, correct, unknown = 0, 0.0, 0, 0
    state: State | None = None
    stream = _Stream(generator, texts, on_progress, stopped)
    for block in _overlapping_blocks(iter(stream)):
        logits, state = generator.logits(block[None, :-1], state)
        target = block[1:]
        tokens += len(target)
        loss += float(cross_entropy(logits[0], target, reduction="none").double().sum())
        correct += int((logits[0].argmax(1) == target).sum())
        unknown += int((target == UNK_ID).sum())
    if not tokens or not stream.characters:
        raise DataError("There is no text to evaluate on.")
    return LmReport(
        tokens=tokens,
        loss=loss / tokens,
        perplexity=math.exp(min(loss / tokens, MAX_EXPONENT)),
        accuracy=correct / tokens,
        unknown_share=unknown / tokens,
        bits_per_character=loss / math.log(2) / stream.characters,
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


def _scores(labels: Sequence[str], confusion: Tensor) -> Iterator[ClassScore]:
    for label, hits, n, guessed in zip(
        labels, confusion.diag().tolist(), confusion.sum(1).tolist(), confusion.sum(0).tolist(), strict=True
    ):
        precision, recall = hits / max(1, guessed), hits / max(1, n)
        f1 = 2 * hits / max(1, n + guessed)
        yield ClassScore(label=label, precision=precision, recall=recall, f1=f1, support=n)


def _macro_f1(confusion: Tensor) -> float:
    hits, occurring = confusion.diag(), confusion.sum(0) + confusion.sum(1)
    present = occurring > 0
    return float((2 * hits[present] / occurring[present]).mean())


def _calibration_error(confidence: Tensor, correct: Tensor) -> float:
    """Mean distance between confidence and accuracy over the bins, weighted by their texts."""
    bins = (confidence * ECE_BINS).ceil().long().clamp(1, ECE_BINS) - 1
    gaps = torch.zeros(ECE_BINS, dtype=torch.float64).index_add(0, bins, correct - confidence)
    return float(gaps.abs().sum() / len(confidence))


@dataclass
class _Stream:
    """The ids of `texts`, one after another; `characters` counts those of the texts that were read."""

    generator: Generator
    texts: Sequence[str]
    on_progress: Progress | None
    stopped: Callable[[], bool]
    characters: int = 0

    def __iter__(self) -> Iterator[int]:
        for done, text in enumerate(self.texts, start=1):
            if self.stopped():
                return
            self.characters += len(text)
            yield from self.generator.numericalise(text)
            if self.on_progress is not None:
                self.on_progress(done, len(self.texts))


def _overlapping_blocks(ids: Iterator[int]) -> Iterator[Tensor]:
    """Blocks of at most BLOCK + 1 ids; each begins with the last id of the one before, which it starts from."""
    carried = list(itertools.islice(ids, 1))
    while block := list(itertools.islice(ids, BLOCK)):
        yield torch.tensor(carried + block)
        carried = block[-1:]
