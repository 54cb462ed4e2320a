"""The body of both fine-tuning pages: the form, or the run that the URL names (`?run=<id>`), which it started."""

import streamlit as st

from ulmfit_app.runs.folder import find
from ulmfit_app.runs.summary import RunSummary, summary
from ulmfit_app.schema import Kind, RunKind
from ulmfit_app.ui.errors import told
from ulmfit_app.ui.links import draw_link
from ulmfit_app.ui.live_panel import draw_run
from ulmfit_app.ui.lr_finder import draw_rates
from ulmfit_app.ui.run_actions import draw_undo
from ulmfit_app.ui.training_form import draw_form


def draw_training(kind: Kind) -> None:
    """Draw the form of a training of `kind`, or the run in the URL. A link never starts anything."""
    draw_undo()
    run_id = st.query_params.get("run")
    if run_id is not None:
        _draw_started(run_id)
        return
    started = draw_form(kind)
    if started:
        st.query_params["run"] = started
        st.rerun()


def _draw_started(run_id: str) -> None:
    if st.button("Back to the form", key="back", type="tertiary", icon=":material/arrow_back:"):
        del st.query_params["run"]
        st.rerun()
    draw_run(run_id)
    with told():
        run = summary(find(run_id))
        if run.spec and run.spec.kind is RunKind.LR_FIND:
            draw_rates(run)
        elif run.result and run.result.model:
            _draw_next(run, run.result.model)


def _draw_next(run: RunSummary, model: str) -> None:
    """Links to what can be done with the new model."""
    assert run.spec  # it has a result
    st.subheader("What next", anchor=False)
    with st.container(horizontal=True):
        if run.spec.kind.trains is Kind.LM:
            draw_link("generate", "Generate with it", icon=":material/edit_note:", model=model)
            dataset = str(run.spec.dataset)
            draw_link(
                "finetune_classifier",
                "Train a classifier from it",
                icon=":material/label:",
                parent=model,
                dataset=dataset,
            )
        else:
            draw_link("predict", "Predict with it", icon=":material/psychology:", model=model)
        draw_link("evaluate", "Evaluate it", icon=":material/analytics:", model=model)
        draw_link("models", "Download it or its encoder", icon=":material/download:", model=model)
