"""Links from one page of the app to another, with the state that the other one restores."""

import streamlit as st
from streamlit.errors import StreamlitAPIException

from ulmfit_app.settings import CHECKOUT

PAGES = CHECKOUT / "pages"


def draw_link(page: str, label: str, *, icon: str | None = None, **query: str) -> None:
    """Draw a link to the page in `pages/<page>.py`, opened with `query` in its URL."""
    try:
        st.page_link(PAGES / f"{page}.py", label=label, icon=icon, query_params=query)
    except StreamlitAPIException:  # the script runs without the table of pages, as AppTest runs one page
        st.markdown(f"{label} (page {page})")
