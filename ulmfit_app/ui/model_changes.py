"""What a person can change about a model: its name, its notes, that it is there; with undo and a trash."""

from functools import partial

import streamlit as st

from ulmfit_app import registry
from ulmfit_app.registry import ModelEntry
from ulmfit_app.registry.cards import MAX_NOTES
from ulmfit_app.runs.model_usage import runs_with, unused_model
from ulmfit_app.schema import MAX_NAME
from ulmfit_app.trash import KEPT
from ulmfit_app.ui.errors import plain
from ulmfit_app.ui.links import draw_link
from ulmfit_app.ui.run_actions import perform
from ulmfit_app.ui.wording import ago

DELETED = "deleted-models"  # tokens that this session can bring back, the last one deleted last
SAVED = "notes-saved"  # name of the model whose notes were saved just now


def draw_changes(entry: ModelEntry) -> None:
    """Draw the forms that rename and delete one's own model; a refusal says which run needs it."""
    with (
        st.form(f"rename-{entry.name}", border=False),
        st.container(horizontal=True, vertical_alignment="bottom", width=480),
    ):
        new = st.text_input("New name", entry.name, max_chars=MAX_NAME, key=f"new-name-{entry.name}")
        renamed = st.form_submit_button("Rename", icon=":material/edit:")
    words = f"Moves the model to the trash, from where it can be restored for {KEPT.days} days."
    deleted = st.button("Delete", key=f"delete-{entry.name}", icon=":material/delete:", help=words)
    for run in runs_with(entry.name):
        draw_link("runs", f"Needed by the run {run.id}", icon=":material/lock:", run=run.id)
    perform([partial(_rename, entry.name, new) if renamed else None, partial(_delete, entry.name) if deleted else None])


def draw_notes(entry: ModelEntry) -> None:
    """Draw the editor of the notes in the card, or say why there is none."""
    if entry.shipped:
        st.info("A shipped model is read-only. Its card has its notes.")
        return
    with st.form(f"notes-{entry.name}", border=False):
        now = registry.read_notes(entry.name)
        words = "Notes (Markdown; they are part of the card and travel with the model)"
        notes = st.text_area(words, now, max_chars=MAX_NOTES, height=220, key=f"notes-text-{entry.name}")
        saved = st.form_submit_button("Save notes", type="primary", icon=":material/save:")
    perform([partial(_save_notes, entry.name, notes) if saved else None])
    if st.session_state.pop(SAVED, None) == entry.name:
        st.success("The notes are saved in the card.", icon=":material/check_circle:")


def draw_undo() -> None:
    """After a deletion, say what happened and offer to take it back, the last one first."""
    tokens: list[str] = st.session_state.get(DELETED, [])
    there = {model.token: model for model in registry.TRASH.deleted()}
    while tokens and tokens[-1] not in there:
        tokens.pop()
    if not tokens:
        return
    with st.container(horizontal=True, vertical_alignment="center", key="undo-deletion"):
        st.markdown(f"The model {plain(there[tokens[-1]].name)} is in the trash, for {KEPT.days} days.")
        pressed = st.button("Undo", key="undo", icon=":material/undo:")
    perform([partial(_restore, tokens[-1]) if pressed else None])


def draw_trash() -> None:
    """Draw what can still be restored, after what is older than that is gone."""
    registry.TRASH.empty()
    there = registry.TRASH.deleted()
    if not there:
        return
    with st.expander(f"Trash ({len(there)})", icon=":material/delete:", key="trash"):
        st.caption(f"Models stay here for {KEPT.days} days, then their files are removed.")
        for model in there:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(f"**{plain(model.name)}**, deleted {ago(model.deleted.isoformat())}", width="content")
                pressed = st.button("Restore", key=f"restore-{model.token}", icon=":material/undo:", type="tertiary")
            perform([partial(_restore, model.token) if pressed else None])


def _rename(name: str, new_name: str) -> None:
    with unused_model(name):
        registry.rename(name, new_name.strip())
    if "model" in st.query_params:
        st.query_params["model"] = new_name.strip()


def _delete(name: str) -> None:
    with unused_model(name):
        token = registry.delete(name)
    st.session_state.setdefault(DELETED, []).append(token)
    st.query_params.pop("model", None)


def _restore(token: str) -> None:
    registry.restore(token)


def _save_notes(name: str, notes: str) -> None:
    registry.write_notes(name, notes)
    st.session_state[SAVED] = name
