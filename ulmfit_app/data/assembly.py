"""A `Table` of texts becomes a `Dataset`: labels in order, a fixed split, alone or added to an existing dataset."""

from collections.abc import Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from ulmfit_app.data.columns import sort_labels
from ulmfit_app.data.dataset import Dataset, describe
from ulmfit_app.data.findings import finding
from ulmfit_app.data.splits import SEED, hold_out
from ulmfit_app.data.table import Table
from ulmfit_app.data.textstore import AppendedTexts
from ulmfit_app.errors import DataError
from ulmfit_app.schema import Finding, Split

VALID_SHARE = 0.2
NONE = "none: there are no labels; the language model holds out a tenth of its own"


def assemble(name: str, table: Table, *, source: str, base: Dataset | None = None) -> Dataset:
    """The dataset `name` of the texts of `table`, after those of `base`, whose split stays as it is."""
    labels = _labels(table, base)
    ids = _ids(table.labels, labels)
    splits, words = _split(table, ids)
    texts: Sequence[str] = table.texts
    if base:
        splits = _with_twins(table.texts, splits, base)
        texts = AppendedTexts(chain(base.texts, texts))
        ids = np.concatenate([_ids(names_of(base), labels), ids])
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
        read_as=table.read_as,
        findings=[*table.findings, *_split_findings(labels, texts, ids, splits)],
    )
    return Dataset(info, texts, ids, splits)


def split_again(dataset: Dataset, share: float, seed: int) -> Dataset:
    """The same texts, of which another `share` (0 to 1) of each label validates. Unlabelled texts stay what they are.

    Raises DataError if no text has a label, or the share leaves a side of the split without texts.
    """
    info = dataset.info
    labelled = np.flatnonzero(dataset.label_ids >= 0)
    if not len(labelled):
        raise DataError(f"“{info.name}” has no labels, so there is nothing to split.")
    if not 0 < share < 1:
        raise DataError(f"A share of {share:g} cannot be held out.", todo="Give one between 0 and 1, such as 0.2.")
    splits = dataset.splits.copy()
    splits[labelled] = Split.TRAIN.value
    drawn = hold_out(dataset.texts_of(labelled), dataset.label_ids[labelled], share, seed)
    splits[labelled[drawn]] = Split.VALID.value
    again = describe(
        info.name,
        source=info.source,
        split=_drawn(share, seed),
        labels=info.labels,
        texts=dataset.texts,
        label_ids=dataset.label_ids,
        splits=splits,
        read_as=info.read_as,
        findings=[item for item in info.findings if item.problem != "in both splits"],
    )
    return Dataset(again, dataset.texts, dataset.label_ids, splits)


def _drawn(share: float, seed: int) -> str:
    """How a drawn split is described."""
    return f"{100 * share:g}% of each label, drawn with seed {seed}, identical texts on one side"


def _labels(table: Table, base: Dataset | None) -> list[str]:
    labels = {label for label in table.labels if label is not None}
    return sort_labels(labels | set(base.info.labels if base else ()), table.numbers)


def _ids(names: Sequence[str | None], labels: Sequence[str]) -> NDArray[np.int64]:
    index = {label: i for i, label in enumerate(labels)}
    return np.array([-1 if name is None else index[name] for name in names], np.int64)


def names_of(dataset: Dataset) -> list[str | None]:
    """The label of each row, None where it has none."""
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
    drawn = hold_out((table.texts[row] for row in labelled.tolist()), ids[labelled], VALID_SHARE)
    splits[labelled[drawn]] = Split.VALID.value
    return splits, _drawn(VALID_SHARE, SEED)


def _split_findings(
    labels: Sequence[str], texts: Sequence[str], ids: NDArray[np.int64], splits: NDArray[np.str_]
) -> list[Finding]:
    """What is wrong with a split that the data themselves give: texts on both sides, labels that cannot be learned."""
    training = splits == Split.TRAIN.value
    validating = np.flatnonzero(splits == Split.VALID.value).tolist()
    learned = {text for text, is_training in zip(texts, training.tolist(), strict=True) if is_training}
    shared = sum(texts[row] in learned for row in validating)
    absent = [labels[label] for label in np.setdiff1d(ids[validating], ids[training]).tolist()]
    found = []
    if shared:
        words = f"Validation texts that also occur in training: {shared:,}. The split is kept as the data give it, so "
        found.append(finding("in both splits", shared, words + "results will look better than they are."))
    if absent:
        names = ", ".join(f"“{label[:40]}”" for label in absent[:5]) + (", …" if len(absent) > 5 else "")
        words = f"Labels that occur in validation only: {names}. They cannot be learned."
        found.append(finding("too few rows in a class", len(absent), words))
    return found


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
