"""What a person can do with a run: stop, pause, resume, move, delete with undo, download its log."""

from collections.abc import Callable
from functools import partial
from typing import Literal

import streamlit as st

from ulmfit_app import access
from ulmfit_app.runs import control
from ulmfit_app.runs.folder import RunFolder
from ulmfit_app.runs.packing import packed
from ulmfit_app.runs.state import LIVE, RESUMABLE, WORKING
from ulmfit_app.runs.summary import RunSummary
from ulmfit_app.ui.download import draw_download
from ulmfit_app.ui.errors import plain, told
from ulmfit_app.ui.sharing import draw_share_run

DELETED = "deleted-runs"  # ids that this session can bring back, the last one deleted last

Action = Callable[[], None]
Look = Literal["secondary", "tertiary"]  # with an outline, or plain as a link


def draw_actions(folder: RunFolder, run: RunSummary) -> None:
    """Draw the buttons that make sense in the run's state, and do what the pressed one says."""
    with st.container(horizontal=True):
        pressed = [
            _resume_button(run),
            _pause_button(run),
            _stop_button(folder, run),
            *move_buttons(run),
            delete_button(run),
        ]
        _run_button(folder)
        if access.current() == access.LOCAL:  # it has tracebacks and paths
            _log_button(folder)
        else:
            draw_share_run(folder)
    perform(pressed)


def perform(pressed: list[Action | None]) -> None:
    """Do what was pressed, if anything was, and draw the page anew; a refusal is told here instead."""
    for action in filter(None, pressed):
        with told():
            action()
            st.rerun()


def move_buttons(run: RunSummary, look: Look = "secondary") -> list[Action | None]:
    """Buttons that move a waiting run in the queue, as what they do if they are pressed; none for another run."""
    if run.position is None:
        return []
    first, up, down = run.position == 1, ":material/arrow_upward:", ":material/arrow_downward:"
    earlier = st.button("Earlier", key=f"earlier-{run.id}", icon=up, type=look, disabled=first)
    later = st.button("Later", key=f"later-{run.id}", icon=down, type=look)
    by = later - earlier
    return [partial(control.move, run.id, run.position + by) if by else None]


def delete_button(run: RunSummary, look: Look = "secondary") -> Action | None:
    """The button that moves a run to the trash; none for a live run. `draw_undo` brings the run back."""
    if run.state in LIVE:
        return None
    words, icon = "Moves the run to the trash; its model stays.", ":material/delete:"
    pressed = st.button("Delete", key=f"delete-{run.id}", icon=icon, type=look, help=words)
    return partial(_delete, run.id) if pressed else None


def draw_undo() -> None:
    """After a deletion, say what happened and offer to take it back, the last one first."""
    deleted: list[str] = st.session_state.get(DELETED, [])
    if not deleted:
        return
    with st.container(horizontal=True, vertical_alignment="center", key="undo-deletion"):
        st.markdown(f"The run {plain(deleted[-1])} is in the trash. Its model, if it made one, is still there.")
        pressed = st.button("Undo", key="undo", icon=":material/undo:")
    perform([_restore if pressed else None])


def _delete(run_id: str) -> None:
    control.delete(run_id)
    st.session_state.setdefault(DELETED, []).append(run_id)
    st.query_params.pop("run", None)


def _restore() -> None:
    control.restore(st.session_state[DELETED].pop())


def _resume_button(run: RunSummary) -> Action | None:
    if run.state not in RESUMABLE:
        return None
    pressed = st.button("Resume", key=f"resume-{run.id}", type="primary", icon=":material/play_arrow:")
    return partial(control.resume, run.id) if pressed else None


def _pause_button(run: RunSummary) -> Action | None:
    if run.state not in WORKING or run.name is None:  # a run that makes no model has no checkpoint to go on from
        return None
    words = "Writes a checkpoint after the present minibatch and makes room for the next run."
    pressed = st.button("Pause", key=f"pause-{run.id}", icon=":material/pause:", help=words)
    return partial(control.pause, run.id) if pressed else None


def _stop_button(folder: RunFolder, run: RunSummary) -> Action | None:
    """In a popover that says what is kept; a dialog would have to be kept open while the panel is drawn anew."""
    checkpoints = folder.checkpoint_names()
    if run.state not in LIVE and not (run.state in RESUMABLE and run.status and checkpoints):
        return None
    with st.popover("Stop", icon=":material/stop:"):
        st.markdown(plain(_what_is_kept(run, checkpoints)))
        keep = None
        if run.state not in LIVE:
            keep = st.selectbox("Checkpoint to keep", checkpoints[::-1], key=f"keep-{run.id}")
        pressed = st.button("Stop the run", key=f"stop-{run.id}", type="primary")
    return partial(control.stop, run.id, keep) if pressed else None


def _what_is_kept(run: RunSummary, checkpoints: list[str]) -> str:
    if run.name is None:
        return "The run ends after the present texts. What was computed until then is kept."
    if run.state in WORKING:
        return (
            f"The run ends after the present minibatch. Kept: the model '{run.name}' with the weights of that moment, "
            "marked partial. Before the first training step there is no model to keep. A stopped run cannot be "
            "resumed: to go on another time, pause it instead."
        )
    if checkpoints:
        return (
            f"The weights of a checkpoint become the model '{run.name}', marked partial. "
            "A stopped run cannot be resumed."
        )
    return "The run leaves the queue. It has not trained yet, so there is no model to keep."


def _run_button(folder: RunFolder) -> None:
    words, name = "What was asked, all events, what came out; no texts, no model.", f"{folder.id}.zip"
    draw_download("Run as a file", partial(packed, folder), name, "application/zip", key="run-file", words=words)


def _log_button(folder: RunFolder) -> None:
    draw_download("Log", partial(_log, folder), f"{folder.id}.log.txt", "text/plain")


def _log(folder: RunFolder) -> bytes:
    try:
        return folder.log.read_bytes()
    except FileNotFoundError:
        return b"This run has written no log.\n"
