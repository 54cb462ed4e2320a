"""A line of boxes with arrows between them: the three steps of ULMFiT, and which model came from which."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

import streamlit as st

from ulmfit_app.ui.links import draw_link


@dataclass(frozen=True, slots=True)
class Link:
    """Where a click goes: a page, opened with `query` in its URL."""

    page: str
    label: str
    icon: str | None = None
    query: dict[str, str] = field(default_factory=dict)

    def draw(self) -> None:
        """Draw it."""
        draw_link(self.page, self.label, icon=self.icon, **self.query)


@dataclass(frozen=True, slots=True)
class Box:
    """A box: `title`, `source` in italics (on which texts), plain lines, links, and `sign`, HTML of its state."""

    title: str
    source: str = ""
    lines: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()
    sign: str = ""
    present: bool = False


def draw_boxes(name: str, boxes: Sequence[Box]) -> None:
    """Draw `boxes` from left to right, on a narrow screen from top to bottom; `name` tells several drawings apart."""
    with st.container(horizontal=True, key=f"boxes-{name}", gap=None):
        for number, box in enumerate(boxes):
            mark = "present" if box.present else "box"
            with st.container(key=f"{mark}-{name}-{number}", gap="xxsmall", height="stretch"):
                st.html(_head(box))
                for link in box.links:
                    link.draw()


def _head(box: Box) -> str:
    source = f"<p class='ulmfit-texts'>{escape(box.source)}</p>" if box.source else ""
    lines = "".join(f"<p>{escape(line)}</p>" for line in box.lines)
    sign = f"<p>{box.sign}</p>" if box.sign else ""
    return f"<div class='ulmfit-box'><strong>{escape(box.title)}</strong>{source}{lines}{sign}</div>"
