"""All models in rows, filtered by kind and by whose they are; broken folders with the reason, and the trash."""

from collections.abc import Sequence
from html import escape

import streamlit as st

from ulmfit_app import registry
from ulmfit_app.registry import ModelEntry
from ulmfit_app.ui.errors import plain
from ulmfit_app.ui.links import draw_link
from ulmfit_app.ui.model_changes import draw_changes, draw_trash
from ulmfit_app.ui.models import WORDS, kind_words, measured, size_words
from ulmfit_app.ui.wording import ago

COLUMNS = (4, 13)  # widths of the name and the facts
KINDS = {words: kind for kind, words in WORDS.items()}
WHOSE = {"Own": False, "Shipped": True}  # value: is it shipped


def draw_models() -> None:
    """Draw every model of this machine, or how to make the first one."""
    entries = registry.models()
    if not entries:
        st.info("There is no model here yet. Train a language model; it appears here by itself.")
        draw_link("finetune_lm", "Train a language model", icon=":material/arrow_forward:", parent="scratch")
        draw_trash()
        return
    shown = _chosen(entries)
    _draw_count(entries, shown)
    _draw_header()
    for entry in shown:
        _draw_row(entry) if entry.config else _draw_broken(entry)
    draw_trash()


def _chosen(entries: Sequence[ModelEntry]) -> list[ModelEntry]:
    """Those that were picked; a broken one has no kind."""
    with st.container(horizontal=True):
        kind = st.pills("Kind", list(KINDS), key="kind", bind="query-params")
        whose = st.pills("Whose", list(WHOSE), key="whose", bind="query-params")
    return [
        entry
        for entry in entries
        if (kind is None or (entry.config and entry.config.kind is KINDS[kind]))
        and (whose is None or entry.shipped is WHOSE[whose])
    ]


def _draw_count(entries: Sequence[ModelEntry], shown: Sequence[ModelEntry]) -> None:
    number = f"{len(shown)} of {len(entries)}" if len(shown) < len(entries) else str(len(entries))
    size = size_words(sum(registry.disk_use(entry.path) for entry in shown))
    st.html(f"<p class='ulmfit-facts'>{number} model{'s' if len(entries) > 1 else ''}, {size} on disk</p>")


def _draw_header() -> None:
    with st.container(key="models-header"):
        name, facts = st.columns(COLUMNS)
        name.html("<div class='ulmfit-model'><span>Model</span></div>")
        facts.html(_cells("Kind", "Made from", "Measured", "Size", "Made"))


def _draw_row(entry: ModelEntry) -> None:
    config = entry.config
    assert config
    lineage = config.lineage
    with st.container(key=f"model-{entry.name}"):
        name, facts = st.columns(COLUMNS, vertical_alignment="center")
        with name:
            draw_link("models", plain(entry.name), icon=":material/deployed_code:", model=entry.name)
        facts.html(
            _cells(
                kind_words(config) + (", partial" if config.partial else ""),
                f"{lineage.parent or 'random weights'} + {lineage.train_texts:,} texts of {lineage.dataset}",
                measured(config),
                size_words(registry.disk_use(entry.path)),
                "shipped" if entry.shipped else ago(config.created),
            )
        )


def _draw_broken(entry: ModelEntry) -> None:
    with st.container(key=f"broken-{entry.name}"):
        name, reason, change = st.columns((4, 10, 3), vertical_alignment="center")
        name.html(f"<p class='ulmfit-facts'><strong>{escape(entry.name)}</strong></p>")
        reason.html(
            "<p class='ulmfit-facts'><span class='ulmfit-state ulmfit-broken'>cannot be used</span> "
            f"<span>{escape(entry.problem)}</span></p>"
        )
        if not entry.shipped:
            with change.popover("Change", icon=":material/build:", key=f"change-{entry.name}"):
                draw_changes(entry)


def _cells(*cells: str) -> str:
    """HTML of the columns; on a narrow screen a line of words."""
    return f"<div class='ulmfit-model'>{''.join(f'<span>{escape(cell)}</span>' for cell in cells)}</div>"
