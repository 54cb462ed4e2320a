"""The frame of every page: title, introduction, link, styles. A page opened by its own URL needs nothing else."""

from pathlib import Path

import streamlit as st

from ulmfit_app.ui.copy_link import draw_copy_link

STYLES = Path(__file__).parent / "styles.css"


def open_page(title: str, introduction: str, *, wide: bool = False) -> None:
    """Start a page: its `title` as the only first-level heading, and what it is for. `wide`: for tables and curves."""
    st.set_page_config(layout="wide" if wide else "centered")
    draw_styles()
    with st.container(key="wide-page" if wide else "page"):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="bottom"):
            st.title(title, anchor=False)
            draw_copy_link()
        st.markdown(introduction)


def draw_styles() -> None:
    """The styles of all that the pages draw themselves."""
    st.html(STYLES)
