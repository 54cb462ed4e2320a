"""The predictions for a file as a table: filtered by label and probability, shown in part, downloaded whole.

A row is what `table.csv` of a bulk prediction holds: the columns of the file, then the prediction, its probability and
that of every label; the last ones are empty where a row has no text. Rows are read one by one: a long table of a run
needs no memory.
"""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import streamlit as st

from ulmfit_app.ui.errors import plain
from ulmfit_app.ui.wording import CSV_HELP

SHOWN = 500  # rows sent to the browser
WIDTH = 300  # characters of a field sent to the browser
ANY = (0, 100)

Row = Sequence[str]


@dataclass(frozen=True, slots=True)
class PredictionTable:
    """A table under `columns`; `rows` reads it from its beginning. `labels`: those of the model, in its order."""

    columns: tuple[str, ...]
    labels: tuple[str, ...]
    rows: Callable[[], Iterator[Row]]

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
        return PredictionTable(tuple(next(csv.reader(file))), tuple(labels), rows)


def draw_table(table: PredictionTable, name: str, key: str) -> None:
    """Draw the filters, what passes them, and the download of that as a file called `name`."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        picked = st.pills("Label", table.labels, selection_mode="multi", key=f"{key}-labels", format_func=plain)
        between = st.slider("Probability in %", *ANY, ANY, step=5, key=f"{key}-between", width=280)

    def passing() -> Iterator[Row]:
        return (row for row in table.rows() if _passes(row, table.answer, picked, between))

    shown, passed, total = _look_through(table, picked, between)
    st.markdown(f"{passed:,} of {total:,} rows{f', the first {SHOWN:,} of them here' if passed > SHOWN else ''}.")
    st.dataframe(_columns(table, shown), hide_index=True, column_config=_looks(table), placeholder="")
    st.download_button(
        "Download these rows as CSV" if passed < total else "Download as CSV",
        lambda: as_csv(table.columns, passing()),
        name,
        "text/csv",
        key=f"{key}-download",
        help=CSV_HELP,
        icon=":material/download:",
        on_click="ignore",
    )


def _look_through(
    table: PredictionTable, labels: Sequence[str], between: tuple[int, int]
) -> tuple[list[Row], int, int]:
    """The first rows that pass, how many do, and how many there are: a long table is read once."""
    shown, passed, total = list[Row](), 0, 0
    for row in table.rows():
        total += 1
        if _passes(row, table.answer, labels, between):
            passed += 1
            shown += [row] if passed <= SHOWN else []
    return shown, passed, total


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
    return drawn | {name: [row[i][:WIDTH] for row in rows] for i, name in enumerate(table.columns[:answer])}


def _looks(table: PredictionTable) -> dict[str, object]:
    label, share = table.columns[table.answer : table.answer + 2]
    return {
        label: st.column_config.TextColumn(width=110),
        share: st.column_config.NumberColumn(format="percent", width=110),
    }
