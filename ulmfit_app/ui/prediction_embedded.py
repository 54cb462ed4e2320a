"""Predict in a frame of another site: the text, the button, the answer of the classifier that the URL names.

Nothing else is drawn, but this is a view and no permission: without `embed=true` the same address is the whole page.
"""

from collections.abc import Sequence
from html import escape
from urllib.parse import urlencode

import streamlit as st

from ulmfit_app.registry import ModelEntry
from ulmfit_app.ui.errors import plain
from ulmfit_app.ui.page import draw_styles
from ulmfit_app.ui.prediction import MODEL, draw_question

HEIGHT = 100  # pixels of the text field


def draw_embedded(entries: Sequence[ModelEntry]) -> None:
    """Draw it for one of `entries`, the first if the URL names none."""
    draw_styles()
    asked = st.query_params.get(MODEL)
    entry = next((entry for entry in entries if asked in (None, entry.name)), None)
    if entry is None:
        words = "There is no classifier here." if asked is None else f"There is no classifier called {asked[:80]} here."
        st.error(plain(words), icon=":material/error:")
        return
    st.html(f"<h1 class='ulmfit-embedded'>{escape(entry.name)}</h1>")
    draw_question(entry, HEIGHT)
    whole = f"predict?{urlencode({**st.query_params.to_dict(), MODEL: entry.name})}"
    st.html(f"<p class='ulmfit-what'>By <a href='{escape(whole)}' target='_blank'>ULMFiT Studio</a></p>")
