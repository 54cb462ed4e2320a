"""The tokenised texts of a dataset and what people ask of them: vocabularies, frequencies, the stream of an LM.

Everything is computed at the first question and kept. A large dataset can be looked at through a `sample` of its texts;
everything is then counted in the sample alone. How it is shown is not decided here.
"""

from collections import Counter
from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ulmfit_app.data.dataset import Dataset
from ulmfit_app.data.minibatches import Ids
from ulmfit_app.data.splits import SEED
from ulmfit_app.data.token_table import TokenTable
from ulmfit_app.data.vocabulary import make_vocab
from ulmfit_app.schema import Split

SAMPLE = 2_000  # texts


def sample(dataset: Dataset, texts: int = SAMPLE, seed: int = SEED) -> Dataset:
    """`texts` of the dataset's texts, stratified by label, in their order and splits; all of them if it has no more.

    Its `info` is still that of the whole dataset.
    """
    rows = dataset.sample(np.arange(len(dataset.texts)), texts, seed)
    if len(rows) == len(dataset.texts):
        return dataset
    return Dataset(dataset.info, dataset.texts_of(rows), dataset.label_ids[rows], dataset.splits[rows])


class Exploration:
    """The texts of `dataset` and their tokens in `table`."""

    def __init__(self, dataset: Dataset, table: TokenTable) -> None:
        self.dataset, self.table = dataset, table

    @cached_property
    def labelled(self) -> NDArray[np.int64]:
        """The training rows of a classifier."""
        return self.dataset.rows(Split.TRAIN)

    @cached_property
    def vocab(self) -> list[str]:
        """fastai's vocabulary of the labelled training texts."""
        return make_vocab(self.table.counts(self.labelled))

    @cached_property
    def lm_rows(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The rows that train a language model and those that validate it; see `Dataset.lm_rows`."""
        return self.dataset.lm_rows()

    @cached_property
    def lm_counts(self) -> Counter[str]:
        """How often each word occurs in the texts that train a language model."""
        return self.table.counts(self.lm_rows[0])

    @cached_property
    def ranked(self) -> list[tuple[str, int]]:
        """The same words with their counts, the most frequent first."""
        return self.lm_counts.most_common()

    @cached_property
    def lm_vocab(self) -> list[str]:
        """fastai's vocabulary of those texts."""
        return make_vocab(self.lm_counts)


class TokenStream:
    """The texts `rows` of `table` end to end, as ids of `vocab`; a `minibatches.Stream` that holds no tokens itself."""

    def __init__(self, table: TokenTable, rows: NDArray[np.int64], vocab: Sequence[str]) -> None:
        self._table, self._rows, self._lookup = table, rows, table.lookup(vocab)
        self._ends = np.cumsum(table.lengths()[rows])

    def __len__(self) -> int:
        """Tokens in the stream."""
        return int(self._ends[-1]) if len(self._ends) else 0

    def __getitem__(self, part: slice) -> Ids:
        """The tokens from `part.start` to `part.stop`."""
        first, last = np.searchsorted(self._ends, [part.start, part.stop - 1], side="right")
        texts = [self._table.ids_of(row) for row in self._rows[first : last + 1].tolist()]
        begin = part.start - int(self._ends[first]) + len(texts[0])
        return self._lookup[np.concatenate(texts)[begin : begin + part.stop - part.start]]
