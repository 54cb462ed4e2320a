"""How a prediction is drawn: label, index, every probability as a bar with its number, and how the text was read."""

from html import escape

import streamlit as st

from ulmfit_app.schema import Prediction, Reading
from ulmfit_app.ui.errors import plain
from ulmfit_app.ui.tokens import draw_tokens

LOW = 0.6  # a probability below it is marked
CHIPS = 400  # tokens drawn of a text


def draw_prediction(prediction: Prediction) -> None:
    """Draw what `learn.predict` returns: the label, its index in the labels, all probabilities. Doubtful: marked."""
    rows = "".join(_bar(label, share) for label, share in prediction.probabilities.items())
    st.html(
        f"<p class='ulmfit-answer'>Prediction: <strong>{escape(prediction.label)}</strong> "
        f"<span>(index {prediction.index}, counted from 0)</span></p>"
        f"<table class='ulmfit-bars'><thead><tr><th scope='col'>Label</th><th scope='col' colspan='2'>Probability</th>"
        f"</tr></thead><tbody>{rows}</tbody></table>"
    )
    if is_doubtful(prediction):
        st.warning(
            f"Low confidence: the most probable label, {plain(prediction.label)}, has less than {LOW:.0%}.",
            icon=":material/help:",
        )


def is_doubtful(prediction: Prediction) -> bool:
    """True if the most probable label has a probability below LOW."""
    return prediction.probabilities[prediction.label] < LOW


def draw_reading(reading: Reading) -> None:
    """Draw a text as the classifier read it: its tokens, those it does not know, and what was too long."""
    tokens, start = reading.tokens, reading.start
    if start:
        st.info(
            f"The text has {len(tokens):,} tokens, more than the model judges by: it read all of them, but the "
            f"prediction rests on the last {len(tokens) - start:,} (max_len).",
            icon=":material/content_cut:",
        )
    unknown = sum(token in reading.unknown for token in tokens)
    with st.expander(f"As the model reads it: {len(tokens):,} tokens, {unknown:,} of them unknown"):
        draw_tokens(tokens[:CHIPS], reading.unknown)
        rest = f" {len(tokens) - CHIPS:,} more tokens are not drawn." if len(tokens) > CHIPS else ""
        st.caption(
            f"A word that the model does not know, drawn with an outline, is read as xxunk: it can say nothing.{rest}"
        )


def _bar(label: str, share: float) -> str:
    return (
        f"<tr><th scope='row'>{escape(label)}</th>"
        f"<td class='ulmfit-track'><div style='width:{share:.2%}'></div></td><td>{share:.2%}</td></tr>"
    )
