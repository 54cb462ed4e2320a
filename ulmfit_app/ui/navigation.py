"""The table of pages: the script that Streamlit runs for every session. Nothing but the table belongs here."""

from pathlib import Path

import streamlit as st

from ulmfit_app.settings import CHECKOUT
from ulmfit_app.ui.run_chip import draw_chip

PAGES = CHECKOUT / "pages"
ICON = Path(__file__).parent / "icon.svg"  # a Material icon would be fetched from Google (Streamlit 1.67)

st.set_page_config(page_title="ULMFiT Studio", page_icon=str(ICON))
home = st.Page(PAGES / "home.py", title="Home", icon=":material/home:", default=True)
runs = st.Page(PAGES / "runs.py", title="Runs", icon=":material/model_training:")
page = st.navigation([home, runs])
with st.sidebar:
    draw_chip(runs, page.title)
page.run()
