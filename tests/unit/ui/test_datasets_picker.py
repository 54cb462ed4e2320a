"""The picker of datasets: the same choice everywhere, restored from the URL."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from ulmfit_app.data import sources
from ulmfit_app.data.ingest import check_pasted


def _script() -> None:
    import streamlit as st

    from ulmfit_app.ui.datasets import pick_dataset

    st.markdown(pick_dataset("Any").name)
    st.markdown(pick_dataset("Labelled", key="labelled", labelled=True).name)


@pytest.fixture
def app(home: Path) -> AppTest:
    sources.store("plain", check_pasted("one\ntwo\nthree", paragraphs=False), source="pasted texts")
    (home / "datasets" / "broken").mkdir()
    return AppTest.from_function(_script, default_timeout=60)


def test_broken_datasets_are_left_out_and_unlabelled_ones_where_labels_are_needed(app: AppTest) -> None:
    everything, labelled = app.run().selectbox
    assert everything.options == ["imdb", "rotten-tomatoes", "imdb-full", "imdb-sample", "plain"]
    assert labelled.options == everything.options[:-1]


@pytest.mark.parametrize(("asked", "chosen"), [("plain", "plain"), ("gone", "imdb"), ("broken", "imdb")])
def test_the_url_chooses_what_is_there(app: AppTest, asked: str, chosen: str) -> None:
    app.query_params["dataset"] = asked
    app.run()
    assert not app.exception
    assert app.markdown[0].value == chosen
