"""Pages are run by Streamlit's AppTest: the real script and the real services, no browser."""

from collections.abc import Iterator

import pytest
import streamlit as st

from ulmfit_app.inference.cache import model_cache


@pytest.fixture(autouse=True)
def empty_caches() -> Iterator[None]:
    """Nothing that another test loaded is still in memory."""
    st.cache_resource.clear()
    model_cache.cache_clear()
    yield
    st.cache_resource.clear()
    model_cache.cache_clear()
