"""Holding out and drawing: shares, duplicates, determinism."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ulmfit_app.data.splits import draw, hold_out

rows_of_labels = st.lists(st.tuples(st.integers(0, 12), st.integers(-1, 3)), min_size=1, max_size=60)


@given(rows_of_labels, st.integers(0, 5))
def test_identical_texts_stay_together_and_every_label_is_on_both_sides(rows: list[tuple[int, int]], seed: int) -> None:
    texts, labels = [str(text) for text, _ in rows], np.array([label for _, label in rows])
    held_out = hold_out(texts, labels, 0.2, seed)
    sides: dict[str, set[bool]] = {}
    for text, side in zip(texts, held_out.tolist(), strict=True):
        sides.setdefault(text, set()).add(side)
    assert all(len(side) == 1 for side in sides.values())
    first = dict(reversed(list(zip(texts, labels.tolist(), strict=True))))
    for label in set(first.values()):
        own = [held_out[texts.index(text)] for text in first if first[text] == label]
        assert not all(own)


def test_the_share_is_exact_per_label() -> None:
    labels = np.array([0] * 50 + [1] * 150)
    held_out = hold_out([f"text {i}" for i in range(200)], labels, 0.2)
    assert [int(held_out[labels == label].sum()) for label in (0, 1)] == [10, 30]


def test_a_label_with_two_texts_has_one_on_each_side() -> None:
    assert hold_out(["a", "b"], np.zeros(2, np.int64), 0.2).sum() == 1


def test_the_order_of_the_file_does_not_matter_but_the_seed_does() -> None:
    texts = [f"text {i}" for i in range(100)]
    labels = np.zeros(100, np.int64)
    held_out = hold_out(texts, labels, 0.2)
    assert np.array_equal(hold_out(texts[::-1], labels, 0.2), held_out[::-1])
    assert not np.array_equal(hold_out(texts, labels, 0.2, seed=43), held_out)


@given(st.lists(st.integers(-1, 4), min_size=1, max_size=80), st.integers(1, 90), st.integers(0, 5))
def test_a_draw_has_the_number_asked_for_and_every_label(labels: list[int], n: int, seed: int) -> None:
    label_ids = np.array(labels)
    drawn = draw(label_ids, n, seed)
    assert len(drawn) == len(set(drawn.tolist())) == min(n, len(labels))
    assert drawn.tolist() == sorted(drawn.tolist())
    if n >= len(set(labels)):
        assert set(label_ids[drawn].tolist()) == set(labels)


def test_a_draw_is_stratified_and_fixed_by_its_seed() -> None:
    labels = np.repeat([0, 1, 2], [600, 300, 100])
    drawn = draw(labels, 100, seed=1)
    assert np.bincount(labels[drawn]).tolist() == [60, 30, 10]
    assert np.array_equal(drawn, draw(labels, 100, seed=1))
    assert not np.array_equal(drawn, draw(labels, 100, seed=2))
