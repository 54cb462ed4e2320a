"""Datasets in the app: picking one, and opening it with a bar while it is built for the first time.

The page that shows and changes them is drawn by the modules `dataset_…`.
"""

import streamlit as st

from ulmfit_app import access
from ulmfit_app.data import sources
from ulmfit_app.data.dataset import Dataset
from ulmfit_app.data.sources import CatalogueEntry
from ulmfit_app.ui.url_choice import choose_in_url

CACHED = 2  # opened datasets in memory; IMDb takes 35 MB


def pick_dataset(label: str, key: str = "dataset", *, labelled: bool = False) -> CatalogueEntry:
    """Let the person choose a dataset; the choice is kept in the URL under `key`.

    With `labelled`, datasets known to have no labels are left out; those that cannot be read always are. The
    catalogue's can be chosen before they are built or downloaded: their `info` is None then.
    """
    usable = {entry.name: entry for entry in sources.catalogue() if not entry.problem}
    if labelled:
        usable = {name: entry for name, entry in usable.items() if entry.info is None or entry.info.labels}
    return usable[choose_in_url(label, list(usable), key, help="Add your own on the page Datasets.")]


def open_dataset(entry: CatalogueEntry) -> Dataset:
    """The dataset of `entry`, in memory once for all sessions; with a bar while one of the catalogue is built.

    Raises OfflineError if it would have to be downloaded (the message says how), DataError if it is damaged.
    """
    if entry.info is None:
        with st.spinner(f"Reading {entry.name} for the first time", show_time=True):
            sources.open_dataset(entry.name)
        entry = sources.entry(entry.name)
    owner = access.current() if entry.own else ""
    return _opened(owner, entry.name, entry.info.content_hash if entry.info else "")


@st.cache_resource(max_entries=CACHED, show_spinner="Opening the dataset")
def _opened(owner: str, name: str, content_hash: str) -> Dataset:
    """`owner`, `name` and `content_hash` are the key of the cache."""
    return sources.open_dataset(name)
