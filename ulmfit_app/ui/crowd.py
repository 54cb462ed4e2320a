"""How many tabs a hosted server serves at once: each costs memory, and Streamlit has no bound of its own (1.67)."""

import streamlit as st
from streamlit.runtime import get_instance

from ulmfit_app.settings import settings

ADMITTED = "admitted"  # key of the session


def refuse_crowd() -> None:
    """Where as many tabs are open as there may be, tell a new one so, and end its page."""
    if settings().mode == "local" or st.session_state.get(ADMITTED):
        return
    if get_instance()._session_mgr.num_active_sessions() > settings().visitor_tabs:
        st.warning(
            "This server has as many visitors as it can serve. Nothing was lost: reload the page in a minute.",
            icon=":material/groups:",
        )
        st.stop()
    st.session_state[ADMITTED] = True
