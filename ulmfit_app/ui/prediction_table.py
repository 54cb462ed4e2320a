"""The predictions for a file as a table: filtered by label and probability, shown in part, downloaded whole.

A row is what `table.csv` of a bulk prediction holds: the columns of the file, then the prediction, its probability and
that of every label; the last ones are empty where a row has no text. Rows are read one by one: a long table of a run
needs no memory. It is read once for each filter, not each time that the page is drawn.
"""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

import streamlit as st

from ulmfit_app import limits
from ulmfit_app.ui.download import draw_download
from ulmfit_app.ui.errors import plain
from ulmfit_app.ui.wording import CSV_HELP

SHOWN = 500  # rows sent to the browser
WIDTH = 300  # characters of a field sent to the browser
ANY = (0, 100)
KEPT = 20  # looks into tables of runs that stay in memory, for all sessions

Row = Sequence[str]
Version = tuple[str, int]  # of a file: its path, when it was changed
Seen = tuple[list[Row], int, int]


@dataclass(frozen=True, slots=True)
class PredictionTable:
    """A table under `columns`; `rows` reads it from its beginning. `labels`: those of the model, in its order.

    `version`: of the file that it is read from; None: the rows are in memory.
    """

    columns: tuple[str, ...]
    labels: tuple[str, ...]
    rows: Callable[[], Iterator[Row]]
    version: Version | None = None

    @property
    def answer(self) -> int:
        """The position of the prediction, after the columns of the file; that of its probability follows."""
        return len(self.columns) - len(self.labels) - 2


def read_predictions(path: Path, labels: Sequence[str]) -> PredictionTable:
    """The table that a run wrote at `path`."""

    def rows() -> Iterator[Row]:
        with path.open(newline="", encoding="utf-8") as file:
            yield from islice(csv.reader(file), 1, None)

    with path.open(newline="", encoding="utf-8") as file:
        columns = tuple(next(csv.reader(file)))
    return PredictionTable(columns, tuple(labels), rows, (str(path), path.stat().st_mtime_ns))


def draw_table(table: PredictionTable, name: str, key: str) -> None:
    """Draw the filters, what passes them, and the download of that as a file called `name`."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        picked = st.pills("Label", table.labels, selection_mode="multi", key=f"{key}-labels", format_func=plain)
        between = st.slider("Probability in %", *ANY, ANY, step=5, key=f"{key}-between", width=280)
    shown, passed, total = _seen(table, picked, between)
    st.markdown(f"{passed:,} of {total:,} rows{f', the first {SHOWN:,} of them here' if passed > SHOWN else ''}.")
    st.dataframe(_columns(table, shown), hide_index=True, column_config=_looks(table), placeholder="")
    label = "Download these rows as CSV" if passed < total else "Download as CSV"
    build = partial(_csv_of, table, picked, between)
    draw_download(label, build, name, "text/csv", key=f"{key}-download", words=CSV_HELP)


def _seen(table: PredictionTable, labels: Sequence[str], between: tuple[int, int]) -> Seen:
    """The first rows that pass, as they are shown, how many pass, and how many there are."""
    if table.version is None:
        return _look_through(table, labels, between)
    return _kept_look(table.version, tuple(labels), between, _table=table)


@st.cache_data(max_entries=KEPT, show_spinner="Reading the table")
def _kept_look(version: Version, labels: tuple[str, ...], between: tuple[int, int], *, _table: PredictionTable) -> Seen:
    """`version` belongs to the key of the cache."""
    with limits.one_at_a_time():
        return _look_through(_table, labels, between)


def _look_through(table: PredictionTable, labels: Sequence[str], between: tuple[int, int]) -> Seen:
    shown, passed, total = list[Row](), 0, 0
    for row in table.rows():
        total += 1
        if _passes(row, table.answer, labels, between):
            passed += 1
            shown += [[field[:WIDTH] for field in row]] if passed <= SHOWN else []
    return shown, passed, total


def _csv_of(table: PredictionTable, labels: Sequence[str], between: tuple[int, int]) -> bytes:
    return as_csv(table.columns, (row for row in table.rows() if _passes(row, table.answer, labels, between)))


def as_csv(columns: Sequence[str], rows: Iterable[Row]) -> bytes:
    """A CSV file in UTF-8. The fields are not touched: what reads the file finds the texts as they were."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(columns)
    writer.writerows(rows)
    return file.getvalue().encode()


def _passes(row: Row, answer: int, labels: Sequence[str], between: tuple[int, int]) -> bool:
    """Rows without a prediction pass only where nothing is filtered."""
    if not row[answer]:
        return not labels and between == ANY
    return (not labels or row[answer] in labels) and between[0] <= 100 * float(row[answer + 1]) <= between[1]


def _columns(table: PredictionTable, rows: Sequence[Row]) -> dict[str, Sequence[object]]:
    """The prediction first, then the columns of the file: a reader looks for the answer on the left."""
    answer, (label, share) = table.answer, table.columns[table.answer : table.answer + 2]
    shares = [float(row[answer + 1]) if row[answer] else None for row in rows]
    drawn: dict[str, Sequence[object]] = {label: [row[answer] for row in rows], share: shares}
    return drawn | {name: [row[i] for row in rows] for i, name in enumerate(table.columns[:answer])}


def _looks(table: PredictionTable) -> dict[str, object]:
    label, share = table.columns[table.answer : table.answer + 2]
    return {
        label: st.column_config.TextColumn(width=110),
        share: st.column_config.NumberColumn(format="percent", width=110),
    }
