"""Splitting piece by piece gives what spaCy gives for the whole text, also where special cases reach over spaces."""

import pytest
import spacy
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.unit.data.test_rules import odd_texts
from ulmfit_app.data import rules, words
from ulmfit_app.data.words import Splitter
from ulmfit_app.errors import DataError

PARTS = (
    "don't", "U.S.A.", "p.m.", "8p.m.", ":-)", ":", "-", ")", "8", "it's", "it", "'s", "’", "s", "(", "o", "…", "\n",
    "\n\n", "\t", "\u00a0", "word", "word.", '"word"', "e-mail", "$9.99", "xxunk", "co", ".", "a.", "naïve",
)  # fmt: skip
spaced = st.lists(st.sampled_from(PARTS) | st.text(max_size=6), max_size=15).flatmap(
    lambda parts: st.lists(st.sampled_from([" ", "", "\n ", " \n"]), min_size=len(parts), max_size=len(parts)).map(
        lambda gaps: "xxbos " + "".join(gap + part for gap, part in zip(gaps, parts, strict=True))
    )
)


@pytest.fixture(scope="module")
def splitter() -> Splitter:
    return Splitter("en")


@pytest.fixture(scope="module")
def whole() -> spacy.tokenizer.Tokenizer:
    """spaCy's own, which has seen nothing through pieces."""
    return words._spacy_tokenizer("en")


def expected(whole: spacy.tokenizer.Tokenizer, text: str) -> list[str]:
    return [rules.replace_space(token.text) for token in whole(text)]


@given(text=odd_texts.map(rules.apply) | spaced)
@example(text="xxbos : - ) and :-) at 8 p.m. , 8p.m. or it 's , it ’ s")
@example(text="xxbos \n a\n b \n  c ")
@settings(max_examples=400, deadline=None)
def test_the_tokens_are_those_of_the_whole_text(
    splitter: Splitter, whole: spacy.tokenizer.Tokenizer, text: str
) -> None:
    assert splitter(text) == expected(whole, text)
    assert splitter(text) == expected(whole, text)  # now that its pieces are known


def test_a_piece_is_split_once(monkeypatch: pytest.MonkeyPatch) -> None:
    splitter, asked = Splitter("en"), []
    original = splitter._split
    monkeypatch.setattr(splitter, "_split", lambda text: asked.append(text) or original(text))
    assert splitter("xxbos good film , good film") == ["xxbos", "good", "film", ",", "good", "film"]
    assert asked == ["xxbos", "good", "film", ","]
    splitter("xxbos : - )")
    assert asked[-1] == "xxbos : - )"  # might be a special case: spaCy gets the whole text


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "KEPT", 3)
    splitter = Splitter("en")
    long = "y" * (words.SHORT + 1)
    assert splitter(f"xxbos {long} a b c d") == ["xxbos", long, "a", "b", "c", "d"]
    assert set(splitter._known) == {"xxbos", "a", "b"}


def test_other_languages() -> None:
    text = "xxbos l'arte dell' altra , z.B. am 1. Mai : - )"
    for language in ("it", "de"):
        assert Splitter(language)(text) == expected(words._spacy_tokenizer(language), text)
    with pytest.raises(DataError, match="no tokenizer"):
        Splitter("zzz")
