"""A minibatch for people, as fastai's `dls.show_batch` shows one: tokens in, truncated text out.

The minibatch is put together by `minibatches`; its words are fastai's vocabulary of the training texts, so that what
the model will not know reads `xxunk`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ulmfit_app.data import minibatches
from ulmfit_app.data.exploration import Exploration, TokenStream
from ulmfit_app.data.minibatches import Ids
from ulmfit_app.data.splits import SEED
from ulmfit_app.errors import DataError
from ulmfit_app.schema import PAD_ID

BS, SEQ_LEN = 64, 72  # fastai's defaults
CLASSIFIER_ROWS, LM_ROWS = 9, 5  # the notebook's: show_batch() and show_batch(max_n=5)
SHOWN = 150  # tokens of a text: fastai's trunc_at


@dataclass(frozen=True, slots=True)
class ClassifierBatch:
    """Minibatch `index` (from 0) of the `count` of an epoch; `rows` are the first ones' tokens and category.

    `padding`: tokens of padding before and after each text, (texts, 2).
    """

    index: int
    count: int
    shape: tuple[int, int]
    padding: NDArray[np.int64]
    rows: list[tuple[list[str], str]]

    @property
    def padded(self) -> float:
        """The share of the minibatch that is padding."""
        return int(self.padding.sum()) / (self.shape[0] * self.shape[1])


@dataclass(frozen=True, slots=True)
class LmBatch:
    """Minibatch `index` (from 0) of the `count` of an epoch, of `shape` (streams, tokens).

    `rows` are the first ones' input and target tokens, `positions` where in the stream they start. `shifted`: every
    target is its input moved on by one token, in the whole minibatch. `follows`: every row goes on where it stopped in
    the minibatch before; None in the first.
    """

    index: int
    count: int
    shape: tuple[int, int]
    rows: list[tuple[list[str], list[str]]]
    positions: list[int]
    shifted: bool
    follows: bool | None


def shown(tokens: list[str]) -> str:
    """A text as fastai's `show_batch` prints it: cut to `SHOWN` tokens, joined by spaces."""
    return " ".join(tokens[:SHOWN])


def classifier_count(explored: Exploration) -> int:
    """Minibatches in an epoch of a classifier. Raises DataError if there is no labelled training text.

    As fastai's loader for training it leaves out an incomplete last minibatch, unless there is no other.
    """
    if not explored.dataset.info.labels or not len(explored.labelled):
        raise DataError(
            f"The dataset “{explored.dataset.info.name}” has no labelled training texts.",
            todo="Look at its language-model minibatch.",
        )
    return max(1, len(explored.labelled) // BS)


def show_classifier_batch(explored: Exploration, index: int = 0, seed: int = SEED) -> ClassifierBatch:
    """A minibatch of the training epoch whose order is drawn by `seed`; an `index` beyond the last means the last.

    Raises as `classifier_count`.
    """
    dataset, rows = explored.dataset, explored.labelled
    count = classifier_count(explored)
    index = min(index, count - 1)
    order = minibatches.classifier_order(explored.table.lengths()[rows], seed, BS)
    drawn = rows[order[index * BS : (index + 1) * BS]]
    batch = minibatches.classifier_batch(explored.table.numericalise(explored.vocab, drawn), SEQ_LEN)
    labels = [dataset.info.labels[label] for label in dataset.label_ids[drawn[:CLASSIFIER_ROWS]].tolist()]
    texts = [_words(explored.vocab, ids[ids != PAD_ID]) for ids in batch[:CLASSIFIER_ROWS]]
    return ClassifierBatch(index, count, _shape(batch), _padding(batch), list(zip(texts, labels, strict=True)))


def lm_count(explored: Exploration) -> int:
    """Minibatches in an epoch of a language model. Raises DataError if the texts do not fill one."""
    tokens = int(explored.table.lengths()[explored.lm_rows[0]].sum())
    count = minibatches.lm_batch_count(tokens, BS, SEQ_LEN)
    if not count:
        raise DataError(
            f"The dataset “{explored.dataset.info.name}” has too few tokens for one minibatch of {BS} streams.",
            todo="Add more texts to it.",
        )
    return count


def show_lm_batch(explored: Exploration, index: int = 0, seed: int = SEED) -> LmBatch:
    """A minibatch of the language model's training texts, shuffled by `seed`; beyond the last `index`: the last.

    Raises as `lm_count`.
    """
    rows, vocab, count = explored.lm_rows[0], explored.lm_vocab, lm_count(explored)
    stream = TokenStream(explored.table, rows[minibatches.lm_order(len(rows), seed)], vocab)
    index = min(index, count - 1)
    x, y = minibatches.lm_batch(stream, index, BS, SEQ_LEN)
    follows = minibatches.goes_on(minibatches.lm_batch(stream, index - 1, BS, SEQ_LEN)[1], x) if index else None
    pairs = [(_words(vocab, x[row]), _words(vocab, y[row])) for row in range(LM_ROWS)]
    positions = minibatches.lm_positions(len(stream), index, BS, SEQ_LEN)[:LM_ROWS].tolist()
    return LmBatch(index, count, _shape(x), pairs, positions, minibatches.is_shifted(x, y), follows)


def _words(vocab: list[str], ids: Ids) -> list[str]:
    return [vocab[word] for word in ids.tolist()]


def _shape(batch: Ids) -> tuple[int, int]:
    return batch.shape[0], batch.shape[1]


def _padding(batch: Ids) -> NDArray[np.int64]:
    """Every text has tokens: `xxbos` at least."""
    words = batch != PAD_ID
    return np.stack([words.argmax(axis=1), words[:, ::-1].argmax(axis=1)], axis=1)
