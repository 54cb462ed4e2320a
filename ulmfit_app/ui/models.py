"""Models in the app: picking one, and the table of those that are here."""

from collections.abc import Sequence

import streamlit as st

from ulmfit_app.registry import ModelEntry
from ulmfit_app.schema import Kind
from ulmfit_app.ui.errors import plain

WORDS = {Kind.LM: "Language model", Kind.CLASSIFIER: "Classifier"}


def classifiers(entries: Sequence[ModelEntry]) -> list[ModelEntry]:
    """Those of `entries` that can predict: usable, of the kind, and with their head."""
    return [
        entry
        for entry in entries
        if entry.config and entry.config.kind is Kind.CLASSIFIER and entry.config.part == "full"
    ]


def pick_model(label: str, entries: Sequence[ModelEntry], key: str) -> ModelEntry:
    """Let the person choose one of `entries` (at least one); the choice is kept in the URL under `key`."""
    by_name = {entry.name: entry for entry in entries}
    name = st.selectbox(label, list(by_name), key=key, bind="query-params")
    return by_name[name]


def draw_models(entries: Sequence[ModelEntry]) -> None:
    """Draw `entries` as a table: name, kind, how it was made, what was measured and how."""
    st.table([_row(entry) for entry in entries], hide_index=True, border="horizontal")


def _row(entry: ModelEntry) -> dict[str, str]:
    config = entry.config
    if config is None:
        return {"Model": plain(entry.name), "Made from": "", "Measured": plain(f"Cannot be used: {entry.problem}")}
    lineage = config.lineage
    made = f"{WORDS[config.kind]}: recipe {lineage.recipe.name}, {lineage.train_texts:,} texts of {lineage.dataset}"
    measured = "  \n".join(f"{name} {metric.value:.4g} ({metric.how})" for name, metric in config.metrics.items())
    return {"Model": f"**{plain(entry.name)}**", "Made from": plain(made), "Measured": plain(measured)}
