"""What a dataset's texts are like: balance of labels, lengths in words, repeated texts; and search in them.

A word is what stands between white space; tokens are counted by `token_table`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ulmfit_app.data.dataset import Dataset
from ulmfit_app.schema import Split

BINS = 40
TAIL = 0.99  # the longest hundredth of the texts shares the last bin
QUANTILES = (0.0, 0.25, 0.5, 0.75, 0.95, 1.0)
LABELLED = (Split.TRAIN, Split.VALID)
BEFORE, AFTER = 80, 220  # characters of an excerpt around its first match


@dataclass(frozen=True, slots=True)
class LabelCount:
    """Texts of one label on either side of the split."""

    label: str
    train: int
    valid: int


@dataclass(frozen=True, slots=True)
class Repeat:
    """A text that occurs more than once: the `rows` (from 0) it is in, its labels ("" for none) and splits there."""

    text: str
    rows: tuple[int, ...]
    labels: tuple[str, ...]
    splits: tuple[Split, ...]


@dataclass(frozen=True, slots=True)
class Hit:
    """A text that was found: its `row` from 0, its `length` in characters, an `excerpt`, and the marks in that.

    `marks`: start and end of every match in the excerpt. `cut`: the excerpt starts after, ends before the text does.
    """

    row: int
    label: str
    split: Split
    length: int
    excerpt: str
    marks: tuple[tuple[int, int], ...]
    cut: tuple[bool, bool]


def label_counts(dataset: Dataset) -> list[LabelCount]:
    """Texts per label and split, in the order of the labels."""
    n = len(dataset.info.labels)
    train, valid = (np.bincount(dataset.label_ids[dataset.rows(split)], minlength=n).tolist() for split in LABELLED)
    return [LabelCount(*row) for row in zip(dataset.info.labels, train, valid, strict=True)]


def lengths(dataset: Dataset) -> NDArray[np.int64]:
    """The length of every text in words."""
    return np.fromiter((len(text.split()) for text in dataset.texts), np.int64, len(dataset.texts))


def length_quantiles(words: NDArray[np.int64]) -> dict[float, int]:
    """The lengths at or below which the shares `QUANTILES` of the texts lie; 0 is the shortest, 0.5 the median."""
    return {share: int(np.quantile(words, share, method="lower")) for share in QUANTILES}


def length_histogram(words: NDArray[np.int64]) -> tuple[list[int], list[int]]:
    """Edges of at most `BINS` + 1 equal bins from 0 and the number of texts in each; the last bin is open upwards."""
    top = int(np.quantile(words, TAIL, method="lower"))
    step = max(1, -(-top // BINS))
    bins = top // step + 1
    counts = np.bincount(np.minimum(words // step, bins - 1), minlength=bins)
    return list(range(0, (bins + 1) * step, step)), counts.tolist()


def duplicates(dataset: Dataset) -> list[Repeat]:
    """The texts that occur more than once exactly as they are, the most frequent first, then in file order."""
    rows_of: dict[str, list[int]] = {}
    for row, text in enumerate(dataset.texts):
        rows_of.setdefault(text, []).append(row)
    repeated = sorted((rows for rows in rows_of.values() if len(rows) > 1), key=len, reverse=True)
    return [
        Repeat(
            dataset.texts[rows[0]],
            tuple(rows),
            tuple(dict.fromkeys(label_of(dataset, row) for row in rows)),
            tuple(dict.fromkeys(Split(dataset.splits[row]) for row in rows)),
        )
        for rows in repeated
    ]


def search(
    dataset: Dataset,
    words: Sequence[str],
    *,
    label: str | None = None,
    split: Split | None = None,
    limit: int = 20,
    seed: int = 0,
) -> tuple[int, list[Hit]]:
    """How many texts contain all `words` (parts of words count, upper case does not matter), and the first `limit`.

    `label` "" stands for texts without one. Without `words`: `limit` texts drawn with `seed`, stratified by label.
    """
    rows = _rows(dataset, label, split)
    if words:
        wanted = [word.lower() for word in words]
        found = [row for row in rows.tolist() if all(word in dataset.texts[row].lower() for word in wanted)]
        return len(found), [_hit(dataset, row, words) for row in found[:limit]]
    return len(rows), [_hit(dataset, row, ()) for row in dataset.sample(rows, limit, seed).tolist()]


def label_of(dataset: Dataset, row: int) -> str:
    """The label of a row, "" if it has none."""
    number = int(dataset.label_ids[row])
    return "" if number < 0 else dataset.info.labels[number]


def _rows(dataset: Dataset, label: str | None, split: Split | None) -> NDArray[np.int64]:
    chosen = np.ones(len(dataset.texts), bool) if split is None else dataset.splits == split.value
    if label is not None:
        number = dataset.info.labels.index(label) if label in dataset.info.labels else -1
        chosen = chosen & (dataset.label_ids == number)
    return np.flatnonzero(chosen)


def _hit(dataset: Dataset, row: int, words: Sequence[str]) -> Hit:
    text = dataset.texts[row]
    pattern = re.compile("|".join(map(re.escape, words)) or "(?!)", re.IGNORECASE)
    first = pattern.search(text)
    start = max(0, first.start() - BEFORE) if first else 0
    end = (first.start() if first else 0) + AFTER
    excerpt = text[start:end]
    marks = tuple(match.span() for match in pattern.finditer(excerpt))
    split = Split(dataset.splits[row])
    return Hit(row, label_of(dataset, row), split, len(text), excerpt, marks, (start > 0, end < len(text)))
