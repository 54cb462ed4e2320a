"""Figures as files: the numbers as they are in the figure, and a page that asks no other server."""

import csv
import io
import re

from ulmfit_app.charts.curves import loss_curves
from ulmfit_app.charts.datasets import label_balance
from ulmfit_app.charts.export import as_csv, as_html, numbers


def test_every_point_is_a_row() -> None:
    rows = numbers(loss_curves([(1, 5.25), (2, 4.0)], [(2, 4.5)]))
    assert rows[0] == ("series", "step", "nats", "name")
    assert rows[1:] == [("training", 1, 5.25, ""), ("training", 2, 4.0, ""), ("validation", 2, 4.5, "")]


def test_bars_have_their_names() -> None:
    rows = numbers(label_balance(["neg", "pos"], [5, 6], [1, 2]))
    assert rows[1:3] == [("training", 5, 0, "neg"), ("training", 6, 1, "pos")]


def test_csv_keeps_any_field() -> None:
    rows = [("true label", 'a "b",\nc'), ("ü", 3)]
    assert list(csv.reader(io.StringIO(as_csv(rows).decode(), newline=""))) == [list(map(str, row)) for row in rows]


def test_the_page_of_a_figure_needs_no_network() -> None:
    page = as_html(loss_curves([(1, 5.25)], [])).decode()
    assert "5.25" in page and "training" in page
    assert not re.search(r"<(script|link|img)[^>]*(src|href)=['\"]?(https?:)?//", page)
