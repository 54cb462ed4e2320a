"""A bulk prediction that is, or was, a run: its panel, then the table that it wrote."""

import streamlit as st

from ulmfit_app.errors import NotFoundError
from ulmfit_app.runs.requests import shown_name
from ulmfit_app.schema import PredictionReport, RunKind
from ulmfit_app.ui.errors import plain, told
from ulmfit_app.ui.live_panel import draw_run
from ulmfit_app.ui.prediction_table import draw_table, read_predictions
from ulmfit_app.ui.sharing import close_run, opened_run


def draw_prediction_run(run_id: str) -> None:
    """Draw the run, and its predictions if there are any. Another run, or none, is told in its place."""
    if st.button("New prediction", type="tertiary", icon=":material/arrow_back:"):
        close_run()
        st.rerun()
    with told():
        folder = opened_run(run_id)
        if folder.kind is not RunKind.PREDICT:
            raise NotFoundError(f"The run {run_id} is no bulk prediction.", todo="The page Runs shows it.")
        draw_run(run_id)
        result = folder.result()
        if result is not None and isinstance(result.report, PredictionReport) and folder.table.exists():
            st.header(f"Predictions for {plain(shown_name(folder.spec()))}", anchor=False)
            draw_table(read_predictions(folder.table, list(result.report.counts)), f"{run_id}.csv", run_id)
