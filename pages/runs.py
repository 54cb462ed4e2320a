"""Runs: all of them, or the one that the URL names (`/runs?run=<id>`)."""

import streamlit as st

from ulmfit_app.ui.live_panel import draw_run
from ulmfit_app.ui.page import open_page
from ulmfit_app.ui.run_actions import draw_undo
from ulmfit_app.ui.run_list import draw_runs
from ulmfit_app.ui.sharing import close_run

open_page(
    "Runs",
    "Every training is a run in a process of its own: closing the browser or the app does not end it. "
    "One training runs at a time, the others wait.",
    wide=True,
)
draw_undo()
run_id = st.query_params.get("run")
if run_id is None:
    draw_runs()
else:
    if st.button("All runs", key="all-runs", type="tertiary", icon=":material/arrow_back:"):
        close_run()
        st.rerun()
    draw_run(run_id)
