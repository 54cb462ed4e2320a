"""Tokens of one text against fastai's Tokenizer, and back to text."""

from concurrent.futures import ThreadPoolExecutor

import fastai.text.core as fastai_text
import pytest
from fastai.text.learner import decode_spec_tokens
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.data.test_rules import odd_texts
from ulmfit_app.data.rules import RULES, replace_space
from ulmfit_app.data.tokens import MAX_REPEAT, Tokenizer, decode, spacy_version, tokenizer_config
from ulmfit_app.errors import DataError
from ulmfit_app.schema import SPECIAL_TOKENS


@pytest.fixture(scope="module")
def spacy_tokenizer() -> fastai_text.SpacyTokenizer:
    """What `TextBlock` uses."""
    return fastai_text.SpacyTokenizer()


WORDS = (
    "don't", "U.S.A.", "http://a.b/c?d=e", ":-)", "$9.99", "10:30am", "e-mail", "naïve", "“quoted”", "xxunk", "xxmaj",
    "XXBOS",
)  # fmt: skip
sentences = st.lists(st.sampled_from(WORDS) | st.text(max_size=12), max_size=12).map(" ".join)


@given(text=odd_texts | sentences)
@settings(max_examples=150, deadline=None)
def test_tokens_of_odd_texts_are_fastais(spacy_tokenizer: fastai_text.SpacyTokenizer, text: str) -> None:
    tokens = Tokenizer()(text)
    assert tokens == list(fastai_text.tokenize1(text, spacy_tokenizer))
    # `Tokenizer.encodes` of a string, unlike what fastai trains on, leaves spaces inside tokens (2.8.12).
    assert tokens == [replace_space(token) for token in fastai_text.Tokenizer(spacy_tokenizer)(text)]


def test_an_empty_text_is_its_beginning() -> None:
    assert Tokenizer()("") == ["xxbos"]


def test_special_tokens_stay_whole() -> None:
    assert Tokenizer()(" ".join(SPECIAL_TOKENS))[1:] == list(SPECIAL_TOKENS)


def test_lone_surrogates_are_read_as_the_replacement_character() -> None:
    assert Tokenizer()("bad \ud800 text") == ["xxbos", "bad", "\ufffd", "text"]


def test_a_word_of_punctuation_does_not_take_for_ever() -> None:
    """spaCy alone would take about two minutes."""
    assert len(Tokenizer()(".," * 2500)) == 5001


def test_many_threads_get_the_same_tokens() -> None:
    texts = [f"Unseen{i} words{i * 7}, isn't it? {i}th-rate" for i in range(400)]
    expected = [Tokenizer()(text) for text in texts]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(Tokenizer(), texts)) == expected


def test_an_unknown_language_is_told() -> None:
    with pytest.raises(DataError, match="no tokenizer for the language “qqq”"):
        Tokenizer("qqq")("text")


def test_the_configuration_names_rules_and_version() -> None:
    config = tokenizer_config()
    assert (config.rules, config.language, config.spacy_version) == (RULES, "en", spacy_version())


@given(st.lists(st.sampled_from(["xxmaj", "xxup", "good", "Film", "3", "xxunk", "."]), max_size=12))
def test_decoding_case_is_fastais(tokens: list[str]) -> None:
    assert decode(tokens) == " ".join(decode_spec_tokens(tokens))


@pytest.mark.parametrize(
    ("tokens", "text"),
    [
        ("s xxrep 5 o good", "s ooooo good"),
        ("xxwrep 3 no way", "no no no way"),
        ("xxrep x a", "a"),
        ("xxup", ""),
        ("xxup xxmaj the", "The"),
        ("xxrep 2 a xxrep 3 b", "aa bbb"),
    ],
)
def test_decoding_repeats(tokens: str, text: str) -> None:
    assert decode(tokens.split()) == text


def test_a_generated_number_does_not_fill_the_memory() -> None:
    assert len(decode(["xxrep", "9" * 30, "a"])) == MAX_REPEAT
