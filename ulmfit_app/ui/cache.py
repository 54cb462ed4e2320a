"""Models that pages use: loaded once for all sessions, within the memory that the settings allow."""

from typing import TYPE_CHECKING

import streamlit as st

from ulmfit_app.errors import ModelFolderError
from ulmfit_app.inference.cache import Held, model_cache
from ulmfit_app.registry import ModelEntry

if TYPE_CHECKING:
    from ulmfit_app.inference.encoder import Encoder
    from ulmfit_app.inference.generator import Generator
    from ulmfit_app.inference.predictor import Predictor


def predictor(entry: ModelEntry) -> "Predictor":
    """The classifier of `entry`. Raises `ModelFolderError` if it is none, or cannot be read."""
    model = _loaded(entry)
    from ulmfit_app.inference.predictor import Predictor

    if not isinstance(model, Predictor):
        raise ModelFolderError(f"The model '{entry.name}' is not a classifier.")
    return model


def generator(entry: ModelEntry) -> "Generator":
    """The language model of `entry`. Raises `ModelFolderError` if it is none, or cannot be read."""
    model = _loaded(entry)
    from ulmfit_app.inference.generator import Generator

    if not isinstance(model, Generator):
        raise ModelFolderError(f"The model '{entry.name}' is not a language model.")
    return model


def held() -> list[Held]:
    """The models that are in memory now, with sizes, the one used last first."""
    return model_cache().held()


def _loaded(entry: ModelEntry) -> "Predictor | Generator | Encoder":
    if entry.config is None:
        raise ModelFolderError(f"The model '{entry.name}' cannot be read: {entry.problem}")
    with st.spinner("Loading the model"):  # appears after half a second only
        return model_cache().get(entry.path, entry.config)
