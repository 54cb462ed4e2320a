"""Vocabularies against fastai's make_vocab."""

from collections import Counter

from fastai.text.data import make_vocab as fastai_make_vocab
from hypothesis import given
from hypothesis import strategies as st

from ulmfit_app.data.vocabulary import WordRow, coverage, find_words, make_vocab, vocabulary_fit
from ulmfit_app.schema import FAKE, SPECIAL_TOKENS, UNK

words = st.sampled_from([*SPECIAL_TOKENS, "the", "a", "of", "film", "movie", "good", "bad", *map(str, range(20))])


@given(
    st.dictionaries(words, st.integers(1, 6)),
    st.integers(1, 4),
    st.integers(16, 40),
)
def test_the_vocabulary_is_fastais(counts: dict[str, int], min_freq: int, max_vocab: int) -> None:
    counter = Counter(counts)
    assert make_vocab(counter, min_freq, max_vocab) == fastai_make_vocab(counter, min_freq, max_vocab)


def test_the_vocabulary_is_padded_to_a_multiple_of_eight_even_when_it_is_one() -> None:
    vocab = make_vocab(Counter({f"word{i}": 3 for i in range(7)}))
    assert len(vocab) == 24 and vocab[16:] == [FAKE] * 8


def test_the_fit_counts_words_without_padding_and_special_tokens() -> None:
    fit = vocabulary_fit([UNK, "the", "film", FAKE], [UNK, "the", "movie", "film", "bad", FAKE, FAKE])
    assert (fit.kept, fit.new, fit.share) == (2, 2, 0.5)


def test_coverage_counts_words_and_running_tokens() -> None:
    counts = Counter({"the": 6, "film": 3, "zyzzyva": 1, UNK: 2, FAKE: 1})
    covered = coverage(counts, [UNK, "the", "film", "unused", FAKE])
    assert (covered.words, covered.kept, covered.tokens, covered.unknown) == (5, 2, 13, 4)
    assert covered.unknown_share == 4 / 13
    assert coverage(Counter(), ["the"]).unknown_share == 0


@given(st.dictionaries(words, st.integers(1, 6)), st.integers(1, 4))
def test_the_unknown_tokens_are_those_of_the_words_left_out(counts: dict[str, int], min_freq: int) -> None:
    vocab = make_vocab(Counter(counts), min_freq)
    left_out = sum(n for word, n in counts.items() if word not in vocab or word == UNK)
    assert coverage(Counter(counts), vocab).unknown == left_out


def test_words_are_found_by_a_part_of_them_with_rank_and_id() -> None:
    ranked = Counter({"film": 2, "the": 5, FAKE: 1, "filmed": 1}).most_common()
    vocab = [UNK, "the", "filmed", FAKE]
    assert find_words(ranked, vocab, " Film ", 9) == ([WordRow(2, "film", 2, None), WordRow(4, "filmed", 1, 2)], 2)
    assert find_words(ranked, vocab, "film", 1) == ([WordRow(2, "film", 2, None)], 2)
    assert [row.id for row in find_words(ranked, vocab, "", 9)[0]] == [1, None, None, 2]
    assert find_words(ranked, vocab, "zyzzyva", 9) == ([], 0)


def test_a_parent_that_knows_next_to_nothing_is_told() -> None:
    words = [f"w{number}" for number in range(100)]
    assert vocabulary_fit(words[:9], words).too_small
    assert not vocabulary_fit(words[:10], words).too_small
