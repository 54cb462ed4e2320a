"""The table of predictions for a file: filters, the part that is shown, the download, long tables of a run."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from ulmfit_app import access, limits
from ulmfit_app.errors import AppError
from ulmfit_app.ui.evaluation_texts import judged_texts
from ulmfit_app.ui.prediction_table import SHOWN, WIDTH, PredictionTable, Row, _seen, as_csv, read_predictions

HEADER = ("id", "text", "prediction", "probability", "p_a", "p_b")
ROWS = [
    ["1", "fine", "a", "0.9", "0.9", "0.1"],
    ["2", "poor", "b", "0.55", "0.45", "0.55"],
    ["3", "", "", "", "", ""],
    ["4", "good", "a", "0.7", "0.7", "0.3"],
]


def script() -> None:
    """A page with nothing but the table."""
    import streamlit as st

    from ulmfit_app.ui.prediction_table import draw_table

    draw_table(st.session_state["given"], "predictions.csv", "test")


def opened(rows: list[list[str]]) -> AppTest:
    """The table of `rows` in a session."""
    app = AppTest.from_function(script, default_timeout=30)
    app.session_state["given"] = PredictionTable(HEADER, ("a", "b"), lambda: iter(rows))
    return app.run()


def counted(rows: Iterator[Row], begun: list[int]) -> Iterator[Row]:
    """`rows`; that they were begun is noted in `begun`."""
    begun.append(1)
    yield from rows


def ids(app: AppTest) -> list[str]:
    """The rows that are shown."""
    return list(app.dataframe[0].value["id"])


def test_rows_pass_by_label_and_by_probability() -> None:
    app = opened(ROWS)
    assert ids(app) == ["1", "2", "3", "4"]
    app.button_group[0].set_value(["a"]).run()
    assert ids(app) == ["1", "4"] and app.markdown[0].value == "2 of 4 rows."
    app.slider[0].set_range(80, 100).run()
    assert ids(app) == ["1"]
    app.button_group[0].set_value([]).run()
    app.slider[0].set_range(0, 60).run()
    assert ids(app) == ["2"]  # a row without a text has no probability
    app.slider[0].set_range(95, 100).run()
    assert ids(app) == [] and not app.exception


def test_only_the_first_rows_of_a_long_table_are_sent() -> None:
    app = opened(ROWS[:1] * (SHOWN + 5))
    assert len(ids(app)) == SHOWN
    assert app.markdown[0].value == f"{SHOWN + 5} of {SHOWN + 5} rows, the first {SHOWN} of them here."


def test_the_download_is_the_table_of_a_run(tmp_path: Path) -> None:
    rows = [*ROWS, ["5", 'a "quoted", text\nof two lines', "a", "0.7", "0.7", "0.3"]]
    path = tmp_path / "table.csv"
    path.write_bytes(as_csv(HEADER, rows))
    table = read_predictions(path, ["a", "b"])
    assert table.columns == HEADER and table.columns[table.answer] == "prediction"
    assert list(table.rows()) == rows == list(table.rows())  # every call begins anew


def test_a_long_table_is_read_once_a_look() -> None:
    app, begun = AppTest.from_function(script, default_timeout=30), list[int]()
    app.session_state["given"] = PredictionTable(HEADER, ("a", "b"), lambda: counted(iter(ROWS), begun))
    assert ids(app.run()) == ["1", "2", "3", "4"] and len(begun) == 1


def test_the_table_of_a_run_is_read_once_for_a_filter_and_again_when_it_was_changed(tmp_path: Path) -> None:
    path, begun = tmp_path / "table.csv", list[int]()
    path.write_bytes(as_csv(HEADER, [*ROWS, ["5", "long " * 1000, "b", "0.7", "0.3", "0.7"]]))

    def opened_again() -> PredictionTable:
        table = read_predictions(path, ["a", "b"])
        return replace(table, rows=lambda: counted(table.rows(), begun))

    app = AppTest.from_function(script, default_timeout=30)
    app.session_state["given"] = opened_again()
    assert ids(app.run()) == ids(app.run()) == ["1", "2", "3", "4", "5"] and len(begun) == 1
    assert len(app.dataframe[0].value["text"][4]) == WIDTH
    app.button_group[0].set_value(["a"]).run()
    assert ids(app) == ids(app.run()) == ["1", "4"] and len(begun) == 2
    path.write_bytes(as_csv(HEADER, ROWS[:1]))
    os.utime(path, (1, 1))
    app.session_state["given"] = opened_again()
    assert ids(app.run()) == ["1"] and len(begun) == 3


def test_a_visitor_reads_one_table_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(as_csv(HEADER, ROWS))
    st.cache_resource.clear()
    monkeypatch.setattr(limits, "PATIENCE", 0.01)
    with access.acting_for("anon:someone"), limits.one_at_a_time():
        with pytest.raises(AppError, match="still being computed"):
            _seen(read_predictions(path, ["a", "b"]), [], (0, 100))
        with pytest.raises(AppError, match="still being computed"):
            judged_texts(path)


def test_texts_are_downloaded_as_they_are() -> None:
    rows = [["-1", "=1+1", "a", "0.9", "0.9", "0.1"]]
    assert as_csv(HEADER, rows).splitlines()[1] == b"-1,=1+1,a,0.9,0.9,0.1"
