"""The server: `make run` starts it. Streamlit finds `app` here and runs the navigation script for every session."""

import streamlit as st

from ulmfit_app.api import middleware, routes
from ulmfit_app.ui import errors, lifespan, scripts, signed_in, uploads

app = st.App(
    "ulmfit_app/ui/navigation.py",
    routes=routes(),
    secrets=signed_in.secrets_of_a_space(),
    middleware=middleware(scripts.inline_scripts(), uploads.held),
    lifespan=lifespan.lifespan,
    on_script_error=errors.unexpected,
)
