"""Models that pages use: loaded once for all sessions and for the API, within the memory that the settings allow.

Whoever takes one is about to use it, which counts as one of a visitor's requests.
"""

from typing import TYPE_CHECKING

import streamlit as st

from ulmfit_app import limits
from ulmfit_app.inference.cache import Held, model_cache
from ulmfit_app.registry import ModelEntry

if TYPE_CHECKING:
    from ulmfit_app.inference.generator import Generator
    from ulmfit_app.inference.predictor import Predictor

LOADING = "Loading the model"  # appears after half a second only


def predictor(entry: ModelEntry) -> "Predictor":
    """The classifier of `entry`. Raises `ModelFolderError` if it is none, or cannot be read; `AppError` too often."""
    limits.count_request()
    with st.spinner(LOADING):
        return model_cache().predictor(entry.path, entry.usable_config())


def generator(entry: ModelEntry) -> "Generator":
    """The language model of `entry`. Raises as `predictor`."""
    limits.count_request()
    with st.spinner(LOADING):
        return model_cache().generator(entry.path, entry.usable_config())


def held() -> list[Held]:
    """The models that are in memory now, with sizes, the one used last first."""
    return model_cache().held()
