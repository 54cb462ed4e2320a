"""A `Table` of texts becomes a `Dataset`: labels in order, a fixed split, alone or added to an existing dataset."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ulmfit_app.data.columns import sort_labels
from ulmfit_app.data.dataset import Dataset, describe
from ulmfit_app.data.splits import SEED, hold_out
from ulmfit_app.data.table import Table
from ulmfit_app.schema import Split

VALID_SHARE = 0.2
DRAWN = f"{VALID_SHARE:.0%} of each label, drawn with seed {SEED}, identical texts on one side"
NONE = "none: there are no labels; the language model holds out a tenth of its own"


def assemble(name: str, table: Table, *, source: str, base: Dataset | None = None) -> Dataset:
    """The dataset `name` of the texts of `table`, after those of `base`, whose split stays as it is."""
    labels = _labels(table, base)
    ids = _ids(table.labels, labels)
    splits, words = _split(table, ids)
    texts: Sequence[str] = table.texts
    if base:
        splits = _with_twins(table.texts, splits, base)
        texts = [*base.texts, *texts]
        ids = np.concatenate([_ids(_names(base), labels), ids])
        splits = np.concatenate([base.splits, splits])
        words = f"“{base.info.name}”: {base.info.split}; added texts: {words}"
    info = describe(
        name,
        source=source,
        split=words,
        labels=labels,
        texts=texts,
        label_ids=ids,
        splits=splits,
        findings=table.findings,
    )
    return Dataset(info, texts, ids, splits)


def _labels(table: Table, base: Dataset | None) -> list[str]:
    labels = {label for label in table.labels if label is not None}
    return sort_labels(labels | set(base.info.labels if base else ()), table.numbers)


def _ids(names: Sequence[str | None], labels: Sequence[str]) -> NDArray[np.int64]:
    index = {label: i for i, label in enumerate(labels)}
    return np.array([-1 if name is None else index[name] for name in names], np.int64)


def _names(dataset: Dataset) -> list[str | None]:
    return [None if i < 0 else dataset.info.labels[i] for i in dataset.label_ids.tolist()]


def _split(table: Table, ids: NDArray[np.int64]) -> tuple[NDArray[np.str_], str]:
    """The split of each row, and how it was made in words: the table's own where it has two sides, else drawn."""
    splits = np.full(len(ids), Split.UNLABELLED.value)
    labelled = np.flatnonzero(ids >= 0)
    if not len(labelled):
        return splits, NONE
    splits[labelled] = Split.TRAIN.value
    own = np.array([bool(table.valid[row]) for row in labelled], bool)
    if own.any() and not own.all():
        splits[labelled[own]] = Split.VALID.value
        return splits, table.split
    drawn = hold_out([table.texts[row] for row in labelled], ids[labelled], VALID_SHARE)
    splits[labelled[drawn]] = Split.VALID.value
    return splits, DRAWN


def _with_twins(texts: Sequence[str], splits: NDArray[np.str_], base: Dataset) -> NDArray[np.str_]:
    """`splits` with every labelled text that `base` has already on the side where `base` has it."""
    sides = {
        text: side for text, side in zip(base.texts, base.splits.tolist(), strict=True) if side != Split.UNLABELLED
    }
    return np.array(
        [
            side if side == Split.UNLABELLED else sides.get(text, side)
            for text, side in zip(texts, splits.tolist(), strict=True)
        ],
        dtype=splits.dtype,
    )
