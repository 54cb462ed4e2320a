"""Label balance, lengths, repeated texts and search, on a dataset small enough to count by hand."""

from itertools import pairwise

import numpy as np
import pytest

from ulmfit_app.data.dataset import Dataset, describe
from ulmfit_app.data.statistics import (
    LabelCount,
    duplicates,
    label_counts,
    length_histogram,
    length_quantiles,
    lengths,
    search,
)
from ulmfit_app.schema import Split

ROWS = (
    ("A good film, GOOD to the end", 1, "train"),
    ("Bad", 0, "train"),
    ("Bad", 0, "valid"),
    ("Bad", 1, "train"),
    ("no label at all", -1, "unlabelled"),
    ("  spaces   and\nlines  ", 1, "valid"),
    ("no label at all", -1, "unlabelled"),
)


@pytest.fixture
def dataset() -> Dataset:
    texts, ids, splits = (list(column) for column in zip(*ROWS, strict=True))
    label_ids, parts = np.array(ids, np.int64), np.array(splits)
    info = describe(
        "toy", source="test", split="given", labels=["neg", "pos"], texts=texts, label_ids=label_ids, splits=parts
    )
    return Dataset(info, texts, label_ids, parts)


def test_labels_are_counted_on_either_side(dataset: Dataset) -> None:
    assert label_counts(dataset) == [LabelCount("neg", 1, 1), LabelCount("pos", 2, 1)]


def test_lengths_are_in_words(dataset: Dataset) -> None:
    words = lengths(dataset)
    assert words.tolist() == [7, 1, 1, 1, 4, 3, 4]
    assert length_quantiles(words) == {0.0: 1, 0.25: 1, 0.5: 3, 0.75: 4, 0.95: 4, 1.0: 7}


def test_every_text_is_in_one_bin(dataset: Dataset) -> None:
    for words in (lengths(dataset), np.arange(1000), np.array([5]), np.array([0, 10**6])):
        edges, counts = length_histogram(words)
        assert sum(counts) == len(words) and len(edges) == len(counts) + 1 <= 42
        inside = [int(((words >= low) & (words < high)).sum()) for low, high in pairwise(edges)]
        assert counts[:-1] == inside[:-1]


def test_repeated_texts_are_found_with_their_labels_and_sides(dataset: Dataset) -> None:
    first, second = duplicates(dataset)
    assert (first.text, first.rows, first.labels) == ("Bad", (1, 2, 3), ("neg", "pos"))
    assert first.splits == (Split.TRAIN, Split.VALID)
    assert (second.rows, second.labels, second.splits) == ((4, 6), ("",), (Split.UNLABELLED,))


def test_search_marks_every_match_of_all_words(dataset: Dataset) -> None:
    total, (hit,) = search(dataset, ["good", "END"])
    assert (total, hit.row, hit.label, hit.split) == (1, 0, "pos", Split.TRAIN)
    assert [hit.excerpt[start:end] for start, end in hit.marks] == ["good", "GOOD", "end"]
    assert search(dataset, ["good", "absent"]) == (0, [])


def test_search_keeps_to_label_and_split_and_limit(dataset: Dataset) -> None:
    assert [hit.row for hit in search(dataset, ["bad"], label="neg")[1]] == [1, 2]
    assert [hit.row for hit in search(dataset, ["bad"], split=Split.TRAIN)[1]] == [1, 3]
    total, hits = search(dataset, ["a"], label="", limit=1)
    assert (total, [hit.row for hit in hits]) == (2, [4])


def test_without_words_a_sample_is_drawn_by_seed(dataset: Dataset) -> None:
    total, hits = search(dataset, [], limit=3, seed=1)
    assert (total, len(hits)) == (7, 3) and hits == search(dataset, [], limit=3, seed=1)[1]
    assert all(hit.marks == () for hit in hits)


@pytest.mark.parametrize("word", ["(", "*", "[a", "\\"])
def test_signs_of_regular_expressions_are_only_signs(dataset: Dataset, word: str) -> None:
    dataset.texts = [f"x {word} y", *list(dataset.texts)[1:]]
    total, (hit,) = search(dataset, [word])
    assert total == 1 and hit.marks == ((2, 2 + len(word)),)


def test_a_long_text_is_cut_around_the_match(dataset: Dataset) -> None:
    dataset.texts = ["word " * 1000 + "needle" + " word" * 1000, *list(dataset.texts)[1:]]
    _, (hit,) = search(dataset, ["needle"])
    assert len(hit.excerpt) < 320 and hit.cut == (True, True)
    ((start, end),) = hit.marks
    assert hit.excerpt[start:end] == "needle"
