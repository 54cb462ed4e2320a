"""Explore: what a model sees of texts, as minibatches, words and tokens."""

import streamlit as st

from ulmfit_app.ui.datasets import open_dataset, pick_dataset
from ulmfit_app.ui.errors import told
from ulmfit_app.ui.exploration import explore
from ulmfit_app.ui.minibatches import draw_classifier_view, draw_lm_view
from ulmfit_app.ui.own_text import draw_text_view
from ulmfit_app.ui.page import open_page
from ulmfit_app.ui.vocabulary import draw_vocabulary_view

OWN = "Your text"
VIEWS = {"Classification": draw_classifier_view, "Language model": draw_lm_view, "Vocabulary": draw_vocabulary_view}

open_page(
    "Explore",
    "What the model sees: texts become tokens, tokens become numbers, and numbers come in minibatches.",
    wide=True,
)
view = st.segmented_control(
    "View", [*VIEWS, OWN], default="Classification", required=True, key="view", bind="query-params"
)
with told():
    if view == OWN:
        draw_text_view()
    elif view:
        with st.columns([2, 3])[0]:
            entry = pick_dataset("Dataset")
        VIEWS[view](explore(open_dataset(entry)))
