"""What a person can change about a dataset: its name, its split, that it is there; with undo and a trash."""

from dataclasses import dataclass
from functools import partial

import streamlit as st

from ulmfit_app import limits
from ulmfit_app.data import sources
from ulmfit_app.data.splits import SEED
from ulmfit_app.runs.dataset_usage import runs_on, unused_dataset
from ulmfit_app.runs.state import UNFINISHED
from ulmfit_app.schema import MAX_NAME
from ulmfit_app.trash import KEPT
from ulmfit_app.ui.errors import plain
from ulmfit_app.ui.links import draw_link
from ulmfit_app.ui.run_actions import perform
from ulmfit_app.ui.wording import ago

CHANGED = "changed-datasets"  # what this session can take back, the last one last


@dataclass(frozen=True, slots=True)
class Change:
    """What went to the trash under `token`, in words; `made`: content hash of what took its place, if anything did."""

    token: str
    words: str
    made: str = ""


def draw_changes(name: str, has_labels: bool) -> None:
    """Draw the forms that rename, split and delete one's own dataset; a refusal says which run needs it."""
    with st.form("rename-dataset", border=False):
        new = st.text_input("New name", name, max_chars=MAX_NAME, key=f"new-name-{name}")
        renamed = st.form_submit_button("Rename", icon=":material/edit:")
    split = _split_form(name) if has_labels else None
    words = f"Moves the dataset to the trash, from where it can be restored for {KEPT.days} days."
    deleted = st.button("Delete", key=f"delete-{name}", icon=":material/delete:", help=words)
    for run in runs_on(name):
        if run.state in UNFINISHED:
            draw_link("runs", f"Needed by the run {run.id}", icon=":material/lock:", run=run.id)
    perform(
        [partial(_rename, name, new.strip()) if renamed else None, split, partial(_delete, name) if deleted else None]
    )


def draw_undo() -> None:
    """After a change that went to the trash, say what happened and offer to take it back, the last one first."""
    changed: list[Change] = st.session_state.get(CHANGED, [])
    there = {dataset.token for dataset in sources.TRASH.deleted()}
    while changed and changed[-1].token not in there:
        changed.pop()
    if not changed:
        return
    with st.container(horizontal=True, vertical_alignment="center", key="undo-deletion"):
        st.markdown(plain(changed[-1].words))
        pressed = st.button("Undo", key="undo", icon=":material/undo:")
    perform([partial(_undo, changed[-1]) if pressed else None])


def draw_trash() -> None:
    """Draw what can still be restored, after what is older than that is gone."""
    sources.TRASH.empty()
    there = sources.TRASH.deleted()
    if not there:
        return
    with st.expander(f"Trash ({len(there)})", icon=":material/delete:", key="trash"):
        st.caption(f"Datasets stay here for {KEPT.days} days, then their files are removed.")
        for dataset in there:
            with st.container(horizontal=True, vertical_alignment="center"):
                words = f"**{plain(dataset.name)}**, deleted {ago(dataset.deleted.isoformat())}"
                st.markdown(words, width="content")
                key = f"restore-{dataset.token}"
                pressed = st.button("Restore", key=key, icon=":material/undo:", type="tertiary")
            perform([partial(_restore, dataset.token) if pressed else None])


def _split_form(name: str) -> partial[None] | None:
    """The form of another split, and what it does if it was sent."""
    with st.form("split-dataset", border=False):
        share, seed = st.columns(2)
        words = "Of each label; identical texts stay on one side. The language model's own texts follow."
        percent = share.number_input("Validation texts, %", 1, 90, 20, key=f"share-{name}", help=words)
        number = seed.number_input("Seed", 0, 2**32 - 1, SEED, key=f"seed-{name}", help="Another seed, other texts.")
        st.caption("The content hash changes with the split: models trained before keep the old one in their lineage.")
        sent = st.form_submit_button("Split again", icon=":material/call_split:")
    return partial(_split, name, percent / 100, int(number)) if sent else None


def _rename(name: str, new_name: str) -> None:
    with unused_dataset(name):
        sources.rename(name, new_name)
    st.query_params["dataset"] = new_name


def _split(name: str, share: float, seed: int) -> None:
    with limits.one_at_a_time(), unused_dataset(name):
        token = sources.resplit(name, share, seed)
    info = sources.entry(name).info
    words = f"{name} has another split now. The version before is in the trash."
    _remember(Change(token, words, info.content_hash if info else ""))


def _delete(name: str) -> None:
    with unused_dataset(name):
        token = sources.delete(name)
    _remember(Change(token, f"The dataset {name} is in the trash, for {KEPT.days} days."))
    st.query_params.pop("dataset", None)


def _restore(token: str) -> None:
    sources.restore(token)


def _remember(change: Change) -> None:
    st.session_state.setdefault(CHANGED, []).append(change)


def _undo(change: Change) -> None:
    """Bring the version in the trash back; what took its place goes there. Anything else of that name is refused."""
    name = sources.TRASH.find(change.token).name
    with unused_dataset(name):
        info = sources.entry(name).info if name in sources.names() else None
        if info is not None and info.content_hash == change.made:
            sources.delete(name)
        st.query_params["dataset"] = sources.restore(change.token)
