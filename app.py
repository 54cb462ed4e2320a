"""The server: `make run` starts it. Streamlit finds `app` here and runs the navigation script for every session."""

import streamlit as st

from ulmfit_app.api import middleware, routes
from ulmfit_app.ui.errors import unexpected
from ulmfit_app.ui.lifespan import lifespan

app = st.App(
    "ulmfit_app/ui/navigation.py",
    routes=routes(),
    middleware=middleware(),
    lifespan=lifespan,
    on_script_error=unexpected,
)
