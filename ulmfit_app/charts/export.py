"""A figure as a file: a page of HTML that needs no network, or the numbers in it as CSV."""

import csv
import io
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

Row = Sequence[object]


def as_html(figure: "Figure") -> bytes:
    """The figure as plotly draws it, with plotly in the file (5 MB)."""
    return str(figure.to_html(include_plotlyjs=True)).encode()


def as_csv(rows: Sequence[Row]) -> bytes:
    """`rows`, the head first, in UTF-8. The fields are not touched: what reads the file finds them as they were."""
    file = io.StringIO()
    csv.writer(file).writerows(rows)
    return file.getvalue().encode()


def numbers(figure: "Figure") -> list[Row]:
    """A head and a row for every point: its line or bars, x, y, and its name where it has one."""
    axes = (figure.layout.xaxis.title.text or "x", figure.layout.yaxis.title.text or "y")
    return [("series", *axes, "name"), *(row for trace in figure.data for row in _points(trace))]


def _points(trace: Any) -> Iterator[Row]:
    named = trace.customdata if trace.customdata is not None else ()
    for x, y, name in zip_longest(trace.x, trace.y, named):
        yield trace.name or "", x, y, "" if name is None else name
