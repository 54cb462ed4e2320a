"""A model and the Hub: where it was pulled from and whether there is a newer one; and pushing it, or its encoder."""

from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from ulmfit_app import hub, registry
from ulmfit_app.registry import ModelEntry
from ulmfit_app.schema import ModelConfig, Origin
from ulmfit_app.settings import settings
from ulmfit_app.ui.errors import plain, told
from ulmfit_app.ui.hub_account import draw_account
from ulmfit_app.ui.hub_pull import begin_pull, draw_pulling
from ulmfit_app.ui.hub_transfer import begin, draw_transfer
from ulmfit_app.ui.wording import ago

if TYPE_CHECKING:
    from ulmfit_app.hub import Account, Pushed, Repository

WHOLE, ENCODER = "The model", "Its encoder, without the head"
PRIVATE, PUBLIC = "You and who you let in (private)", "Everyone (public)"
NEWER = "hub-newer"


def draw_hub(entry: ModelEntry, config: ModelConfig) -> None:
    """Draw what concerns a model of one's own and the Hub."""
    account = draw_account()
    origin = registry.origin_of(entry)
    if origin:
        _draw_origin(entry.name, origin, account)
    st.subheader("Push to the Hub", anchor=False)
    if account.token:
        _draw_push(entry, config, account)
    else:
        own = " Without a token typed here, `HF_TOKEN` or what `hf auth login` stored is used."
        st.markdown(f"Sign in first.{'' if settings().mode == 'hosted' else own}")


def _draw_origin(name: str, origin: Origin, account: "Account") -> None:
    st.subheader("Where it was pulled from", anchor=False)
    commit = f"{origin.repo_id} at {origin.revision}, commit {origin.commit[:8]}, {ago(origin.pulled)}"
    st.markdown(plain(commit))
    if st.button("Check for an update", key="hub-check", icon=":material/update:"):
        with told(), st.spinner("Asking the Hub"):
            st.session_state[NEWER] = (name, hub.newer(origin, account))
    asked, newer = st.session_state.get(NEWER, ("", None))
    if asked == name:
        _draw_newer(origin, newer, account)
    draw_pulling()


def _draw_newer(origin: Origin, newer: "Repository | None", account: "Account") -> None:
    if newer is None:
        st.success("This is what the Hub has.", icon=":material/check_circle:")
        return
    st.info(f"There is a newer commit, {newer.commit[:8]}. It becomes a model of its own; this one stays as it is.")
    if st.button("Pull it", key="hub-pull-newer", icon=":material/download:"):
        begin_pull(newer.id, account, origin.revision)


def _draw_push(entry: ModelEntry, config: ModelConfig, account: "Account") -> None:
    key = f"hub-push-{entry.name}"
    with st.form(f"{key}-form", border=False):
        left, right = st.columns(2)  # a new pair for every row, which keeps their order on a narrow screen
        owner = left.selectbox("Owner", account.namespaces, key=f"{key}-owner", accept_new_options=True)
        name = right.text_input("Repository", entry.name.replace("--", "-"), key=f"{key}-name")
        left, right = st.columns(2)
        parts = [WHOLE, ENCODER] if config.part == "full" else [WHOLE]
        part = left.radio("What is pushed", parts, key=f"{key}-part")
        seen = right.radio("Who may read it", [PRIVATE, PUBLIC], key=f"{key}-seen")
        left, right = st.columns(2)
        message = left.text_input("Message of the commit (may be empty)", key=f"{key}-message")
        tag = right.text_input("Tag (may be empty)", key=f"{key}-tag", placeholder="v1")
        words = "Its owner decides; nothing changes before."
        proposed = st.checkbox("As a pull request", key=f"{key}-pr", help=words)
        pressed = st.form_submit_button("Push", type="primary", icon=":material/upload:")
    if pressed:
        work = partial(
            hub.push,
            entry.path,
            f"{owner}/{name.strip()}",
            account,
            encoder=part == ENCODER,
            public=seen == PUBLIC,
            message=message,
            tag=tag.strip() or None,
            pull_request=proposed,
        )
        begin(key, f"Pushing {entry.name}", lambda on_progress: work(on_progress=on_progress))
    transfer = draw_transfer(key)
    if transfer and transfer.state == "done" and isinstance(transfer.result, hub.Pushed):
        _draw_pushed(transfer.result)


def _draw_pushed(made: "Pushed") -> None:
    st.success(f"Pushed to {plain(made.repo_id)}, commit {made.commit[:8]}.", icon=":material/check_circle:")
    st.link_button("Open it on the Hub", made.address, icon=":material/open_in_new:")
    st.code(f'from ulmfit_app import load_model\nmodel = load_model("{made.repo_id}")', language="python")
