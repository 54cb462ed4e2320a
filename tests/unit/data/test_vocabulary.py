"""Vocabularies against fastai's make_vocab."""

from collections import Counter

from fastai.text.data import make_vocab as fastai_make_vocab
from hypothesis import given
from hypothesis import strategies as st

from ulmfit_app.data.vocabulary import make_vocab, vocabulary_fit
from ulmfit_app.schema import FAKE, SPECIAL_TOKENS

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


def test_the_fit_counts_words_without_padding() -> None:
    fit = vocabulary_fit(["the", "film", FAKE], ["the", "movie", "film", "bad", FAKE, FAKE])
    assert (fit.kept, fit.new, fit.share) == (2, 2, 0.5)
