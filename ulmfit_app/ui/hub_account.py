"""Who the visitor is on the Hub: the account of this machine, hosted the one signed in with, or one of a typed token.

A typed token is kept in the session's memory alone and goes when the tab is closed. In hosted mode the machine's own is
never used.
"""

from typing import TYPE_CHECKING

import streamlit as st

from ulmfit_app import hub
from ulmfit_app.errors import AppError
from ulmfit_app.ui.account import draw_sign_in
from ulmfit_app.ui.errors import in_words, plain, told
from ulmfit_app.ui.signed_in import provider, signed_in

if TYPE_CHECKING:
    from ulmfit_app.hub import Account

ACCOUNT, TYPED, PROBLEM = "hub-account", "hub-token", "hub-problem"


def draw_account() -> "Account":
    """Draw who is signed in, and how to sign in or out; returns whose token is sent from now on."""
    if ACCOUNT not in st.session_state:
        st.session_state[ACCOUNT] = hub.ANONYMOUS  # asked once, even where the Hub cannot be reached
        visitor = signed_in()
        try:
            with st.spinner("Asking the Hub who this is"):
                st.session_state[ACCOUNT] = hub.sign_in(visitor.token if visitor else hub.own_token())
        except AppError as error:
            st.session_state[PROBLEM] = in_words(error)
    account: Account = st.session_state[ACCOUNT]
    if account.token:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f":material/account_circle: Signed in as **{plain(account.name)}**", width="content")
            words = "Use another account" if signed_in() else "Sign out"  # signing out of this server is another thing
            st.button(words, key="hub-sign-out", type="tertiary", on_click=_sign_out)
    else:
        _draw_sign_in()
    return account


def _draw_sign_in() -> None:
    if problem := st.session_state.get(PROBLEM):
        st.error(plain(problem), icon=":material/error:")
    what = "No access to the Hub" if signed_in() else "Not signed in"
    st.markdown(f"{what}: public repositories can be pulled, nothing can be pushed.")
    with told():
        own, ours = hub.own_token(), provider()
        if ours:
            draw_sign_in(ours, "hub-sign-in-hosted")
        if own and st.button("Sign in with the token of this machine", key="hub-sign-in-own", icon=":material/login:"):
            _sign_in(own)
    with st.expander("Sign in with a token", icon=":material/key:"), st.form("hub-sign-in", border=False):
        token = st.text_input(
            "Access token", type="password", key=TYPED, autocomplete="off",
            help="Kept in memory for this session only. One for pushing needs write access.",
        )  # fmt: skip
        pressed = st.form_submit_button("Sign in", icon=":material/login:")
    if pressed:
        with told():
            _sign_in(token)


def _sign_in(token: str) -> None:
    st.session_state[ACCOUNT] = hub.sign_in(token)
    st.session_state.pop(PROBLEM, None)
    st.rerun()


def _sign_out() -> None:
    """For this session, which forgets what was seen as that account; the token that the machine keeps stays there."""
    for key in [key for key in st.session_state if str(key).startswith("hub-")]:
        del st.session_state[key]
    st.session_state[ACCOUNT] = hub.ANONYMOUS
