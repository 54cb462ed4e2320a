"""The address of the page as it stands, to copy and send on."""

from urllib.parse import urlencode

import streamlit as st


def draw_address(label: str) -> None:
    """Draw `label` and the page's URL with the state that is in it."""
    query = urlencode(st.query_params.to_dict(), doseq=True)
    st.caption(label)
    st.code(f"{st.context.url or ''}?{query}" if query else st.context.url or "", language=None, wrap_lines=True)
