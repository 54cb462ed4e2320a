"""A select box whose choice is in the URL, and which takes a choice from a link of any page.

Not `bind="query-params"`: of a link to another page, Streamlit 1.67 drops every parameter that a widget of the page
with the link is bound to, so `/predict?model=a` would arrive without its model from a page with such a picker.
"""

from collections.abc import Callable, Sequence

import streamlit as st


def choose_in_url(
    label: str,
    options: Sequence[str],
    key: str,
    *,
    format_func: Callable[[str], str] = str,
    help: str | None = None,
) -> str:
    """Let the person choose one of `options` (at least one); what the URL asks for under `key` comes first."""
    asked, seen = st.query_params.get(key), f"{key}-in-url"
    if asked in options and (key not in st.session_state or st.session_state.get(seen) != asked):
        st.session_state[key] = asked
    chosen = st.selectbox(label, options, key=key, format_func=format_func, help=help)
    if asked != chosen and (asked is not None or chosen != options[0]):
        st.query_params[key] = chosen
    st.session_state[seen] = chosen
    return chosen
