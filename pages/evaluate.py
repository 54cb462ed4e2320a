"""Evaluate: measure a model on texts with known answers; or the evaluation that the URL names (`?run=<id>`)."""

import streamlit as st

from ulmfit_app import registry
from ulmfit_app.ui.evaluation import draw_evaluation
from ulmfit_app.ui.evaluation_form import draw_form
from ulmfit_app.ui.links import draw_link
from ulmfit_app.ui.models import classifiers, language_models
from ulmfit_app.ui.page import open_page

open_page(
    "Evaluate",
    "How good is a model on texts that it has not seen? A classifier is compared with the true labels; a language "
    "model is asked for every next token.",
    wide=True,
)
run_id = st.query_params.get("run")
entries = registry.models()
usable = [*classifiers(entries), *language_models(entries)]
if run_id is not None:
    draw_evaluation(run_id)
elif not usable:
    st.info("There is no model yet: fine-tune one, then come back.")
    draw_link("finetune_lm", "Fine-tune a language model", icon=":material/school:")
else:
    draw_form(usable)
