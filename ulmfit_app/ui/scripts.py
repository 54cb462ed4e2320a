"""The scripts that pages run in the browser, and nothing else does: the server's answers name each by its hash.

So a script is a file that never changes while the server runs; what differs comes to it as `data-` attributes.
"""

import re
from pathlib import Path

import streamlit as st

FOLDER = Path(__file__).parent
COPY_LINK, RUN_NOTICE = ((FOLDER / f"{name}.js").read_text() for name in ("copy_link", "run_notice"))
INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)


def inline_scripts() -> list[str]:
    """All of them, with those in Streamlit's own front page."""
    front_page = (Path(st.__file__).parent / "static" / "index.html").read_text()
    return [COPY_LINK, RUN_NOTICE, *INLINE.findall(front_page)]


def draw_with(script: str, html: str) -> None:
    """Draw `html` and run `script` in it: its parent there is `document.currentScript.parentElement`."""
    st.html(f"{html}<script>{script}</script>", width="content", unsafe_allow_javascript=True)
