"""Which model came from which, as a line of boxes: dataset and recipe of each step, and what is not here any more."""

from collections.abc import Sequence

import streamlit as st

from ulmfit_app import registry
from ulmfit_app.registry import Ancestor, ModelEntry
from ulmfit_app.schema import ModelConfig
from ulmfit_app.ui.diagram import Box, Link, draw_boxes
from ulmfit_app.ui.errors import plain
from ulmfit_app.ui.links import draw_link
from ulmfit_app.ui.models import kind_words, recipe_words

MODEL = ":material/deployed_code:"


def draw_lineage(entry: ModelEntry, config: ModelConfig, entries: Sequence[ModelEntry]) -> None:
    """Draw the line that ends with `entry`, and links to what was trained from it."""
    st.subheader("Where it comes from", anchor=False)
    boxes = [_ancestor_box(ancestor) for ancestor in registry.ancestors(config, entries)]
    draw_boxes("lineage", [*boxes, Box(entry.name, kind_words(config), _made(config), present=True)])
    children = registry.children(entry.name, entries)
    if children:
        with st.container(horizontal=True, vertical_alignment="center", key="children"):
            st.markdown("Trained from it:", width="content")
            for child in children:
                draw_link("models", plain(child.name), icon=MODEL, model=child.name)


def _ancestor_box(ancestor: Ancestor) -> Box:
    config = ancestor.entry.config if ancestor.entry else None
    if config is None:
        sign = "<span class='ulmfit-state ulmfit-waiting'>not on this machine</span>"
        return Box(ancestor.name, lines=("What it was made from is not known here.",), sign=sign)
    sign = "" if ancestor.exact else "<span class='ulmfit-state ulmfit-waiting'>other weights now</span>"
    note = () if ancestor.exact else ("It was stored in 16 bits or made anew since.",)
    link = Link("models", "Open", MODEL, {"model": ancestor.name})
    return Box(ancestor.name, kind_words(config), (*_made(config), *note), (link,), sign)


def _made(config: ModelConfig) -> tuple[str, ...]:
    lineage = config.lineage
    start = () if lineage.parent else ("From random weights.",)
    return (*start, f"{lineage.dataset}, {lineage.train_texts:,} texts", f"Recipe {recipe_words(config)}")
