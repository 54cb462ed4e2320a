"""A notice of the browser when a run ends, for those who asked for it. It needs an open tab of the app."""

from collections.abc import Sequence
from html import escape

import streamlit as st

from ulmfit_app.errors import AppError
from ulmfit_app.runs.folder import RunFolder, find
from ulmfit_app.runs.summary import summary
from ulmfit_app.ui.scripts import RUN_NOTICE, draw_with
from ulmfit_app.ui.wording import run_title

SEEN, ENDED = "runs-seen-working", "runs-seen-ending"


def draw_notice(working: Sequence[RunFolder]) -> None:
    """Draw the choice while a run works; tell of those that worked at the last look of this session and now do not."""
    now = [folder.id for folder in working]
    ended = [run_id for run_id in st.session_state.get(SEEN, ()) if run_id not in now]
    st.session_state[SEEN] = now
    wanted = st.session_state.get("notify", False)
    if working:
        wanted = st.toggle(
            "Tell me when it ends", key="notify", persist_state="session",
            help="By a notice of your browser, which asks for your permission first. A tab of this app must stay open.",
        )  # fmt: skip
    if wanted:
        # What ended stays drawn: a rerun that follows at once takes the place of this one before it is drawn.
        st.session_state[ENDED] = [*st.session_state.get(ENDED, ()), *ended]
        draw_with(RUN_NOTICE, "".join(["<div>", *map(_notice, st.session_state[ENDED]), "</div>"]))


def _notice(run_id: str) -> str:
    """HTML that is not seen: what the script tells."""
    try:
        run = summary(find(run_id))
    except AppError:  # deleted meanwhile
        return ""
    key, title, state = map(escape, (run_id, run_title(run), run.state.value))
    return f"<span data-run='{key}' data-title='{title}' data-state='{state}'></span>"
