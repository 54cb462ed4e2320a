"""Predict: the label of one text or of every text of a file, or the bulk prediction that the URL names (`?run=`).

In a frame of another site (`?embed=true`): one text and its label.
"""

import streamlit as st

from ulmfit_app import registry
from ulmfit_app.ui.links import draw_link
from ulmfit_app.ui.models import classifiers, pick_model
from ulmfit_app.ui.page import open_page
from ulmfit_app.ui.prediction import draw_one_text
from ulmfit_app.ui.prediction_embedded import draw_embedded
from ulmfit_app.ui.prediction_file import draw_file
from ulmfit_app.ui.prediction_run import draw_prediction_run

choices = classifiers(registry.models())
if st.context.is_embedded:
    draw_embedded(choices)
    st.stop()
open_page(
    "Predict",
    "A classifier reads a text and gives every one of its labels a probability, as `learn.predict` does.",
)
run_id = st.query_params.get("run")
if run_id is not None:
    draw_prediction_run(run_id)
elif not choices:
    st.info("There is no classifier yet: fine-tune one, then come back.")
    draw_link("finetune_classifier", "Fine-tune a classifier", icon=":material/school:")
else:
    chosen = pick_model("Classifier", choices, key="model")
    text, file = st.tabs(["One text", "A file of texts"])
    with text:
        draw_one_text(chosen)
    with file:
        draw_file(chosen)
