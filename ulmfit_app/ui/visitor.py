"""Who the visitor of a page is: signed in with the Hub, else told again by the cookie that the server set.

Asked anew at every look, as callbacks and fragments run without their page. In local mode nobody is asked.
"""

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from ulmfit_app import signing
from ulmfit_app.errors import AppError
from ulmfit_app.settings import VISITOR_COOKIE
from ulmfit_app.ui.signed_in import signed_in

SESSION = "visitor"  # of a browser that keeps no cookies: as long as the tab


def visitor() -> str:
    """`hf:<number of the account>` or `anon:<random>`. Raises `AppError` outside a session."""
    if get_script_run_ctx(suppress_warning=True) is None:
        raise AppError("The server does not know who asks.", kept="Nothing was shown or changed.")
    account = signed_in()
    return account.owner if account else anonymous()


def is_unknown() -> bool:
    """Whether only the session tells the visitor again: neither signed in, nor with our cookie."""
    return SESSION in st.session_state and signed_in() is None


def anonymous() -> str:
    """Who the visitor of this session is, or was, without signing in."""
    known = signing.visitor_of(st.context.cookies.get(VISITOR_COOKIE))
    if known is None:
        known = st.session_state.setdefault(SESSION, signing.new_visitor())
    return str(known)
