"""Models: all of them, or the one that the URL names (`/models?model=<name>`), or the Hub (`/models?hub=pull`)."""

import streamlit as st

from ulmfit_app.ui.hub_pull import draw_pull
from ulmfit_app.ui.model_changes import draw_undo
from ulmfit_app.ui.model_list import draw_models
from ulmfit_app.ui.model_view import draw_model, draw_shared_model
from ulmfit_app.ui.page import open_page

open_page(
    "Models",
    "A model is a folder of weights, vocabulary, configuration and card. It says what it was made from, how it was "
    "measured, and can go wherever you like.",
    wide=True,
)
draw_undo()
name, share = st.query_params.get("model"), st.query_params.get("share")
pulling = st.query_params.get("hub") == "pull"
back = ":material/arrow_back:"
if (name is not None or pulling or share is not None) and st.button(
    "All models", key="all-models", type="tertiary", icon=back
):
    st.query_params.pop("model", None)
    st.query_params.pop("hub", None)
    st.query_params.pop("share", None)
    st.rerun()
if share is not None:
    draw_shared_model(share)
elif name is not None:
    st.query_params.pop("hub", None)
    st.query_params["model"] = name  # a link from this page itself leaves the browser's address as it was
    draw_model(name)
elif pulling:
    draw_pull()
else:
    if st.button("Pull from the Hub", key="to-hub", icon=":material/cloud_download:"):
        st.query_params["hub"] = "pull"
        st.rerun()
    draw_models()
