"""How predictions are drawn: label, index, and every probability as a bar with its number."""

from html import escape

import streamlit as st

from ulmfit_app.schema import Prediction


def draw_prediction(prediction: Prediction) -> None:
    """Draw what `learn.predict` returns: the label, its index in the labels, all probabilities."""
    rows = "".join(_bar(label, share) for label, share in prediction.probabilities.items())
    st.html(
        f"<p class='ulmfit-answer'>Prediction: <strong>{escape(prediction.label)}</strong> "
        f"<span>(index {prediction.index}, counted from 0)</span></p>"
        f"<table class='ulmfit-bars'><thead><tr><th scope='col'>Label</th><th scope='col' colspan='2'>Probability</th>"
        f"</tr></thead><tbody>{rows}</tbody></table>"
    )


def _bar(label: str, share: float) -> str:
    return (
        f"<tr><th scope='row'>{escape(label)}</th>"
        f"<td class='ulmfit-track'><div style='width:{share:.2%}'></div></td><td>{share:.2%}</td></tr>"
    )
