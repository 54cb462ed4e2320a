"""The notice at the end of a run: only to those who asked, once, and nothing of a run's name becomes code."""

import pytest
from streamlit.testing.v1 import AppTest

from tests.unit.runs.making import make_run, status
from ulmfit_app.runs.folder import RunFolder
from ulmfit_app.schema import RunState
from ulmfit_app.ui.scripts import RUN_NOTICE


def script() -> None:
    import streamlit as st

    from ulmfit_app.runs.folder import find
    from ulmfit_app.ui.run_notice import draw_notice

    draw_notice([find(run_id) for run_id in st.session_state["working"]])


@pytest.fixture
def run() -> RunFolder:
    return make_run(name="my-lm")


def session(run: RunFolder) -> AppTest:
    """A session in which `run` works."""
    app = AppTest.from_function(script)
    app.session_state["working"] = [run.id]
    return app.run()


def end(app: AppTest, run: RunFolder) -> AppTest:
    """`run` ends, and the session looks again."""
    run.write_status(status(RunState.DONE))
    app.session_state["working"] = []
    return app.run()


def scripts(app: AppTest) -> str:
    return "".join(element.body for element in app.html)


def test_tells_once_that_a_run_ended(run: RunFolder) -> None:
    app = session(run)
    assert scripts(app) == ""
    app.toggle(key="notify").set_value(True).run()
    assert RUN_NOTICE in scripts(app)
    assert "data-title" not in scripts(app)
    end(app, run)
    told = scripts(app)
    assert told.count("<span data-run=") == 1
    assert f"<span data-run='{run.id}' data-title='my-lm' data-state='done'></span>" in told
    assert scripts(app.run()) == told


def test_tells_nothing_to_those_who_did_not_ask(run: RunFolder) -> None:
    assert scripts(end(session(run), run)) == ""


def test_a_run_that_was_deleted_meanwhile_is_left_out(run: RunFolder) -> None:
    app = session(run)
    app.toggle(key="notify").set_value(True).run()
    for path in sorted(run.path.rglob("*"), reverse=True):
        path.unlink()
    run.path.rmdir()
    app.session_state["working"] = []
    app.run()
    assert not app.exception
    assert "data-title" not in scripts(app)


def test_titles_are_data(run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ulmfit_app.ui.run_notice.run_title", lambda run: "</script><b>'")
    app = session(run)
    app.toggle(key="notify").set_value(True).run()
    end(app, run)
    assert scripts(app).count("</script>") == 1
    assert "data-title='&lt;/script&gt;&lt;b&gt;&#x27;'" in scripts(app)
