"""A select box whose choice is in the URL, and which takes a choice from a link of any page.

Not `bind="query-params"`: of a link to another page, Streamlit 1.67 drops every parameter that a widget of the page
with the link is bound to, so `/predict?model=a` would arrive without its model from a page with such a picker. (And
what two pages bind under one key goes from one to the other: other keys on every page, but for the pickers.)
"""

from collections.abc import Callable, Sequence

import streamlit as st

from ulmfit_app.ui.errors import plain

MOST = 80  # characters shown of what a link asks for


def choose_in_url(
    label: str,
    options: Sequence[str],
    key: str,
    *,
    format_func: Callable[[str], str] = str,
    help: str | None = None,
) -> str:
    """Let the person choose one of `options` (at least one); what the URL asks for under `key` comes first.

    What it asks for in vain is told once: the choice made instead takes its place in the URL.
    """
    asked, seen = st.query_params.get(key), f"{key}-in-url"
    if asked in options and (key not in st.session_state or st.session_state.get(seen) != asked):
        st.session_state[key] = asked
    elif st.session_state.get(key) in options:
        # Sent to the browser again: a click during the last run may have cut it short before the choice got there, and
        # the browser would send its first option with the next click.
        st.session_state[key] = st.session_state[key]
    chosen = st.selectbox(label, options, key=key, format_func=format_func, help=help)
    if asked is not None and asked not in options:
        words = f"The link asks for “{asked[:MOST]}”, which cannot be chosen here. Chosen instead: {chosen}."
        st.warning(plain(words), icon=":material/link_off:")
    if asked != chosen and (asked is not None or chosen != options[0]):
        st.query_params[key] = chosen
    st.session_state[seen] = chosen
    return chosen
