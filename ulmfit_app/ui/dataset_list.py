"""All datasets in rows: the catalogue's, then one's own; and the trash."""

from html import escape

import streamlit as st

from ulmfit_app.data import sources
from ulmfit_app.data.sources import CatalogueEntry
from ulmfit_app.ui.dataset_changes import draw_trash
from ulmfit_app.ui.errors import plain

COLUMNS = (4, 14)  # widths of the name and the facts
LABELS = 60  # characters of all labels together


def draw_datasets() -> None:
    """Draw every dataset that can be named."""
    with st.container(key="datasets-header"):
        name, facts = st.columns(COLUMNS)
        name.html("<div class='ulmfit-dataset'><span>Dataset</span></div>")
        facts.html(_cells("Training", "Validation", "Unlabelled", "Labels", "What it is"))
    for entry in sources.catalogue():
        _draw_row(entry)
    draw_trash()


def _draw_row(entry: CatalogueEntry) -> None:
    with st.container(key=f"dataset-row-{entry.name}"):
        name, facts = st.columns(COLUMNS, vertical_alignment="center")
        with name:
            st.button(plain(entry.name), key=f"open-{entry.name}", type="tertiary", on_click=_open, args=(entry.name,))
        if entry.problem:
            sign = "<span class='ulmfit-state ulmfit-broken'>cannot be used</span>"
            facts.html(f"<p class='ulmfit-facts'>{sign} <span>{escape(entry.problem)}</span></p>")
        elif entry.info:
            counts = entry.info.counts
            parts = {"training": counts.train, "validation": counts.valid, "unlabelled": counts.unlabelled}
            numbers = "".join(f"<span data-unit='{name}'>{n:,}</span>" for name, n in parts.items())
            words = _span(labels_words(entry.info.labels)) + _span(entry.what)
            facts.html(f"<div class='ulmfit-dataset'>{numbers}{words}</div>")
        else:
            state = "not downloaded yet" if entry.downloaded else "read when it is opened"
            facts.html(
                f"<div class='ulmfit-dataset'><span class='ulmfit-across'>{state}</span>{_span(entry.what)}</div>"
            )


def _open(name: str) -> None:
    st.query_params["dataset"] = name


def labels_words(labels: tuple[str, ...]) -> str:
    """The labels on one line, or as many as fit and how many there are."""
    words = ", ".join(labels) or "none"
    return words if len(words) <= LABELS else f"{words[:LABELS].rpartition(',')[0]}, … ({len(labels)})"


def _cells(*cells: str) -> str:
    """HTML of the columns; on a narrow screen a line of words."""
    return f"<div class='ulmfit-dataset'>{''.join(map(_span, cells))}</div>"


def _span(cell: str) -> str:
    return f"<span>{escape(cell)}</span>"
