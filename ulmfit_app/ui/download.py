"""The button of a file that is built when it is asked for: as whoever drew it, within the limits of visitors."""

from collections.abc import Callable
from functools import partial
from typing import Literal

import streamlit as st

from ulmfit_app import access, limits


def draw_download(
    label: str,
    build: Callable[[], bytes],
    file_name: str,
    mime: str,
    *,
    key: str | None = None,
    words: str | None = None,
    look: Literal["secondary", "tertiary"] = "secondary",
) -> None:
    """Draw it; `words` are its help. What `build` raises is logged, and the browser says that it failed."""
    data = partial(_built, build, access.current())
    st.download_button(
        label, data, file_name, mime, key=key, help=words, type=look, on_click="ignore", icon=":material/download:"
    )


def _built(build: Callable[[], bytes], owner: str) -> bytes:
    """Runs outside the page, where nobody asks."""
    with access.acting_for(owner), limits.one_at_a_time():
        return build()
