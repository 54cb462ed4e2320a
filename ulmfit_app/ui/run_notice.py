"""A notice of the browser when a run ends, for those who asked for it. It needs an open tab of the app."""

import json
from collections.abc import Sequence

import streamlit as st

from ulmfit_app.errors import AppError
from ulmfit_app.runs.folder import RunFolder, find
from ulmfit_app.runs.summary import summary
from ulmfit_app.ui.wording import run_title

ASK = "if ('Notification' in window) Notification.requestPermission();"
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
        # What ended stays in the script: a rerun that follows at once takes the place of this one before it is drawn.
        st.session_state[ENDED] = [*st.session_state.get(ENDED, ()), *ended]
        _run(ASK + "".join(_notice(run_id) for run_id in st.session_state[ENDED]))


def _notice(run_id: str) -> str:
    try:
        run = summary(find(run_id))
    except AppError:  # deleted meanwhile
        return ""
    key, title, body = (json.dumps(text).replace("<", r"\u003c") for text in (run_id, run_title(run), run.state.value))
    once = f"if (!(window.ulmfitTold ??= new Set()).has({key})) {{ window.ulmfitTold.add({key});"
    return f"{once} if (window.Notification?.permission === 'granted') new Notification({title}, {{body: {body}}}); }}"


def _run(script: str) -> None:
    st.html(f"<script>{script}</script>", unsafe_allow_javascript=True)
