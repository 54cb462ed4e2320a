"""The curve of frequency by rank."""

from hypothesis import given
from hypothesis import strategies as st

from ulmfit_app.charts.vocabulary import MOST, rank_frequency, thinned_ranks


@given(st.integers(0, 200_000))
def test_few_ranks_stand_for_all(words: int) -> None:
    ranks = thinned_ranks(words)
    assert len(ranks) <= MOST and ranks == sorted(set(ranks))
    assert not words or (ranks[0], ranks[-1]) == (1, words)


def test_words_in_and_outside_the_vocabulary_are_two_lines() -> None:
    known, unknown = rank_frequency([9, 5, 2, 1], kept=3).data
    assert (list(known.x), list(known.y)) == ([1, 2, 3], [9, 5, 2])
    assert (list(unknown.x), list(unknown.y)) == ([4], [1])
    assert known.line.dash != unknown.line.dash
