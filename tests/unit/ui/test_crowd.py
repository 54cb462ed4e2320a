"""A hosted server serves so many tabs: those that are open stay, a new one is told."""

from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from ulmfit_app.settings import settings
from ulmfit_app.ui import crowd


def script() -> None:
    import streamlit as st

    from ulmfit_app.ui.crowd import refuse_crowd

    refuse_crowd()
    st.write("the page")


def tabs(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """As if so many were open."""
    sessions = SimpleNamespace(num_active_sessions=lambda: number)
    monkeypatch.setattr(crowd, "get_instance", lambda: SimpleNamespace(_session_mgr=sessions))


def test_a_tab_too_many_is_told_and_the_others_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ULMFIT_MODE", "hosted")
    monkeypatch.setenv("ULMFIT_VISITOR_TABS", "2")
    settings.cache_clear()
    tabs(monkeypatch, 2)
    first = AppTest.from_function(script).run()
    tabs(monkeypatch, 3)
    late = AppTest.from_function(script).run()
    assert [len(app.run().markdown) for app in (first, late)] == [1, 0]
    assert "as many visitors as it can serve" in late.warning[0].value
    tabs(monkeypatch, 2)
    assert late.run().markdown[0].value == "the page"


def test_a_server_of_ones_own_counts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crowd, "get_instance", None)
    assert not AppTest.from_function(script).run().exception
