"""One text to tokens and back, exactly as fastai's `Tokenizer(SpacyTokenizer(lang))` does it.

The rules come from `rules.py`, the splitting from spaCy's blank tokenizer with fastai's special cases. Many texts go
through `token_table.tokenise`, which is parallel and cached. spaCy is imported at the first text (it imports torch).
"""

import re
from collections.abc import Iterable
from functools import cache
from importlib.metadata import version

from ulmfit_app.data import rules
from ulmfit_app.data.rules import TK_MAJ, TK_REP, TK_UP, TK_WREP
from ulmfit_app.data.words import Splitter
from ulmfit_app.schema import TokenizerConfig

MAX_REPEAT = 1000
MAX_WORD = 1000
_LONG_WORD = re.compile(rf"\S{{{MAX_WORD}}}(?=\S)")
_SURROGATES = re.compile("[\ud800-\udfff]")


class Tokenizer:
    """Tokens of one text at a time. Safe to call from several threads."""

    def __init__(self, language: str = "en") -> None:
        self.language = language

    def __call__(self, text: str) -> list[str]:
        """The tokens of `text`, `xxbos` first.

        Source: `fastai.text.core.TokenizeWithRules`, which prepares what fastai trains on. (`Tokenizer.encodes` of
        2.8.12 leaves out `replace_space`: `learn.predict` does not know the token of a newline and a space again.)

        Two things differ from fastai's. Lone surrogates, on which spaCy fails, are read as U+FFFD. A word of more than
        `MAX_WORD` characters is split there, because spaCy's time grows with the square of a word of punctuation (3.8:
        two minutes for 20,000 characters, with every other text waiting).
        """
        ready = _LONG_WORD.sub(r"\g<0> ", rules.apply(_SURROGATES.sub("\ufffd", text)))
        return _splitter(self.language)(ready)


@cache
def _splitter(language: str) -> Splitter:
    """The one of this process: what it has learnt serves every text."""
    return Splitter(language)


@cache
def spacy_version() -> str:
    """The installed spaCy's version, without importing it."""
    return version("spacy")


def tokenizer_config(language: str = "en") -> TokenizerConfig:
    """What a model folder records of the tokenizer."""
    return TokenizerConfig(rules=rules.RULES, language=language, spacy_version=spacy_version())


def decode(tokens: Iterable[str]) -> str:
    """Readable text: special tokens acted upon, tokens joined by spaces.

    Source: `fastai.text.learner.decode_spec_tokens`, without its slip (2.8.12) of repeating every token that follows
    an `xxrep`. A repeat counts at most `MAX_REPEAT` times: a generated number must not fill the memory.
    """
    words: list[str] = []
    rule, count = None, None
    for token in tokens:
        if token in (TK_MAJ, TK_UP, TK_REP, TK_WREP):
            rule, count = token, None
        elif rule in (TK_REP, TK_WREP) and count is None:
            count = _repeats(token)
            rule = rule if count is not None else None
        else:
            words.extend(_spelled(token, rule, count))
            rule, count = None, None
    return " ".join(words)


def _repeats(token: str) -> int | None:
    try:
        return min(int(token), MAX_REPEAT)
    except ValueError:
        return None


def _spelled(token: str, rule: str | None, count: int | None) -> list[str]:
    """What `token` stands for after the special token `rule`."""
    match rule:
        case rules.TK_MAJ:
            return [token[:1].upper() + token[1:].lower()]
        case rules.TK_UP:
            return [token.upper()]
        case rules.TK_REP:
            return [token * (count or 0)]
        case rules.TK_WREP:
            return [token] * (count or 0)
    return [token]
