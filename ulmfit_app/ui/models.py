"""Models in the app: picking one, and the table of those that are here."""

from collections.abc import Sequence

import streamlit as st

from ulmfit_app.registry import ModelEntry
from ulmfit_app.schema import Kind, ModelConfig
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
    start = f"from {lineage.parent}" if lineage.parent else "from random weights"
    trained = f"recipe {lineage.recipe.name}, {lineage.train_texts:,} texts of {lineage.dataset}"
    made = f"{WORDS[config.kind]} {start}: {trained}"
    return {"Model": f"**{plain(entry.name)}**", "Made from": plain(made), "Measured": plain(_measured(config))}


def _measured(config: ModelConfig) -> str:
    """The metrics, those that were measured the same way on one line."""
    by_way: dict[str, list[str]] = {}
    for name, metric in config.metrics.items():
        by_way.setdefault(metric.how, []).append(f"{name} {metric.value:.4g}")
    return "  \n".join(f"{', '.join(values)} ({how})" for how, values in by_way.items())
