"""A fourth way to give texts: table files of a dataset repository on the Hub, downloaded for this session."""

import shutil
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast
from weakref import finalize

import streamlit as st

from ulmfit_app import hub
from ulmfit_app.ui.dataset_input import GivenFile, there
from ulmfit_app.ui.errors import plain
from ulmfit_app.ui.hub_account import draw_account
from ulmfit_app.ui.hub_pull import draw_looked, look_at
from ulmfit_app.ui.hub_transfer import Transfer, begin, draw_transfer, forget
from ulmfit_app.ui.models import size_words

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ulmfit_app.hub import Account, RemoteFile, Repository

TRANSFER, LOOKED = "hub-dataset", "hub-dataset-looked"


class Fetched:
    """Files in a folder of their own, `identity`, which goes by `remove` or when the session forgets them."""

    def __init__(self, repo: "Repository", paths: "Sequence[Path]") -> None:
        self.name = f"{repo.id}@{repo.commit[:8]}"
        self.identity = str(hub.parked())
        self.remove = finalize(self, shutil.rmtree, self.identity, ignore_errors=True)
        self.paths = [Path(shutil.move(path, self.identity)) for path in paths]


def given_repository() -> GivenFile | None:
    """The files of a repository that were downloaded, if some were. Raises `AppError`."""
    account = draw_account()
    with st.form("hub-dataset-look", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        repo_id = st.text_input("Dataset repository", key="hub-dataset-repo", placeholder="owner/name")
        pressed = st.form_submit_button("Look", icon=":material/visibility:")
    if pressed:
        look_at(LOOKED, repo_id, account, "dataset")
    seen = draw_looked(LOOKED, account)
    if seen:
        _draw_choice(seen, account)
    transfer = draw_transfer(TRANSFER)
    if transfer is None or transfer.state != "done":
        return None
    fetched = cast(Fetched, transfer.result)
    st.success(f"Downloaded: {plain(fetched.name)}.", icon=":material/check_circle:")
    return GivenFile(fetched.identity, fetched.name, partial(there, fetched.paths))


def forget_fetched() -> None:
    """Remove the files that were downloaded, if some were: they have been added, or others are wanted."""
    transfer: Transfer[Fetched] | None = st.session_state.get(TRANSFER)
    if transfer is not None and transfer.result is not None:
        transfer.result.remove()
        forget(TRANSFER)


def _draw_choice(seen: "Repository", account: "Account") -> None:
    """What of the repository is downloaded."""
    files = {file.path: file for file in hub.data_files(seen)}
    trained = [path for path in files if "train" in path.lower()]
    chosen = st.multiselect(
        "Files", list(files), trained or list(files)[:1], key=f"hub-dataset-files-{seen.commit}",
        format_func=lambda path: f"{path} ({size_words(files[path].size)})",
        help="All become one dataset, with a validation split of its own.",
    )  # fmt: skip
    if st.button("Download", key="hub-dataset-download", icon=":material/download:", disabled=not chosen):
        forget_fetched()  # they would count while the others come
        begin(TRANSFER, f"Downloading {seen.id}", partial(_fetch, seen, [files[path] for path in chosen], account))


def _fetch(
    seen: "Repository", files: "list[RemoteFile]", account: "Account", on_progress: "Callable[[int, int], None]"
) -> Fetched:
    """Runs in the transfer's thread."""
    with hub.downloaded(seen, files, account, on_progress) as paths:
        return Fetched(seen, paths)
