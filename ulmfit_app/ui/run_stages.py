"""The stages of a run as an ordered list: which are done, which one it is at, which are still to come."""

from collections.abc import Collection
from html import escape

import streamlit as st

from ulmfit_app.runs.history import RunHistory
from ulmfit_app.runs.state import LIVE
from ulmfit_app.schema import Recipe, RunState
from ulmfit_app.ui.wording import stage_words

PREPARATION = ("tokenise", "reads the texts and splits them into tokens")  # stage 1 of every training
AT = {RunState.PAUSED: "paused here", RunState.STOPPED: "stopped here", RunState.INTERRUPTED: "interrupted here"}


def draw_stages(recipe: Recipe, told: RunHistory, state: RunState, saved: Collection[str]) -> None:
    """Draw the stages of `recipe` with their marks; `saved` are the names of the checkpoints that are there."""
    stages = [PREPARATION, *((stage.name, stage_words(stage, recipe.kind)) for stage in recipe.stages)]
    names = ["", *(stage.checkpoint or "" for stage in recipe.stages)]
    at = told.stage.number if told.stage else 0
    items = "".join(
        _item(name, words, number - at, state, kept if kept in saved else "")
        for number, ((name, words), kept) in enumerate(zip(stages, names, strict=True), start=1)
    )
    st.subheader("Stages", anchor=False)
    st.html(f"<ol class='ulmfit-stages'>{items}</ol>")


def _item(name: str, words: str, ahead: int, state: RunState, saved: str) -> str:
    """A stage that lies `ahead` of the one that the run is at; `saved`: under which name, if it was."""
    if ahead < 0 or state is RunState.DONE:
        look, mark = "past", "done"
    elif ahead == 0:
        look, mark = "present", "now" if state in LIVE else AT.get(state, "ended here")
    else:
        look, mark = "future", "to come" if state in LIVE | {RunState.PAUSED, RunState.INTERRUPTED} else "not reached"
    current = " aria-current='step'" if look == "present" else ""
    kept = f"<p>saved as <code>{escape(saved)}</code></p>" if saved else ""
    return (
        f"<li class='ulmfit-{look}'{current}><strong>{escape(name)}</strong> <span class='ulmfit-mark'>{mark}</span>"
        f"<p>{escape(words)}</p>{kept}</li>"
    )
