"""Splitting prepared text into words as spaCy's blank tokenizer does, each different piece only once.

spaCy splits a text at white space, then every piece by itself, so a piece that was seen before need not be split again:
real texts take a tenth of the time. Only its special cases that hold punctuation (":-)", "p.m.") are looked for across
pieces; a text in which one could lie across a space goes through spaCy whole.
"""

import re
import threading
from itertools import combinations
from typing import Any

from ulmfit_app.data.rules import replace_space
from ulmfit_app.errors import DataError
from ulmfit_app.schema import SPECIAL_TOKENS

KEPT = 100_000  # pieces remembered at most, some 25 MB
SHORT = 40  # characters of a piece that is remembered at most

# Words, and white space but for the one blank that follows a word. (A prepared text begins with a word.)
_PIECES = re.compile(r"\S+|(?<= )\s+|(?<!\s)[^\S ]\s*")


class Splitter:
    """Callable: prepared text of `language` -> tokens. Thread-safe. Raises `DataError` for an unknown language."""

    def __init__(self, language: str) -> None:
        self._spacy = _spacy_tokenizer(language)
        self._lock = threading.Lock()  # guards spaCy's caches
        self._known: dict[str, list[str]] = {}
        self._in_special_cases = _parts_of_special_cases(self._spacy)

    def __call__(self, text: str) -> list[str]:
        """The tokens of `text`, spaces inside them replaced as fastai does."""
        tokens: list[str] = []
        last = ""
        for piece in _PIECES.findall(text):
            found = self._known.get(piece) or self._learnt(piece)
            if last + found[0] in self._in_special_cases:
                return self._split(text)
            tokens += found
            last = found[-1]
        return tokens

    def _learnt(self, piece: str) -> list[str]:
        found = self._split(piece)
        if len(self._known) < KEPT and len(piece) <= SHORT:
            self._known[piece] = found
        return found

    def _split(self, text: str) -> list[str]:
        with self._lock:
            return [replace_space(token.text) for token in self._spacy(text)]


def _spacy_tokenizer(language: str) -> Any:
    """spaCy's blank tokenizer of `language` with fastai's special cases.

    Source: `fastai.text.core.SpacyTokenizer`. A blank pipeline's `nlp.pipe` does nothing but call this tokenizer.
    """
    import spacy
    from spacy.symbols import ORTH

    try:
        tokenizer = spacy.blank(language).tokenizer
    except ImportError:
        raise DataError(f"spaCy has no tokenizer for the language “{language}”.", todo="Use “en”.") from None
    for token in SPECIAL_TOKENS:
        tokenizer.add_special_case(token, [{ORTH: token}])
    return tokenizer


def _parts_of_special_cases(tokenizer: Any) -> frozenset[str]:
    """All that two neighbouring tokens of a special case can read together.

    Source: `spacy.tokenizer.Tokenizer.add_special_case` (3.8), which says whose tokens are looked for in whole texts.
    """
    cases = [
        case.replace(" ", "")
        for case in tokenizer.rules
        if not tokenizer.faster_heuristics
        or " " in case
        or tokenizer.find_prefix(case)
        or tokenizer.find_infix(case)
        or tokenizer.find_suffix(case)
    ]
    return frozenset(case[start:end] for case in cases for start, end in combinations(range(len(case) + 1), 2))
