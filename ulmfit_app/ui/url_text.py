"""Texts in the URL, compressed where they are long: of a field that keeps its own there, or of a page that asks."""

import streamlit as st

from ulmfit_app.errors import AppError
from ulmfit_app.ui.errors import in_words, plain
from ulmfit_app.ui.long_text import pack, unpack

TOO_LONG = "This text is too long for a link: that of the page opens it without the text."


def write_in_url(label: str, default: str, key: str, *, most: int, height: int, help: str | None = None) -> str:
    """Let the person write up to `most` characters, at first `default`; what the URL has under `key` comes first."""
    linked, seen = linked_text(key, most), f"{key}-in-url"
    if linked is not None and (key not in st.session_state or st.session_state.get(seen) != linked):
        st.session_state[key] = linked
    st.session_state.setdefault(key, default)
    text = st.text_area(label, key=key, max_chars=most, height=height, help=help)
    if (linked is not None or text != default) and not keep_text(key, text):
        st.caption(TOO_LONG)
    st.session_state[seen] = text
    return text


def linked_text(key: str, most: int) -> str | None:
    """The text in the URL, its first `most` characters. A damaged one is told, and leaves the URL."""
    try:
        return unpack(st.query_params[key], most) if key in st.query_params else None
    except AppError as error:
        st.warning(plain(in_words(error)), icon=":material/link_off:")
        del st.query_params[key]
        return None


def keep_text(key: str, text: str) -> bool:
    """Put `text` into the URL; one that is too long leaves it without, and False is returned."""
    value = pack(text)
    if value is None:
        st.query_params.pop(key, None)
    elif st.query_params.get(key) != value:
        st.query_params[key] = value
    return value is not None
