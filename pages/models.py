"""Models: all of them, or the one that the URL names (`/models?model=<name>`)."""

import streamlit as st

from ulmfit_app.ui.model_changes import draw_undo
from ulmfit_app.ui.model_list import draw_models
from ulmfit_app.ui.model_view import draw_model
from ulmfit_app.ui.page import open_page

open_page(
    "Models",
    "A model is a folder of weights, vocabulary, configuration and card. It says what it was made from, how it was "
    "measured, and can go wherever you like.",
    wide=True,
)
draw_undo()
name = st.query_params.get("model")
if name is None:
    draw_models()
else:
    if st.button("All models", key="all-models", type="tertiary", icon=":material/arrow_back:"):
        del st.query_params["model"]
        st.rerun()
    st.query_params["model"] = name  # a link from this page itself leaves the browser's address as it was
    draw_model(name)
