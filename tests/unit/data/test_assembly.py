"""From a table to a dataset, alone and on top of another."""

import numpy as np
import pytest

from ulmfit_app.data.assembly import NONE, assemble
from ulmfit_app.data.table import Table
from ulmfit_app.schema import Counts, Split

DRAWN = "20% of each label, drawn with seed 42, identical texts on one side"


def _table(labels: list[str | None], *, valid: list[bool | None] | None = None, start: int = 0) -> Table:
    n = len(labels)
    return Table([f"text {start + i}" for i in range(n)], labels, valid or [None] * n, [0] * n, [""] * n)


def test_labelled_texts_are_split_and_the_others_kept() -> None:
    made = assemble("own", _table(["b", "a"] * 10 + [None] * 5), source="a test")
    assert made.info.labels == ("a", "b") and made.label_ids[:2].tolist() == [1, 0]
    assert made.info.counts == Counts(train=16, valid=4, unlabelled=5) and made.info.split == DRAWN
    assert np.bincount(made.label_ids[made.rows(Split.VALID)]).tolist() == [2, 2]
    assert made.rows(Split.UNLABELLED).tolist() == list(range(20, 25))


def test_texts_without_any_label_have_no_split() -> None:
    made = assemble("own", _table([None] * 5), source="a test")
    assert made.info.labels == () and made.info.counts.unlabelled == 5 and made.info.split == NONE


def test_the_tables_own_split_counts() -> None:
    table = _table(["a", "b", "a", "b", None], valid=[True, False, False, True, True])
    table.split = "as a column says"
    made = assemble("own", table, source="a test")
    assert made.splits.tolist() == ["valid", "train", "train", "valid", "unlabelled"]
    assert made.info.split == "as a column says"


def test_texts_on_both_sides_of_a_given_split_are_counted_and_stay() -> None:
    table = _table(["a", "b", "a", "b"], valid=[True, False, False, True])
    table.texts[0] = table.texts[2]
    made = assemble("own", table, source="a test")
    assert made.splits.tolist() == ["valid", "train", "train", "valid"]
    (item,) = made.info.findings
    assert (item.problem, item.count, item.fatal) == ("in both splits", 1, False)
    assert "Validation texts that also occur in training: 1. The split is kept" in item.message


def test_a_label_that_only_validates_is_a_finding() -> None:
    made = assemble("own", _table(["a", "b", "c"], valid=[False, False, True]), source="a test")
    (item,) = made.info.findings
    assert (item.problem, item.count) == ("too few rows in a class", 1) and "validation only: “c”" in item.message
    base = assemble("base", _table(["b", "c"] * 10, start=10), source="a test")
    table = _table(["b", "c"], valid=[False, True])
    assert assemble("more", table, source="a test", base=base).info.findings == ()


@pytest.mark.parametrize("side", [True, False])
def test_a_split_with_one_side_only_is_drawn_instead(side: bool) -> None:
    made = assemble("own", _table(["a", "b"] * 10, valid=[side] * 20), source="a test")
    assert made.info.counts.valid == 4 and made.info.split == DRAWN


def test_numbers_are_sorted_by_value_in_tables_and_as_text_in_folders() -> None:
    table = _table(["10", "2"] * 5)
    assert assemble("own", table, source="a test").info.labels == ("2", "10")
    table.numbers = False
    assert assemble("own", table, source="a test").info.labels == ("10", "2")


def test_added_texts_follow_the_base_whose_split_stays() -> None:
    base = assemble("base", _table(["b", "c"] * 10), source="a test")
    made = assemble("more", _table(["a"] * 10 + [None], start=100), source="a test", base=base)
    assert made.info.labels == ("a", "b", "c") and list(made.texts)[:20] == list(base.texts)
    assert made.splits[:20].tolist() == base.splits.tolist()
    assert made.label_ids[:2].tolist() == [1, 2] and made.label_ids[20:].tolist() == [0] * 10 + [-1]
    assert made.info.counts == Counts(train=24, valid=6, unlabelled=1)
    assert made.info.split == f"“base”: {DRAWN}; added texts: {DRAWN}"


def test_an_added_text_that_the_base_has_stays_on_its_side() -> None:
    base = assemble("base", _table(["a", "b"] * 10), source="a test")
    again = assemble("more", _table(["a", "b"] * 10), source="a test", base=base)
    assert again.splits[20:].tolist() == base.splits.tolist()
