"""Tokens as chips: fastai's special tokens muted, unknown words outlined and underlined, and a legend for both."""

from collections.abc import Collection, Iterable
from html import escape

import streamlit as st

from ulmfit_app.schema import SPECIAL_TOKENS, UNK

MEANINGS = {
    "xxbos": "a text begins",
    "xxeos": "a text ends: it is in every vocabulary, but no rule writes it",
    "xxmaj": "the next word began with a capital letter",
    "xxup": "the next word was written in capitals",
    "xxunk": "a word that the vocabulary does not have",
    "xxrep": "the next character was repeated: xxrep 4 ! was !!!!",
    "xxwrep": "the next word was repeated: xxwrep 3 no was no no no",
    "xxpad": "padding: it makes the texts of a minibatch equally long, and is left out where texts are shown",
    "xxfld": "the next column begins, in texts made of several columns",
    "\n\n": "an empty line: a new paragraph",
}
_MUTED = {*SPECIAL_TOKENS} - {UNK}


def draw_tokens(tokens: Iterable[str], unknown: Collection[str] = ()) -> None:
    """Draw `tokens` as a line of chips; those in `unknown`, and `xxunk` itself, marked."""
    st.html(f"<p class='ulmfit-tokens'>{chips(tokens, unknown)}</p>")


def chips(tokens: Iterable[str], unknown: Collection[str] = ()) -> str:
    """HTML of the chips, for drawings that put something beside them."""
    return " ".join(chip(token, known=token not in unknown) for token in tokens)


def chip(token: str, *, known: bool = True) -> str:
    """HTML of one chip. Line breaks and tabs are written as in Python: they would not be seen."""
    words = escape(token.replace("\n", "\\n").replace("\t", "\\t"))
    if not known or token == UNK:
        return f"<span class='ulmfit-token ulmfit-unknown' title='not in the vocabulary'>{words}</span>"
    look = " ulmfit-special" if token in _MUTED or not token.strip() else ""
    return f"<span class='ulmfit-token{look}'>{words}</span>"


def draw_legend() -> None:
    """Draw what the special tokens mean, one line each, and how an unknown word is marked."""
    rows = "".join(f"<div><dt>{chip(token)}</dt><dd>{escape(words)}</dd></div>" for token, words in MEANINGS.items())
    st.html(f"<dl class='ulmfit-legend'>{rows}</dl>")
