"""How errors look: an `AppError` as its own text where it happened, anything else as a plain sentence."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from ulmfit_app.errors import AppError

MARKDOWN = re.compile(r"([\\`*_\[\]<>$~#|&])")
SHORTCODE = re.compile(r":(?=[a-z+_-][a-z0-9+_-]*[:\[]|material/)", re.IGNORECASE)  # Streamlit's `:red[…]`, `:smile:`


def plain(text: str) -> str:
    """`text` escaped so that Markdown shows it as it is: error texts quote names and columns from files.

    Streamlit replaces shortcodes after the Markdown was read, where no backslash helps: an invisible word joiner does.
    """
    return MARKDOWN.sub(r"\\\1", SHORTCODE.sub(":\u2060", text))


@contextmanager
def told() -> Iterator[None]:
    """Show an `AppError` raised in the block in its place; the rest of the page goes on."""
    try:
        yield
    except AppError as error:
        st.error(plain(str(error)), icon=":material/error:")


def unexpected(error: Exception) -> bool:
    """`on_script_error` of the server, for what no page caught; Streamlit has logged the traceback by then."""
    if isinstance(error, AppError):
        text = str(error)
    else:
        text = (
            "The app made a mistake. Saved models and data are untouched. Reload the page; the server's log says more."
        )
    st.error(plain(text), icon=":material/error:")
    return True
