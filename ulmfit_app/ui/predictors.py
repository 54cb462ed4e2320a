"""The predictors that are loaded, shared by all sessions (one object serves many threads)."""

from typing import TYPE_CHECKING

import streamlit as st

from ulmfit_app import inference
from ulmfit_app.errors import ModelFolderError
from ulmfit_app.registry import ModelEntry

if TYPE_CHECKING:
    from ulmfit_app.inference.predictor import Predictor


def predictor(entry: ModelEntry) -> "Predictor":
    """The predictor of `entry`, loaded once for as long as its weights stay the same."""
    if entry.config is None:
        raise ModelFolderError(f"The model '{entry.name}' cannot be read: {entry.problem}")
    return _load(entry.name, entry.config.weights_sha256, _entry=entry)


@st.cache_resource(max_entries=2, show_spinner="Loading the model")
def _load(name: str, weights_sha256: str, *, _entry: ModelEntry) -> "Predictor":
    """`name` and `weights_sha256` are the key of the cache."""
    from ulmfit_app.inference.predictor import Predictor  # loads torch

    model = inference.load(_entry.path)
    if not isinstance(model, Predictor):
        raise ModelFolderError(f"The model '{name}' is not a classifier.")
    return model
