"""The picture of ULMFiT: one language model after another, then a classifier. An ordered list, drawn as boxes."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import streamlit as st


@dataclass(frozen=True, slots=True)
class Step:
    """A box: what is trained, on which texts, and what it learns from them."""

    title: str
    texts: str
    learns: str


def draw_steps(steps: Sequence[Step]) -> None:
    """Draw `steps` from left to right, on a narrow screen from top to bottom."""
    boxes = "".join(_box(step) for step in steps)
    st.html(f'<ol class="ulmfit-steps">{boxes}</ol>')


def _box(step: Step) -> str:
    return (
        f"<li><strong>{escape(step.title)}</strong>"
        f"<p class='ulmfit-texts'>{escape(step.texts)}</p><p>{escape(step.learns)}</p></li>"
    )
