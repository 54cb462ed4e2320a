"""The texts that the page Explore looks at: of a large dataset a sample at once, the whole when a person asks for it.

Tokens are kept on disk, where trainings find them too; what is counted in them stays in memory for all sessions.
"""

import streamlit as st

from ulmfit_app import limits, quota
from ulmfit_app.data import token_table
from ulmfit_app.data.dataset import Dataset
from ulmfit_app.data.exploration import Exploration, sample
from ulmfit_app.ui.errors import plain

WAITING = " For visitors one core does it, and nothing else is computed for them until it is done or cancelled."
CACHED = 4  # explorations in memory; that of IMDb takes about 100 MB


def explore(dataset: Dataset) -> Exploration:
    """The tokens of `dataset` if it is small or they are kept already, else those of a sample; with a bar."""
    total, key = len(dataset.texts), dataset.info.content_hash
    info = dataset.info.model_dump_json()  # two datasets, perhaps of two visitors, may have the same texts
    part = _sample(info, _dataset=dataset)
    if len(part.texts) == total or token_table.is_kept(_key(key, total, _dataset=dataset)):
        part = dataset
    else:
        _offer_whole(dataset, len(part.texts))
    _prepare(part)
    return _explored(info, len(part.texts), _dataset=part)


def _offer_whole(dataset: Dataset, drawn: int) -> None:
    """Say that a sample of `drawn` texts is shown, and tokenise all on demand. Any click ends that, Cancel too."""
    total = len(dataset.texts)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            f"Shown is a **sample of {drawn:,}** of the {total:,} texts, drawn by label: minibatches and counts are "
            "those of the sample."
        )
        words = "25,000 texts take a minute." + (WAITING if limits.are_set() else "")
        pressed = st.button(f"Tokenise all {total:,}", icon=":material/database:", help=words)
    if pressed:
        st.button("Cancel", icon=":material/close:", help="The sample stays; nothing of the rest is kept.")
        _prepare(dataset)
        st.rerun()


def _prepare(dataset: Dataset) -> None:
    """Tokenise what is not kept yet. A rerun ends it: Streamlit raises it from the bar, and nothing is left behind.

    Raises `AppError` for a visitor who has too much, or something else under way; theirs take one core only.
    """
    total = len(dataset.texts)
    if token_table.is_kept(_key(dataset.info.content_hash, total, _dataset=dataset)):
        return
    quota.refuse_full()  # tokens are nobody's, but lie on the same disk
    words = f"Tokenising {total:,} texts of {plain(dataset.info.name)}"
    bar = st.progress(0.0, text=words)

    def tell(done: int, of: int) -> None:
        bar.progress(done / of, text=f"{words}: {done:,} done")

    with limits.one_at_a_time():
        dataset.token_table(tell, workers=1 if limits.are_set() else None)
    bar.empty()


@st.cache_resource(max_entries=2, show_spinner=False)
def _sample(info: str, *, _dataset: Dataset) -> Dataset:
    """`info` is the key of the cache."""
    return sample(_dataset)


@st.cache_data(max_entries=100, show_spinner=False)
def _key(content_hash: str, texts: int, *, _dataset: Dataset) -> str:
    """The key of the tokens; hashing all texts takes 0.1 s for IMDb."""
    return token_table.key_of(_dataset.texts, _dataset.info.language)


@st.cache_resource(max_entries=CACHED, show_spinner=False)
def _explored(info: str, texts: int, *, _dataset: Dataset) -> Exploration:
    """`info` and the number of `texts` are the key of the cache."""
    return Exploration(_dataset, _dataset.token_table())
