"""Texts for people without what only the keeper of the server may know: where its files lie."""

import re
import sys
import tempfile

from ulmfit_app import access
from ulmfit_app.settings import CHECKOUT, settings

ABSOLUTE = re.compile(r"(?<![\w./:…])/(?:[^\s/'\"]+/)+")


def without_paths(text: str) -> str:
    """`text` with the server's folders left out of the paths in it."""
    for folder in (settings().home_path, CHECKOUT, sys.prefix, tempfile.gettempdir()):
        text = text.replace(f"{folder}/", "…/").replace(str(folder), "…")
    return ABSOLUTE.sub("…/", text)


def for_whoever_asks(text: str) -> str:
    """`text` as whoever asks may read it: a visitor `without_paths`."""
    return text if access.current() == access.LOCAL else without_paths(text)
