"""The sign that something runs, on every page: in the sidebar with a link to it, and in the title of the tab."""

import streamlit as st
from streamlit.navigation.page import Page

from ulmfit_app import access
from ulmfit_app.runs.folder import RunFolder, all_runs
from ulmfit_app.runs.locks import held
from ulmfit_app.runs.queue import positions, read_queue
from ulmfit_app.runs.summary import summary
from ulmfit_app.ui.errors import plain
from ulmfit_app.ui.run_events import history_of
from ulmfit_app.ui.run_notice import draw_notice
from ulmfit_app.ui.wording import percent, run_title, share

APP = "ULMFiT Studio"
EVERY = 3.0  # seconds between two looks; one at 500 runs takes 0.02 s (two cores)


@st.fragment(run_every=EVERY)
def draw_chip(runs_page: Page, title: str) -> None:
    """Draw the runs that go on now, with links to `runs_page`; `title` is that of the page that is open."""
    running = [folder for folder in all_runs() if held(folder.lock)]
    for folder in running:
        _draw(folder, runs_page)
    waiting = len(positions(access.visible(access.current(), read_queue())))
    if waiting:
        st.caption(f"{waiting} waiting")
    draw_notice(running)
    sign = f"● {percent(history_of(running[0]))} – " if running else ""
    st.set_page_config(page_title=f"{sign}{title} – {APP}")


def _draw(folder: RunFolder, runs_page: Page) -> None:
    history, run = history_of(folder), summary(folder)
    label = f"{percent(history)} · {plain(run_title(run))}"
    st.page_link(runs_page, label=label, icon=":material/model_training:", query_params={"run": run.id})
    st.html(f"<div class='ulmfit-chip'><div style='width:{share(history) or 0:.1%}'></div></div>")
