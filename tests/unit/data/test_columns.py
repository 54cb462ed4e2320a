"""Which column is the text, which the label; joining and sorting as fastai does."""

import pandas as pd
import pytest
from fastai.data.transforms import CategoryMap
from fastai.text.core import _join_texts

from ulmfit_app.data.columns import Columns, choose, join, sort_labels
from ulmfit_app.errors import DataError

ROWS = [("1", "pos", "A film with a long review of it", "x"), ("2", "neg", "Another review of some length", "x")] * 5


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("id", "sentiment", "review", "source"), Columns((2,), 1, None)),
        (("Label", "a", "b", "c"), Columns((2,), 0, None)),
        (("id", "a", "label", "c"), Columns((1,), 2, None)),
        (("id", "a", "b", "c"), Columns((2,), 0, None)),
    ],
)
def test_the_columns_are_guessed(names: tuple[str, ...], expected: Columns) -> None:
    assert choose(names, ROWS) == expected


def test_a_column_with_many_values_is_no_label() -> None:
    rows = [(str(i), f"A text of some length, number {i}", "ab"[i % 2]) for i in range(10)]
    assert choose(("id", "text", "kind"), rows) == Columns((1,), 2, None)
    assert choose(("id", "text"), [row[:2] for row in rows]).label is None


def test_named_columns_count() -> None:
    assert choose(("id", "kind", "title", "body"), ROWS, ["title", "body"], "id") == Columns((2, 3), 0, None)
    assert choose(("id", "label", "text", "c"), ROWS, None, "").label is None


def test_a_single_column_is_the_text_whatever_its_name() -> None:
    assert choose(("label",), [("A text",), ("Another",)]) == Columns((0,), None, None)


def test_is_valid_is_the_split_only_if_it_says_yes_or_no() -> None:
    rows = [("a text here", "pos", "True"), ("a text there", "neg", "False")]
    assert choose(("text", "label", "is_valid"), rows) == Columns((0,), 1, 2)
    assert choose(("text", "label", "is_valid"), [("a text here", "pos", "maybe")]).valid is None


@pytest.mark.parametrize(
    ("texts", "label"), [(["gone"], None), (None, "gone"), (["text"], "text"), (["text", "text"], None)]
)
def test_a_column_that_cannot_be_is_told(texts: list[str] | None, label: str | None) -> None:
    with pytest.raises(DataError, match=r"no column “gone”|both text and label|named twice"):
        choose(("text", "label"), [("a", "b")], texts, label)


@pytest.mark.parametrize("fields", [("one",), ("one", "two"), ("a", "", "c")])
def test_columns_are_joined_as_fastai_joins_them(fields: tuple[str, ...]) -> None:
    frame = pd.DataFrame([fields])
    assert join(fields) == _join_texts(frame, mark_fields=len(fields) > 1)[0]


@pytest.mark.parametrize("labels", [["pos", "neg", "Neg"], ["10", "2", "1"], ["1.5", "-2", "10"], ["b", "10", "9"]])
def test_labels_are_sorted_as_fastai_sorts_them(labels: list[str]) -> None:
    column = pd.Series(labels)
    numbers = pd.to_numeric(column, errors="coerce")
    read = column if numbers.isna().any() else numbers  # as pandas reads a file
    assert sort_labels(set(labels)) == [labels[list(read).index(item)] for item in CategoryMap(read)]


def test_folder_names_are_sorted_as_text() -> None:
    assert sort_labels({"10", "2"}, numbers=False) == list(CategoryMap(["2", "10"])) == ["10", "2"]
