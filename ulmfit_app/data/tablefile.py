"""Table files of every format behind one reader: CSV and TSV, JSON Lines, Parquet; told apart by their content.

What the columns mean is said in `columns`, which texts are usable in `ingest`. pyarrow is only loaded for Parquet.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

from ulmfit_app.data import csvfile, jsonfile, parquetfile
from ulmfit_app.data.columns import Columns, choose
from ulmfit_app.data.csvfile import Record
from ulmfit_app.data.encodings import unreadable
from ulmfit_app.data.findings import Notes, report
from ulmfit_app.data.progress import Progress
from ulmfit_app.errors import DataError
from ulmfit_app.schema import ReadAs, TableFormat
from ulmfit_app.settings import settings

SUFFIXES = (".csv", ".tsv", ".txt", *jsonfile.SUFFIXES, ".parquet")
GUESSED_FROM = 1000  # rows
GUESSED_CHARS = 20_000_000  # fewer rows, where they are long
HEAD = 1000  # bytes from which the format is told
Records = Callable[[Collection[int] | None, Progress | None], Iterator[Record]]


@dataclass(frozen=True, slots=True)
class TableFile:
    """A table file that has been looked at. `delimiter` is empty where there is none.

    `records(wanted, on_progress)`: its rows, as `csvfile.records`; columns that are not `wanted` may be left empty.
    """

    path: Path
    format: TableFormat
    columns: tuple[str, ...]
    records: Records
    encoding: str = "utf-8"
    delimiter: str = ""
    has_header: bool = True

    def head(self) -> list[Record]:
        """The first rows, from which the meaning of columns is guessed."""
        head, chars = list[Record](), 0
        for record in islice(self.records(None, None), GUESSED_FROM):
            head.append(record)
            chars += sum(map(len, record.fields))
            if chars > GUESSED_CHARS:
                break
        return head

    def sample(self) -> list[tuple[str, ...]]:
        """The fields of those of the first rows that are sound."""
        return [record.fields for record in self.head() if not record.problem]

    def read_as(self, chosen: Columns) -> ReadAs:
        """How the file is read if these columns are chosen, for the report."""
        return ReadAs(
            file=self.path.name,
            format=self.format,
            encoding=self.encoding,
            delimiter=self.delimiter,
            header=self.has_header,
            text_columns=tuple(self.columns[i] for i in chosen.texts),
            label_column="" if chosen.label is None else self.columns[chosen.label],
            valid_column="" if chosen.valid is None else self.columns[chosen.valid],
        )


@dataclass(frozen=True, slots=True)
class Rows:
    """A table in memory: every row has a field for each of `columns`. `chosen`: which are texts, which the label.

    `numbers`: of each row as a person counts them in the file.
    """

    columns: tuple[str, ...]
    rows: list[tuple[str, ...]]
    numbers: list[int]
    chosen: Columns


def open_table(path: Path, named: Collection[str] = ()) -> TableFile:
    """Look at the file at `path`; columns `named` by the caller make the first row of a CSV file a header.

    Raises UnusableFileError if it is missing, over the size limit, of another kind, or empty.
    """
    csvfile.refuse_size(path)
    head = _head(path)
    if head.startswith(parquetfile.MAGIC):
        names = parquetfile.columns_of(path)
        return TableFile(path, "Parquet", names, partial(parquetfile.records, path, names))
    if jsonfile.is_json(path, head):
        lines = jsonfile.sniff(path)
        return TableFile(path, "JSON Lines", lines.columns, lambda _, told: jsonfile.records(path, lines, told),
                         lines.encoding)  # fmt: skip
    form = csvfile.sniff(path, named)
    return TableFile(
        path,
        "delimited",
        form.columns,
        lambda _, told: csvfile.records(path, form, told),
        form.encoding,
        "" if form.delimiter == csvfile.ONE_COLUMN else form.delimiter,
        form.has_header,
    )


def read_table(
    path: Path,
    text_columns: Sequence[str] | None = None,
    label_column: str | None = None,
    *,
    all_columns: bool = True,
    on_progress: Progress | None = None,
) -> Rows:
    """The whole table, row by row as it is in the file; columns not named are guessed (`columns.choose`).

    With `all_columns` False the fields of columns that are neither text nor label may be empty. Raises DataError, with
    the row numbers if rows cannot be read: what is predicted for a file must stay beside its rows.
    """
    table = open_table(path, named(text_columns, label_column))
    chosen = choose(table.columns, table.sample(), text_columns, label_column)
    rows, numbers, notes, most = [], [], Notes(), settings().max_texts
    for record in table.records(None if all_columns else chosen.positions, on_progress):
        if record.problem:
            notes.add("broken file", record.row, path.name, record.problem)
        rows.append(record.fields)
        numbers.append(record.row)
        if most is not None and len(rows) > most:
            raise DataError(f"“{path.name}” has more than {most:,} rows, the most that are read.", todo="Split it.")
    if broken := notes.findings():
        raise DataError(f"“{path.name}” cannot be read row by row:\n{report(broken)}\n", todo="Correct these rows.")
    if not rows:
        raise DataError(f"“{path.name}” has no rows under its header.", todo="Give a file with texts.")
    return Rows(table.columns, rows, numbers, chosen)


def named(text_columns: Sequence[str] | None, label_column: str | None) -> list[str]:
    """The columns that the caller names."""
    return [*(text_columns or ()), *([label_column] if label_column else [])]


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(HEAD)
    except OSError as error:
        raise unreadable(path, error) from None
