"""Pages are run by Streamlit's AppTest: the real script and the real services, no browser."""

from collections.abc import Iterator

import pytest
import streamlit as st


@pytest.fixture(autouse=True)
def empty_caches() -> Iterator[None]:
    """Nothing that another test loaded is still in memory."""
    st.cache_resource.clear()
    yield
    st.cache_resource.clear()
