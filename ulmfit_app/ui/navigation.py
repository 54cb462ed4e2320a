"""The table of pages: the script that Streamlit runs for every session. Nothing but the table belongs here."""

from pathlib import Path

import streamlit as st

from ulmfit_app.settings import CHECKOUT

PAGES = CHECKOUT / "pages"
ICON = Path(__file__).parent / "icon.svg"  # a Material icon would be fetched from Google (Streamlit 1.67)

st.set_page_config(page_title="ULMFiT Studio", page_icon=str(ICON))
st.navigation([st.Page(PAGES / "home.py", title="Home", icon=":material/home:", default=True)]).run()
