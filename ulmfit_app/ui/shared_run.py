"""The run that the URL names: one's own (`?run=<id>`), or somebody else's by a link that opens it (`&share=<token>`).

A token opens one run to read. Who may make one, and what it opens, is decided in `signing`.
"""

from urllib.parse import urlencode

import streamlit as st

from ulmfit_app import signing
from ulmfit_app.runs.folder import RunFolder, find, find_anybodys
from ulmfit_app.schema import RunKind

RUN, SHARE = "run", "share"  # of the URL
PAGES = {RunKind.PREDICT: "predict", RunKind.EVALUATE: "evaluate"}  # the others: runs


def is_shared() -> bool:
    """Whether the URL opens a run by a token: it is shown, and nothing can be done with it."""
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


def draw_share(folder: RunFolder) -> None:
    """Draw the link that opens one's own run in `folder` to whoever has it."""
    with st.popover("Share", icon=":material/link:"):
        st.markdown(
            "Whoever has this link can read this run for as long as it is there, without signing in: its settings, "
            "its numbers, and what it says of every text. They can do nothing with it. The link cannot be taken back: "
            "delete the run instead."
        )
        place = (st.context.url or "").rpartition("/")[0]
        query = urlencode({RUN: folder.id, SHARE: signing.share_run(folder.id)})
        st.code(f"{place}/{PAGES.get(folder.kind, 'runs')}?{query}", language=None, wrap_lines=True)
