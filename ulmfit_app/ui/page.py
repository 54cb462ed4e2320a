"""The frame of every page: title, introduction, styles. A page opened by its own URL needs nothing else."""

from pathlib import Path

import streamlit as st

STYLES = Path(__file__).parent / "styles.css"


def open_page(title: str, introduction: str, *, wide: bool = False) -> None:
    """Start a page: its `title` as the only first-level heading, and what it is for. `wide`: for tables and curves."""
    st.set_page_config(layout="wide" if wide else "centered")
    st.html(STYLES)
    with st.container(key="wide-page" if wide else "page"):
        st.title(title, anchor=False)
        st.markdown(introduction)
