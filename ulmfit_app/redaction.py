"""Texts for people, without what only the keeper of the server may know or do: where files lie, what can be set."""

import re
import sys
import tempfile

from ulmfit_app import access
from ulmfit_app.settings import CHECKOUT, settings

ABSOLUTE = re.compile(r"(?<![\w./:…])/(?:[^\s/'\"]+/)+")

SETTING = re.compile(r"(raise|set) ULMFIT_[A-Z_]+( to another \w+)?")


def without_paths(text: str) -> str:
    """`text` with the server's folders left out of the paths in it."""
    for folder in (settings().home_path, CHECKOUT, sys.prefix, tempfile.gettempdir()):
        text = re.sub(rf"(?<![\w./]){re.escape(str(folder))}(?![\w-])", "…", text)
    return ABSOLUTE.sub("…/", text)


def for_visitors(text: str) -> str:
    """`text` `without_paths`, and without advice to change a setting."""
    return SETTING.sub("run ULMFiT Studio on your own machine", without_paths(text))


def for_whoever_asks(text: str) -> str:
    """`text` as whoever asks may read it."""
    return text if access.current() == access.LOCAL else for_visitors(text)
