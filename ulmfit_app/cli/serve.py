"""`ulmfit serve`: the app, in the foreground. Needs a checkout, where the app's scripts lie."""

from importlib.util import find_spec

import typer

from ulmfit_app.errors import AppError, MissingExtraError
from ulmfit_app.runs.launcher import serve_app
from ulmfit_app.settings import CHECKOUT, settings

PORT = 8501


def serve() -> None:
    """Start the app on port 8501."""
    if not settings().in_checkout:
        raise AppError(
            "The app's pages are not part of the installed package.",
            todo="Clone the repository and use `make run`, or `ulmfit serve` inside the checkout.",
        )
    if find_spec("streamlit") is None:
        raise MissingExtraError(
            "Streamlit is not installed.", todo='Install it with: pip install "ulmfit-studio[app]".'
        )
    raise typer.Exit(serve_app(CHECKOUT / "app.py", PORT))
