"""How errors look: an `AppError` as its own text where it happened, anything else as a plain sentence."""

import errno
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from ulmfit_app.errors import AppError
from ulmfit_app.redaction import for_visitors
from ulmfit_app.settings import settings

log = logging.getLogger(__name__)

MARKDOWN = re.compile(r"([\\`*_\[\]<>$~#|&])")
SHORTCODE = re.compile(r":(?=[a-z+_-][a-z0-9+_-]*[:\[]|material/)", re.IGNORECASE)  # Streamlit's `:red[…]`, `:smile:`


def plain(text: str) -> str:
    """`text` escaped so that Markdown shows it as it is: error texts quote names and columns from files.

    Streamlit replaces shortcodes after the Markdown was read, where no backslash helps: an invisible word joiner does.
    """
    return MARKDOWN.sub(r"\\\1", SHORTCODE.sub(":\u2060", text))


@contextmanager
def told() -> Iterator[None]:
    """Show an `AppError` raised in the block, or trouble with the disk, in its place; the rest of the page goes on."""
    try:
        yield
    except (AppError, OSError) as error:
        if isinstance(error, OSError):
            log.exception("A page could not read or write a file.")
        st.error(plain(in_words(error)), icon=":material/error:")


def in_words(error: AppError | OSError) -> str:
    """What happened, what was kept, what to do; hosted as visitors may read it."""
    if isinstance(error, AppError):
        return str(error) if settings().mode == "local" else for_visitors(str(error))
    if settings().mode == "hosted":
        return "The server could not read or write a file. What was saved before is kept. Try again later."
    if error.errno == errno.ENOSPC:
        return "The disk is full. What was saved before is kept. Free some space, then reload the page."
    return (
        f"A file of this app's home folder cannot be read or written ({error.strerror or 'no reason given'}). "
        "What was saved before is kept. Make the folder writable, or set ULMFIT_HOME to another one."
    )


def unexpected(error: Exception) -> bool:
    """`on_script_error` of the server, for what no page caught; Streamlit has logged the traceback by then."""
    if isinstance(error, (AppError, OSError)):
        text = in_words(error)
    else:
        text = (
            "The app made a mistake. Saved models and data are untouched. Reload the page; the server's log says more."
        )
    st.error(plain(text), icon=":material/error:")
    return True
