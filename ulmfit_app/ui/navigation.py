"""The table of pages: the script that Streamlit runs for every session. Nothing but the table belongs here."""

from pathlib import Path

import streamlit as st

from ulmfit_app.settings import CHECKOUT
from ulmfit_app.ui.account import draw_account_control
from ulmfit_app.ui.crowd import refuse_crowd
from ulmfit_app.ui.run_chip import draw_chip

PAGES = CHECKOUT / "pages"
ICON = Path(__file__).parent / "icon.svg"  # a Material icon would be fetched from Google (Streamlit 1.67)

st.set_page_config(page_title="ULMFiT Studio", page_icon=str(ICON))
home = st.Page(PAGES / "home.py", title="Home", icon=":material/home:", default=True)
datasets = st.Page(PAGES / "datasets.py", title="Datasets", icon=":material/dataset:")
explore = st.Page(PAGES / "explore.py", title="Explore", icon=":material/search_insights:")
finetune_lm = st.Page(PAGES / "finetune_lm.py", title="Fine-tune LM", icon=":material/menu_book:")
finetune_classifier = st.Page(
    PAGES / "finetune_classifier.py", title="Fine-tune classifier", icon=":material/category:"
)
evaluate = st.Page(PAGES / "evaluate.py", title="Evaluate", icon=":material/monitoring:")
predict = st.Page(PAGES / "predict.py", title="Predict", icon=":material/label:")
generate = st.Page(PAGES / "generate.py", title="Generate", icon=":material/edit_note:")
runs = st.Page(PAGES / "runs.py", title="Runs", icon=":material/model_training:")
models = st.Page(PAGES / "models.py", title="Models", icon=":material/deployed_code:")
refuse_crowd()
page = st.navigation(
    {
        "": [home],
        "Data": [datasets, explore],
        "Train": [finetune_lm, finetune_classifier, runs],
        "Use": [predict, generate, evaluate],
        "Keep": [models],
    },
    position="hidden" if st.context.is_embedded else "sidebar",
)
if not st.context.is_embedded:
    with st.sidebar:
        draw_account_control()
        draw_chip(runs, page.title)
page.run()
