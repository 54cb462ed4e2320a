"""Datasets: all of them and the form that adds one, or the one that the URL names (`/datasets?dataset=<name>`)."""

import streamlit as st

from ulmfit_app.ui.dataset_changes import draw_undo
from ulmfit_app.ui.dataset_form import draw_added, draw_form
from ulmfit_app.ui.dataset_list import draw_datasets
from ulmfit_app.ui.dataset_view import draw_dataset
from ulmfit_app.ui.page import open_page

open_page(
    "Datasets",
    "A dataset is texts, with labels or without, and a fixed split: what a model is trained on, and what it is "
    "validated on. Texts without labels serve the language model.",
    wide=True,
)
draw_undo()
name = st.query_params.get("dataset")
if name is None:
    draw_datasets()
    draw_form()
else:
    if st.button("All datasets", key="all-datasets", type="tertiary", icon=":material/arrow_back:"):
        del st.query_params["dataset"]
        st.rerun()
    draw_added(name)
    draw_dataset(name)
