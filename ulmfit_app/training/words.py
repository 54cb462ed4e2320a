"""The words of the texts that a training would read, beside those of its parent: counted before it starts."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ulmfit_app.data.dataset import Dataset
from ulmfit_app.data.token_table import cached
from ulmfit_app.data.tokens import Tokenizer
from ulmfit_app.data.vocabulary import Fit, make_vocab, vocabulary_fit
from ulmfit_app.schema import Kind, Recipe, Split

SAMPLE = 300  # texts read where the tokens of the dataset are not in the cache: a second


@dataclass(frozen=True, slots=True)
class Words:
    """`fit`: the parent's words against those of the texts that occur `min_freq` times and the special tokens.

    `unknown`: share of the running words that the parent does not know. `tokens`: of all training texts; with a
    `sample` of so many texts (None: all were counted), scaled up from it.
    """

    fit: Fit
    unknown: float
    tokens: int
    sample: int | None


def compare(dataset: Dataset, recipe: Recipe, parent: Sequence[str], seed: int, limit: int | None = None) -> Words:
    """The words of `dataset`'s training texts against the vocabulary `parent` (empty: random weights)."""
    rows = _rows(dataset, recipe, seed, limit)
    table = cached(dataset.texts, dataset.info.language)
    if table is not None:
        counts, read, sample = table.counts(rows), _cut(table.lengths()[rows], recipe.first_tokens), None
    else:
        drawn = dataset.sample(rows, SAMPLE, seed)
        counts, lengths = _counted(dataset, drawn)
        read, sample = _cut(lengths, recipe.first_tokens), None if len(drawn) == len(rows) else len(drawn)
    words = make_vocab(counts, recipe.min_freq, recipe.max_vocab)
    tokens = int(read.sum() * len(rows) / max(1, len(read)))
    return Words(vocabulary_fit(parent, words), _unknown(counts, parent), tokens, sample)


def _rows(dataset: Dataset, recipe: Recipe, seed: int, limit: int | None) -> NDArray[np.int64]:
    if recipe.kind is Kind.LM:
        rows, _ = dataset.lm_rows(count_validation=recipe.count_validation)
    else:
        rows = dataset.rows(Split.TRAIN)
    n = limit or recipe.train_texts
    return rows if n is None else dataset.sample(rows, n, seed)


def _counted(dataset: Dataset, rows: NDArray[np.int64]) -> tuple[Counter[str], NDArray[np.int64]]:
    """How often each word occurs in the texts `rows`, and the tokens of each text (rows,)."""
    tokenizer, counts, lengths = Tokenizer(dataset.info.language), Counter[str](), []
    for text in dataset.texts_of(rows):
        tokens = tokenizer(text)
        counts.update(tokens)
        lengths.append(len(tokens))
    return counts, np.array(lengths, np.int64)


def _cut(lengths: NDArray[np.int64], first_tokens: int | None) -> NDArray[np.int64]:
    return lengths if first_tokens is None else np.minimum(lengths, first_tokens)


def _unknown(counts: Counter[str], parent: Sequence[str]) -> float:
    known = set(parent)
    return sum(n for word, n in counts.items() if word not in known) / max(1, counts.total())
