"""What somebody shared: a run or a model that a link opens to whoever has it (`&share=<token>`), to read.

Who may make a token, and what it opens, is decided in `signing`.
"""

from urllib.parse import urlencode

import streamlit as st

from ulmfit_app import access, signing
from ulmfit_app.registry import ModelEntry
from ulmfit_app.runs.folder import RunFolder, find, find_anybodys
from ulmfit_app.schema import RunKind

RUN, SHARE = "run", "share"  # of the URL
PAGES = {RunKind.PREDICT: "predict", RunKind.EVALUATE: "evaluate"}  # the others: runs


def is_shared() -> bool:
    """Whether the URL opens something by a token: it is shown, and nothing can be done with it."""
    return SHARE in st.query_params


def opened_run(run_id: str) -> RunFolder:
    """The run called `run_id`; `NotFoundError` unless it is one's own, or the URL's token opens it."""
    if not is_shared():
        return find(run_id)
    signing.refuse_unshared(run_id, st.query_params[SHARE])
    return find_anybodys(run_id)


def close_run() -> None:
    """Leave the run: the page is as without one."""
    st.query_params.pop(RUN, None)
    st.query_params.pop(SHARE, None)


def draw_share_run(folder: RunFolder) -> None:
    """Draw the link to one's own run in `folder`."""
    page = PAGES.get(folder.kind, "runs")
    told = "its settings, its numbers, and what it says of every text"
    _draw(page, "run", told, {RUN: folder.id, SHARE: signing.share_run(folder.id)})


def draw_share_model(entry: ModelEntry) -> None:
    """Draw the link to a visitor's own model; a server of one's own has nobody to share with."""
    if access.current() != access.LOCAL and not entry.shipped:
        token = signing.share_model(entry.path.parent.name, entry.name, entry.usable_config().weights_sha256)
        _draw("models", "model", "its card, its numbers and how it was made", {SHARE: token})


def _draw(page: str, what: str, told: str, query: dict[str, str]) -> None:
    with st.popover("Share", icon=":material/link:"):
        st.markdown(
            f"Whoever has this link can read this {what} for as long as it is there, without signing in: {told}. "
            f"They can do nothing with it. The link cannot be taken back: delete the {what} instead."
        )
        place = (st.context.url or "").rpartition("/")[0]
        st.code(f"{place}/{page}?{urlencode(query)}", language=None, wrap_lines=True)
