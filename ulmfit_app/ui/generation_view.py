"""How generated texts are drawn, while they grow and after: as a text, as tokens, or with what the model expected."""

import time
from collections.abc import Callable
from html import escape

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ulmfit_app import limits
from ulmfit_app.schema import Step
from ulmfit_app.ui.errors import plain
from ulmfit_app.ui.generation import Generation, Text
from ulmfit_app.ui.tokens import chip, chips

EXPECTED = "Expected words"
EVERY = 0.1  # seconds between two drawings of a growing text


def draw_generation(generation: Generation, view: str) -> None:
    """Draw every text of `generation`; one that grows is written on, word by word, with a button that ends that."""
    stop = st.empty()
    if generation.growing:
        stop.button("Stop", key="stop", icon=":material/stop:", on_click=generation.stop)
    places = _places(generation)
    written = _draw(generation, places, view, {})
    if generation.growing:
        with limits.one_at_a_time():
            _grow(generation, places, view, written)
    stop.empty()


def _grow(generation: Generation, places: list[DeltaGenerator], view: str, written: dict[int, int]) -> None:
    """Write on to the end; `written`: as `_draw` returned it last."""
    drawn = time.monotonic()
    for _ in generation.grow():
        if time.monotonic() - drawn > EVERY:
            written = _draw(generation, places, view, written)
            drawn = time.monotonic()
    _draw(generation, places, view, written)


def draw_remarks(generation: Generation, view: str) -> None:
    """Draw what helps to understand the texts: words of the prompt that a model does not know, what is listed."""
    for text in generation.texts[: len(generation.request.models)]:
        if text.reading.unknown:
            words = ", ".join(sorted(text.reading.unknown))
            st.caption(
                plain(f"{text.model} does not know these words of the prompt, and reads xxunk instead: {words}.")
            )
    if view == EXPECTED:
        st.caption(
            "Probabilities are the model's own, before temperature, top-k and the others change them. "
            "Where the drawn word is among the expected ones, it is underlined."
        )


def _places(generation: Generation) -> list[DeltaGenerator]:
    """A place for each text, those of one seed beside each other."""
    models = len(generation.request.models)
    return [place.empty() for _ in range(len(generation.texts) // models) for place in st.columns(models, gap="medium")]


def _draw(generation: Generation, places: list[DeltaGenerator], view: str, written: dict[int, int]) -> dict[int, int]:
    """Draw the texts that have more words than when `written` was returned, and return how many each has now."""
    now = {number: len(text.steps) for number, text in enumerate(generation.texts)}
    wanted = generation.request.n_words
    for number, text in enumerate(generation.texts):
        if now[number] != written.get(number):
            cut = f", {now[number]} of {wanted} words" if now[number] < wanted else ""
            facts = f"<strong>{escape(text.model)}</strong>, seed {text.seed}{cut}"
            drawn = f"<div class='ulmfit-generated'><p class='ulmfit-what'>{facts}</p>{VIEWS[view](text)}</div>"
            places[number].html(drawn)
    return now


def _as_text(text: Text) -> str:
    """The prompt as the model reads it, then what it wrote."""
    start, rest = text.start, text.words.removeprefix(text.start)
    if len(rest) == len(text.words):  # the first new word changed how the prompt is written
        start = ""
    return f"<p class='ulmfit-prose'><span>{escape(start)}</span>{escape(rest)}</p>"


def _as_tokens(text: Text) -> str:
    return f"<p class='ulmfit-tokens'>{chips(text.tokens)}</p>"


def _as_expected(text: Text) -> str:
    """A row for each new token: how probable it was, and the words that the model expected most in its place."""
    head = "<th scope='col'>Drawn</th><th scope='col'>Probability</th><th scope='col'>Expected most</th>"
    rows = "".join(_row(step) for step in text.steps)
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    return f"<div class='ulmfit-expected' role='region' aria-label='Expected words' tabindex='0'>{table}</div>"


def _row(step: Step) -> str:
    expected = " ".join(
        f"<span class='ulmfit-guess{' ulmfit-drawn' if word == step.token else ''}'>{chip(word)} {share:.1%}</span>"
        for word, share in step.expected
    )
    return f"<tr><th scope='row'>{chip(step.token)}</th><td>{step.probability:.1%}</td><td>{expected}</td></tr>"


VIEWS: dict[str, Callable[[Text], str]] = {"Text": _as_text, "Tokens": _as_tokens, EXPECTED: _as_expected}
