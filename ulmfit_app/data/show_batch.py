"""A minibatch for people, as fastai's `dls.show_batch` shows one: tokens in, truncated text out.

The minibatch is put together by `minibatches`; its words are fastai's vocabulary of the training texts, so that what
the model will not know reads `xxunk`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ulmfit_app.data.dataset import Dataset
from ulmfit_app.data.minibatches import classifier_batch, is_shifted, lm_batches
from ulmfit_app.data.progress import Progress
from ulmfit_app.data.splits import SEED
from ulmfit_app.data.vocabulary import make_vocab
from ulmfit_app.errors import DataError
from ulmfit_app.schema import PAD_ID, Split

BS, SEQ_LEN = 64, 72  # fastai's defaults
CLASSIFIER_ROWS, LM_ROWS = 9, 5  # the notebook's: show_batch() and show_batch(max_n=5)


@dataclass(frozen=True, slots=True)
class ClassifierBatch:
    """A classification minibatch of `shape` (texts, longest text in tokens); `rows` of tokens and category."""

    shape: tuple[int, int]
    rows: list[tuple[list[str], str]]


@dataclass(frozen=True, slots=True)
class LmBatch:
    """A language-model minibatch of `shape` (streams, tokens); `rows` of input and target tokens.

    `shifted`: every target is its input moved on by one token, in the whole minibatch.
    """

    shape: tuple[int, int]
    rows: list[tuple[list[str], list[str]]]
    shifted: bool


def show_classifier_batch(dataset: Dataset, on_progress: Progress | None = None, seed: int = SEED) -> ClassifierBatch:
    """A minibatch of training texts drawn by `seed`, the longest first as fastai's `SortedDL` begins."""
    rows = dataset.rows(Split.TRAIN)
    if not len(dataset.info.labels) or not len(rows):
        raise DataError(
            f"The dataset '{dataset.info.name}' has no labelled training texts.", todo="Look at its LM minibatch."
        )
    table = dataset.token_table(on_progress)
    vocab = make_vocab(table.counts(rows))
    drawn = dataset.draw(Split.TRAIN, BS, seed)
    drawn = drawn[np.argsort(-table.lengths()[drawn], kind="stable")]
    batch = classifier_batch(table.numericalise(vocab, drawn), SEQ_LEN)
    labels = [dataset.info.labels[label] for label in dataset.label_ids[drawn].tolist()]
    texts = [_words(vocab, ids[ids != PAD_ID]) for ids in batch[:CLASSIFIER_ROWS]]
    return ClassifierBatch((batch.shape[0], batch.shape[1]), list(zip(texts, labels, strict=False)))


def show_lm_batch(dataset: Dataset, on_progress: Progress | None = None, seed: int = SEED) -> LmBatch:
    """The first minibatch of the language model's training texts, shuffled by `seed`."""
    rows, _ = dataset.lm_rows()
    table = dataset.token_table(on_progress)
    vocab = make_vocab(table.counts(rows))
    order = np.random.default_rng(seed).permutation(rows)
    for x, y in lm_batches(table.numericalise(vocab, order), BS, SEQ_LEN):
        pairs = [(_words(vocab, x[row]), _words(vocab, y[row])) for row in range(LM_ROWS)]
        return LmBatch((x.shape[0], x.shape[1]), pairs, is_shifted(x, y))
    raise DataError(f"The dataset '{dataset.info.name}' has too few tokens for one minibatch of {BS} streams.")


def _words(vocab: list[str], ids: NDArray[np.int64]) -> list[str]:
    return [vocab[word] for word in ids.tolist()]
