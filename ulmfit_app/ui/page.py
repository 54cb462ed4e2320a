"""The frame of every page: title, introduction, link, styles. A page opened by its own URL needs nothing else."""

import math
from pathlib import Path

import streamlit as st

from ulmfit_app.ui.copy_link import draw_copy_link

STYLES = Path(__file__).parent / "styles.css"
TEXTS = frozenset({"text", "prompt", "word", "words"})  # of the URL; in them `inf` is a word


def open_page(title: str, introduction: str, *, wide: bool = False) -> None:
    """Start a page: its `title` as the only first-level heading, and what it is for. `wide`: for tables and curves."""
    st.set_page_config(layout="wide" if wide else "centered")
    draw_styles()
    _drop_endless_numbers()
    with st.container(key="wide-page" if wide else "page"):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="bottom"):
            st.title(title, anchor=False)
            draw_copy_link()
        st.markdown(introduction)


def draw_styles() -> None:
    """The styles of all that the pages draw themselves."""
    st.html(STYLES)


def _drop_endless_numbers() -> None:
    """Open the page without them: from one, Streamlit's number field (1.67) makes an error that no page can catch."""
    query = st.query_params.to_dict()
    endless = [key for key, value in query.items() if key not in TEXTS and _is_endless(value)]
    for key in endless:
        del st.query_params[key]
    if endless:
        st.rerun()


def _is_endless(value: str) -> bool:
    try:
        return not math.isfinite(float(value))
    except ValueError:
        return False
