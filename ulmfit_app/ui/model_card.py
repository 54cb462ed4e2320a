"""The card of a model on a page: its Markdown without the front matter, and without anything fetched or executed.

Raw HTML is left to Streamlit, which never renders it unless told to.
"""

import re

import streamlit as st

from ulmfit_app import registry

FRONT_MATTER = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)
COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)  # one that is not closed goes on to the end
HEADING = re.compile(r"(#{1,6})(?=\s)")
FENCE = re.compile(r"\s{0,3}(```|~~~)")
LOWEST = 6


def draw_card(name: str) -> None:
    """Draw the card of the model called `name`."""
    card = registry.read_card(name)
    if not card.strip():
        st.info("This model has no card. Save a note: it is written then.")
        return
    st.markdown(safe_markdown(card))


def safe_markdown(card: str) -> str:
    """`card` without front matter, comments and its title, headings one level lower, and without any image.

    An image would be fetched from wherever its author says; its `!` becomes an entity, which leaves a link. Also in
    code, where that is ugly, as what a renderer takes for code is not known here.
    """
    body = COMMENT.sub("", FRONT_MATTER.sub("", card, count=1)).strip()
    lines, in_code = [], False
    for number, line in enumerate(body.replace("![", "&#33;[").splitlines()):
        in_code ^= FENCE.match(line) is not None
        if number == 0 and line.startswith("# "):
            continue
        lines.append(line if in_code else HEADING.sub(_lower, line, count=1) if line.startswith("#") else line)
    return "\n".join(lines).strip()


def _lower(heading: re.Match[str]) -> str:
    return "#" * min(LOWEST, len(heading[1]) + 1)
