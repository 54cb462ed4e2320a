"""Pulling a model: search or name a repository, look at what is in it, choose the revision, fetch."""

from functools import partial
from html import escape
from typing import TYPE_CHECKING

import streamlit as st

from ulmfit_app import hub, registry
from ulmfit_app.ui.errors import plain, told
from ulmfit_app.ui.hub_account import draw_account
from ulmfit_app.ui.hub_transfer import begin, draw_transfer, forget
from ulmfit_app.ui.links import draw_link
from ulmfit_app.ui.models import size_words

if TYPE_CHECKING:
    from collections.abc import Callable

    from ulmfit_app.hub import Account, Found, Ref, Repository

TRANSFER, LOOKED, FOUND, REPO = "hub-pull", "hub-looked", "hub-found", "repo"
MODEL = ":material/deployed_code:"


def draw_pull() -> None:
    """Draw the form, as far as it has been filled in, and the transfer."""
    st.header("Pull from the Hub", anchor=False)
    account = draw_account()
    _draw_search(account)
    with st.form("hub-look", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        words = "owner/name, or the address of its page"
        repo_id = st.text_input("Repository", key=REPO, bind="query-params", placeholder=words, max_chars=300) or ""
        pressed = st.form_submit_button("Look", icon=":material/visibility:")
    with told():
        if pressed:
            look_at(LOOKED, repo_id, account)
        seen = draw_looked(LOOKED, account)
        if seen:
            _draw_pull_button(seen, account)
    draw_pulling()


def _draw_pull_button(seen: "Repository", account: "Account") -> None:
    here = registry.pulled_as(seen.id, seen.commit)
    if here is None:
        if st.button("Pull", type="primary", icon=":material/download:", key="hub-pull-button"):
            begin_pull(seen.id, account, seen.revision)
    elif getattr(st.session_state.get(TRANSFER), "result", None) != here:  # else its panel says so
        with st.container(horizontal=True, vertical_alignment="center"):
            st.info(f"This commit is here already, as {plain(here)}.", icon=":material/check_circle:")
            draw_link("models", "Open it", icon=MODEL, model=here)


def draw_pulling() -> None:
    """Draw the pull that goes on or has ended."""
    transfer = draw_transfer(TRANSFER)
    if transfer and transfer.state == "done":
        name = str(transfer.result)
        with st.container(horizontal=True, vertical_alignment="center"):
            st.success(f"The model is here as {plain(name)}.", icon=":material/check_circle:")
            draw_link("models", "Open it", icon=MODEL, model=name)
            st.button("Close", key="hub-pull-close", type="tertiary", on_click=forget, args=(TRANSFER,))


def begin_pull(repo_id: str, account: "Account", revision: str) -> None:
    """Start pulling a model."""
    begin(TRANSFER, f"Pulling {repo_id}", partial(_pull, repo_id, account, revision))


def look_at(key: str, repo_id: str, account: "Account", sort: "hub.Sort" = "model") -> None:
    """Ask the Hub about a repository and its revisions; kept under `key`."""
    st.session_state.pop(key, None)
    with st.spinner("Looking"):
        seen = hub.look(repo_id, account, sort=sort)
        st.session_state[key] = (seen, hub.refs(seen.id, account, sort))


def draw_looked(key: str, account: "Account") -> "Repository | None":
    """Draw what was looked at under `key`, at the revision that the person chooses; None before."""
    looked: tuple[Repository, list[Ref]] | None = st.session_state.get(key)
    if looked is None:
        return None
    seen, refs = looked
    words = {ref.name: _ref_words(ref) for ref in reversed(refs)}  # a branch goes before a commit of its name
    names = list(dict.fromkeys(ref.name for ref in refs))
    revision = st.selectbox(
        "Revision", names, format_func=words.__getitem__, key=f"{key}-revision-{seen.id}", width=480
    )
    if revision != seen.revision:
        seen = hub.look(seen.id, account, revision, seen.sort)
        st.session_state[key] = (seen, refs)
    _draw_facts(seen)
    return seen


def _ref_words(ref: "Ref") -> str:
    return f"commit {ref.commit[:8]}: {ref.says}" if ref.kind == "commit" else f"{ref.kind} {ref.name}"


def _draw_search(account: "Account") -> None:
    with st.form("hub-search", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        text = st.text_input("Search models that this app can use", key="hub-search-text")
        if st.form_submit_button("Search", icon=":material/search:"):
            with told(), st.spinner("Searching"):
                st.session_state[FOUND] = hub.search(text, account)
    found = st.session_state.get(FOUND)
    if found == []:
        st.info("Nothing was found.")
    with st.container(gap="xxsmall", key="hub-found-models"):
        _draw_found(found or [], account)


def _draw_found(found: "list[Found]", account: "Account") -> None:
    for item in found:
        with st.container(horizontal=True, vertical_alignment="center", key=f"hub-found-{item.repo_id}"):
            chosen = st.button(plain(item.repo_id), key=f"hub-choose-{item.repo_id}", type="tertiary", icon=MODEL,
                               on_click=_choose, args=(item.repo_id,))  # fmt: skip
            facts = [item.task, f"{item.downloads:,} downloads", item.updated, "private" if item.private else ""]
            st.html(f"<p class='ulmfit-facts'>{' '.join(f'<span>{escape(fact)}</span>' for fact in facts if fact)}</p>")
        if chosen:
            with told():
                look_at(LOOKED, item.repo_id, account)


def _choose(repo_id: str) -> None:
    st.session_state[REPO] = repo_id


def _draw_facts(seen: "Repository") -> None:
    if seen.renamed:
        st.info(f"{plain(seen.asked)} is called {plain(seen.id)} now.")
    facts = [
        seen.id,
        "private" if seen.private else "gated" if seen.gated else "public",
        seen.library or "",
        f"commit {seen.commit[:8]}",
    ]
    facts.append(f"{len(seen.files)} files, {size_words(sum(file.size for file in seen.files))}")
    st.html(f"<p class='ulmfit-facts'>{' '.join(f'<span>{escape(fact)}</span>' for fact in facts if fact)}</p>")


def _pull(repo_id: str, account: "Account", revision: str, on_progress: "Callable[[int, int], None]") -> str:
    """Runs in the transfer's thread; the name of the model, which is there already if that commit was pulled before."""
    there = hub.look(repo_id, account, revision)
    if here := registry.pulled_as(there.id, there.commit):
        return here
    with hub.pulled(repo_id, account, revision, on_progress) as model:
        return registry.adopt(model.folder, model.origin)
