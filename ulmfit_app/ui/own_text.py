"""A text of one's own, tokenised step by step: fastai's rules, spaCy's tokens, the ids of a model's vocabulary."""

from collections.abc import Iterator
from difflib import SequenceMatcher
from html import escape

import streamlit as st

from ulmfit_app.data import rules
from ulmfit_app.data.tokens import Tokenizer
from ulmfit_app.schema import FAKE, UNK_ID
from ulmfit_app.ui.models import pick_model
from ulmfit_app.ui.tokens import chip, draw_legend, draw_tokens
from ulmfit_app.ui.url_text import write_in_url
from ulmfit_app.ui.vocabulary import usable_models, vocab_of

EXAMPLE = "This film is GREAT!!!!<br />I really really really really liked Robert Downey Jr. and the zyzzyva."
MOST = 2_000  # characters: every one of its tokens is drawn


def draw_text_view() -> None:
    """Draw a text field and what becomes of the text; the text and the model are kept in the URL."""
    text = write_in_url("Your text", EXAMPLE, "text", most=MOST, height=110)
    entries = usable_models()
    with st.columns([2, 3])[0]:
        entry = pick_model("Ids and unknown words by the vocabulary of", entries, key="model") if entries else None
    if not text.strip():
        st.info("There is nothing to tokenise yet: write a text above.")
        return
    steps, about = st.columns([13, 7], gap="large")
    with steps:
        _draw_steps(text)
        with st.spinner("Loading the tokenizer"):
            tokens = Tokenizer(entry.config.tokenizer.language if entry and entry.config else "en")(text)
        _draw_ids(tokens, vocab_of(entry) if entry else None)
    with about:
        st.header("Tokens", anchor=False)
        draw_legend()


def _draw_steps(text: str) -> None:
    """The text as written, then after each of fastai's rules that changed it."""
    items, before = [_step("as written", "", escape(_visible(text)))], text
    for name, after in rules.steps(text):
        items.append(_step(name, rules.meaning(name), "".join(_marked(_visible(before), _visible(after)))))
        before = after
    st.header("Rules that change the text, in their order", anchor=False)
    st.html(f"<ol class='ulmfit-rules'>{''.join(items)}</ol>")


def _step(name: str, meaning: str, text: str) -> str:
    words = _with_code(meaning)
    return f"<li><p class='ulmfit-category'><strong>{escape(name)}</strong> <span>{words}</span></p><p>{text}</p></li>"


def _with_code(meaning: str) -> str:
    """HTML of a sentence with `code` in it."""
    parts = escape(meaning).split("`")
    return "".join(f"<code>{part}</code>" if odd % 2 else part for odd, part in enumerate(parts))


def _visible(text: str) -> str:
    """Line breaks as a sign."""
    return text.replace("\n", "⏎")


def _marked(before: str, after: str) -> Iterator[str]:
    """HTML of `after` in which what is not in `before` is marked, word by word."""
    old, new = before.split(" "), after.split(" ")
    for what, _, _, start, stop in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        words = escape(" ".join(new[start:stop]))
        if words:
            yield f"{words} " if what == "equal" else f"<ins>{words}</ins> "


def _draw_ids(tokens: list[str], vocab: list[str] | None) -> None:
    """Every token over its id; without a vocabulary the tokens alone."""
    ids = {word: number for number, word in enumerate(vocab or ()) if word != FAKE}
    st.header(f"{len(tokens):,} tokens" + (" and their ids" if vocab else ""), anchor=False)
    pairs = "".join(
        f"<li>{chip(token, known=not vocab or token in ids)}<span>{ids.get(token, UNK_ID) if vocab else ''}</span></li>"
        for token in tokens
    )
    st.html(f"<ol class='ulmfit-pairs ulmfit-ids'>{pairs}</ol>")
    if not vocab:
        st.info("There is no model on this machine whose vocabulary could tell the ids.")
        return
    unknown = dict.fromkeys(token for token in tokens if token not in ids)
    if unknown:
        st.markdown("The model does not know these and reads `xxunk`, id 0, instead:")
        draw_tokens(unknown, unknown)
    else:
        st.markdown("The model knows every one of these tokens.")
