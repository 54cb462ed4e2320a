"""The live panel: one run, whatever its state. The same on the page that started it, on Runs and from a deep link.

It looks at the run's folder once a second while the run is live, and not at all when it is not. It changes nothing;
what can be done with a run is in `run_actions`, its curves and tables are in `run_results`.
"""

from html import escape

import streamlit as st

from ulmfit_app.errors import RunError
from ulmfit_app.runs.folder import RunFolder
from ulmfit_app.runs.history import RunHistory
from ulmfit_app.runs.state import LIVE, WORKING
from ulmfit_app.runs.summary import RunSummary, summary
from ulmfit_app.schema import RunState
from ulmfit_app.ui.errors import in_words, plain, told
from ulmfit_app.ui.run_actions import draw_actions
from ulmfit_app.ui.run_events import history_of
from ulmfit_app.ui.run_results import draw_epochs, draw_loss, draw_measures, draw_messages, draw_result
from ulmfit_app.ui.run_stages import draw_stages
from ulmfit_app.ui.run_state import state_sign
from ulmfit_app.ui.sharing import is_shared, opened_run
from ulmfit_app.ui.wording import ago, duration, memory, percent, progress_words, run_title, run_words, share

EVERY = 1.0  # seconds between two looks; a run tells at most two things a second
ASKED = {
    "stop": "Asked to stop: it ends after the present minibatch and keeps what it has.",
    "pause": "Asked to pause: it ends after the present minibatch.",
}


def draw_run(run_id: str) -> None:
    """Draw the run: what it is, how it goes, and unless it is shared, what can be done with it.

    An unknown id is told in its place.
    """
    with told():
        folder, shared = opened_run(run_id), is_shared()
        run = summary(folder)
        _draw_heading(folder, run)
        if shared:
            st.caption("Shared with you to read, for as long as the run is there.")
        else:
            draw_actions(folder, run)
        every = EVERY if run.state in LIVE else None
        with st.container(key="live-panel"):
            st.fragment(_draw_progress, run_every=every)(folder, run.state, not shared)


def _draw_heading(folder: RunFolder, run: RunSummary) -> None:
    st.header(plain(run_title(run)), anchor=False)
    facts = [run_words(run, folder.kind)]
    if run.spec and run.spec.recipe:
        facts += [f"from {run.spec.parent}" if run.spec.parent else "from random weights", f"seed {run.spec.seed}"]
    facts += [f"submitted {ago(run.spec.created)}"] if run.spec else []
    position = f"({run.position})" if run.position else ""
    words = " ".join(f"<span>{escape(fact)}</span>" for fact in [*facts, run.id])
    st.html(f"<p class='ulmfit-facts'>{state_sign(run.state, position)} {words}</p>")


def _draw_progress(folder: RunFolder, drawn_as: RunState, linked: bool) -> None:
    """The part that changes by itself. When the state is another one, the whole page is drawn anew, once.

    `linked`: whether the pages that show what came out can be opened.
    """
    run = summary(folder)
    if run.state is not drawn_as or not folder.path.is_dir():
        st.rerun()
    history = history_of(folder)
    _draw_reason(folder, run)
    if run.state in WORKING:
        _draw_now(run, history)
    draw_result(run, linked=linked)
    if folder.kind.trains:
        _draw_training(folder, run, history)
    draw_messages(history)


def _draw_training(folder: RunFolder, run: RunSummary, history: RunHistory) -> None:
    left, right = st.columns([2, 3], gap="medium")
    with left:
        if run.spec and run.spec.recipe:
            draw_stages(run.spec.recipe, history, run.state, folder.checkpoint_names())
    with right:
        draw_loss(run.id, history)
        draw_epochs(history)
    draw_measures(run.id, history)


def _draw_reason(folder: RunFolder, run: RunSummary) -> None:
    """Why the run is not going on, or what it was asked to do."""
    if run.state in LIVE:
        asked = _asked(folder)
        if asked:
            st.info(asked, icon=":material/hourglass_top:")
        elif run.state is RunState.QUEUED:
            first = "It is the next one." if run.position == 1 else f"{(run.position or 1) - 1} are before it."
            st.info(f"The run waits until its turn comes. {first}", icon=":material/hourglass_top:")
    elif run.state in (RunState.FAILED, RunState.INTERRUPTED):
        st.error(plain(run.reason), icon=":material/error:")
    elif run.reason:
        st.info(plain(run.reason), icon=":material/info:")


def _asked(folder: RunFolder) -> str:
    try:
        request = folder.request()
    except RunError as error:
        return plain(in_words(error))
    return ASKED[request.action] if request else ""


def _draw_now(run: RunSummary, history: RunHistory) -> None:
    """The bar, and the numbers of this moment. The bar is of the whole training, before it of the preparation."""
    progress = history.progress
    if progress is None:
        st.progress(0.0, text="Getting ready")
        return
    done = share(history)
    filled = min(1.0, progress.done / max(1, progress.total)) if done is None else done
    st.progress(filled, text=plain(progress_words(history.stage, progress)))
    figures = {
        "of all steps": "" if done is None else percent(history),
        "left": "" if progress.eta is None else duration(progress.eta),
        "worked": duration(run.seconds),
        progress.rate_unit: "" if progress.rate is None else f"{progress.rate:,.0f}",
        "training loss": f"{history.loss[-1][1]:.4f}" if history.loss else "",
        "memory": "" if progress.memory_mb is None else memory(progress.memory_mb),
        "last checkpoint": f"step {history.checkpoints[-1].step:,}" if history.checkpoints else "",
    }
    items = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in figures.items() if value)
    st.html(f"<dl class='ulmfit-figures'>{items}</dl>")
