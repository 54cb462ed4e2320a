"""The visitor's account in the sidebar of a hosted server: signing in and out, and taking over what was made before.

Nothing is drawn in local mode, or where no sign-in is configured.
"""

import streamlit as st

from ulmfit_app import handover
from ulmfit_app.handover import Belongings
from ulmfit_app.ui.errors import plain, told
from ulmfit_app.ui.signed_in import provider, signed_in
from ulmfit_app.ui.visitor import anonymous


def draw_account_control() -> None:
    """Draw who is signed in, or how to sign in."""
    ours = provider()
    if ours is None:
        return
    account = signed_in()
    with st.container(key="account", gap="xsmall"):
        if account is None:
            draw_sign_in(ours, "account-sign-in")
            return
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f":material/account_circle: Signed in as **{plain(account.name)}**", width="content")
            st.button("Sign out", key="account-sign-out", type="tertiary", on_click=_sign_out)
        _draw_offer(account.owner)


def draw_sign_in(ours: str, key: str) -> None:
    """Draw the button that leads to the Hub and back to Home. `ours`: the `provider`."""
    words = "The Hub says who you are; what you make here stays until you delete it."
    st.button(
        "Sign in with Hugging Face", key=key, icon=":material/login:", on_click=st.login, args=(ours,), help=words
    )


def _sign_out() -> None:
    st.session_state.clear()  # what was seen as that account, its token among it
    st.logout()


def _draw_offer(owner: str) -> None:
    """Offer what this browser made before signing in; nobody else could take it."""
    before = anonymous()
    there = handover.belongings(before)
    if not there:
        return
    with st.popover("Made before signing in", icon=":material/move_to_inbox:", key="handover"):
        st.markdown(
            f"In this browser {_words(there)} made without signing in, to be removed a day later. Make that yours? "
            "What is called like something that you have gets “-2”."
        )
        if st.button("Make it mine", key="handover-button", type="primary"):
            with told():
                handover.hand_over(before, owner)
                st.rerun()


def _words(there: Belongings) -> str:
    """`2 models and 1 run were`."""
    named = (("dataset", there.datasets), ("model", there.models), ("run", there.runs))
    counts = [f"{len(names)} {noun}{'s' if len(names) > 1 else ''}" for noun, names in named if names]
    total = sum(len(names) for _, names in named)
    return f"{' and '.join(', '.join(counts).rsplit(', ', 1))} {'were' if total > 1 else 'was'}"
