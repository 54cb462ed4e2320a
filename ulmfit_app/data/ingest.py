"""Files and folders of one's own become a `Table` of usable texts with a row-level report.

`check` reports without refusing, `ingest_file` refuses what is fatal. Splitting and storing is left to `sources`. The
readers for bulk prediction and evaluation (`read_texts`, `read_labelled`) need the standard library only.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

from ulmfit_app.data import columns, csvfile, folders
from ulmfit_app.data.columns import Columns
from ulmfit_app.data.csvfile import Format, Record
from ulmfit_app.data.encodings import is_guess
from ulmfit_app.data.findings import Notes, UnusableFileError, refuse_fatal, report
from ulmfit_app.data.folders import TextFile
from ulmfit_app.data.progress import Progress
from ulmfit_app.data.table import Table
from ulmfit_app.errors import DataError
from ulmfit_app.schema import ReadAs
from ulmfit_app.settings import settings

GUESSED_FROM = 1000
SHOWN = 20
REPORTED_EVERY = 500


@dataclass(frozen=True, slots=True)
class Preview:
    """A first look at a file: its columns, its first `rows`, and what is guessed of it."""

    columns: tuple[str, ...]
    rows: list[tuple[str, ...]]
    read_as: ReadAs


@dataclass(frozen=True, slots=True)
class Labelled:
    """The usable texts of a file and their `labels`; `column`: where these are; how many of its `rows` lack what."""

    texts: list[str]
    labels: list[str]
    column: str
    rows: int
    no_label: int
    no_text: int


def preview(path: Path) -> Preview:
    """The first rows of the file at `path` and the guesses. Raises DataError if it cannot be read."""
    form = csvfile.sniff(path)
    rows = _sample(csvfile.records(path, form))
    guess = columns.choose(form.columns, rows)
    return Preview(form.columns, rows[:SHOWN], _read_as(path, form, guess))


def ingest_file(
    paths: Sequence[Path],
    *,
    text_columns: Sequence[str] | None = None,
    label_column: str | None = None,
    valid: str | None = None,
    unlabelled: Sequence[Path] = (),
    base: Mapping[str, str | None] | None = None,
    on_progress: Progress | None = None,
) -> Table:
    """`check`, but a fatal finding raises DataError with the whole report."""
    table = check(
        paths,
        text_columns=text_columns,
        label_column=label_column,
        valid=valid,
        unlabelled=unlabelled,
        base=base,
        on_progress=on_progress,
    )
    refuse_fatal(table.findings, table.read_as)
    return table


def check(
    paths: Sequence[Path],
    *,
    text_columns: Sequence[str] | None = None,
    label_column: str | None = None,
    valid: str | None = None,
    unlabelled: Sequence[Path] = (),
    base: Mapping[str, str | None] | None = None,
    on_progress: Progress | None = None,
) -> Table:
    """The usable texts of CSV and TSV files and of folders, and everything found wrong with them.

    Columns not named are guessed (`label_column` "": there is none); `valid` names the validation folder of folders;
    the texts of `unlabelled` (files or folders) get no label; `base` are the texts, with labels, of the dataset that is
    added to. Raises DataError only for a column or folder that does not exist.
    """
    table, notes = Table(), Notes()
    for path in paths:
        try:
            if path.is_dir():
                _read_folder(table, notes, path, valid, on_progress)
            else:
                _read_file(table, notes, path, text_columns, label_column, on_progress)
        except UnusableFileError as error:
            table.findings.append(error.finding())
    for path in unlabelled:
        try:
            _read_unlabelled(table, notes, path, text_columns, on_progress)
        except UnusableFileError as error:
            table.findings.append(error.finding())
    if not table.fatal:
        table.check(notes, base)
    return table


def read_texts(path: Path, text_columns: Sequence[str] | None = None) -> list[str]:
    """One text per row of the file at `path`, blank ones included: row by row what a prediction is made for.

    Texts over the limit on length are cut there. Raises DataError with the row numbers if a row cannot be read.
    """
    rows, chosen, _ = _strictly(path, text_columns, "")
    return [_text(row, chosen)[: settings().max_text_chars] for row in rows]


def read_labelled(path: Path, text_columns: Sequence[str] | None = None, label_column: str | None = None) -> Labelled:
    """The rows with a text and a label, for evaluating. Raises DataError as `read_texts`."""
    rows, chosen, names = _strictly(path, text_columns, label_column)
    if chosen.label is None:
        raise DataError(
            f"“{path.name}” has no column that looks like a label.",
            todo=f"Name it with --label-column; the columns are: {', '.join(names)}.",
        )
    limit = settings().max_text_chars
    pairs = [(_text(row, chosen)[:limit], row[chosen.label].strip()) for row in rows]
    labelled = [(text, label) for text, label in pairs if label]
    kept = [(text, label) for text, label in labelled if text.strip()]
    if not kept:
        raise DataError(f"“{path.name}” has no row with a text and a label.", todo="Check the columns.")
    return Labelled(
        texts=[text for text, _ in kept],
        labels=[label for _, label in kept],
        column=names[chosen.label],
        rows=len(rows),
        no_label=len(rows) - len(labelled),
        no_text=len(labelled) - len(kept),
    )


def _strictly(
    path: Path, text_columns: Sequence[str] | None, label_column: str | None
) -> tuple[list[tuple[str, ...]], Columns, tuple[str, ...]]:
    form = csvfile.sniff(path, _named(text_columns, label_column))
    rows, notes = [], Notes()
    for record in csvfile.records(path, form):
        if record.problem:
            notes.add("broken file", record.row, path.name, record.problem)
        rows.append(record.fields)
    if broken := notes.findings():
        raise DataError(f"“{path.name}” cannot be read row by row:\n{report(broken)}\n", todo="Correct these rows.")
    if not rows:
        raise DataError(f"“{path.name}” has no rows under its header.", todo="Give a file with texts.")
    return rows, columns.choose(form.columns, rows[:GUESSED_FROM], text_columns, label_column), form.columns


def _read_file(
    table: Table,
    notes: Notes,
    path: Path,
    text_columns: Sequence[str] | None,
    label_column: str | None,
    on_progress: Progress | None,
) -> None:
    form = csvfile.sniff(path, _named(text_columns, label_column))
    records = csvfile.records(path, form, on_progress)
    head = list(islice(records, GUESSED_FROM))
    chosen = columns.choose(form.columns, _sample(head), text_columns, label_column)
    table.read_as.append(_read_as(path, form, chosen))
    if is_guess(form.encoding):
        notes.add("guessed encoding", 0, path.name)
    if not form.has_header:
        notes.add("no header", 1, path.name)
    _add_records(table, notes, path, form, chosen, chain(head, records))
    if chosen.valid is not None:
        table.split = f"as the column {columns.VALID_NAME} says"


def _add_records(
    table: Table, notes: Notes, path: Path, form: Format, chosen: Columns, records: Iterable[Record]
) -> None:
    """Append the usable `records`; raise UnusableFileError if the file is broken as a whole."""
    broken = total = 0
    for record in records:
        total += 1
        if record.cut_off:
            raise UnusableFileError(
                "broken file",
                f"“{path.name}”, row {record.row}: {record.problem}, so the rest of the file was read as one field.",
                todo="Close or double that quote, or fetch the file again if it was cut off.",
            )
        if record.problem:
            broken += 1
            notes.add("broken file", record.row, path.name, record.problem)
            continue
        label = record.fields[chosen.label].strip() if chosen.label is not None else None
        side = columns.is_true(record.fields[chosen.valid]) if chosen.valid is not None else None
        table.add(notes, _text(record.fields, chosen), label, valid=side, row=record.row, file=path.name)
    if 2 * broken > total:
        raise UnusableFileError(
            "broken file",
            f"“{path.name}”: {broken:,} of {total:,} rows do not have the {len(form.columns)} fields of the header.",
            todo="Put texts that contain the separator into quotes.",
        )


def _read_folder(table: Table, notes: Notes, folder: Path, valid: str | None, on_progress: Progress | None) -> None:
    files = folders.text_files(folder, valid)
    _add_files(table, notes, folder, files, on_progress)
    table.numbers = False
    if any(text.valid for text in files):
        table.split = f"as the folders {folders.TRAIN} and {folders.validation_folder(folder, valid)} say"


def _read_unlabelled(
    table: Table, notes: Notes, path: Path, text_columns: Sequence[str] | None, on_progress: Progress | None
) -> None:
    if path.is_dir():
        _add_files(table, notes, path, folders.unlabelled_files(path), on_progress)
    elif path.suffix.lower() == ".txt":
        _add_files(table, notes, path.parent, [TextFile(path, None, None)], on_progress)
    else:
        _read_file(table, notes, path, text_columns, "", on_progress)


def _add_files(
    table: Table, notes: Notes, folder: Path, files: Sequence[TextFile], on_progress: Progress | None
) -> None:
    for done, text in enumerate(files, 1):
        csvfile.refuse_size(text.path)
        name = text.path.relative_to(folder).as_posix()
        content, encoding = folders.read_text(text.path)
        if is_guess(encoding):
            notes.add("guessed encoding", 0, name)
        table.add(notes, content, text.label, valid=text.valid, file=name)
        if on_progress and done % REPORTED_EVERY == 0:
            on_progress(done, len(files))


def _named(text_columns: Sequence[str] | None, label_column: str | None) -> list[str]:
    """The columns that the caller names."""
    return [*(text_columns or ()), *([label_column] if label_column else [])]


def _read_as(path: Path, form: Format, chosen: Columns) -> ReadAs:
    return ReadAs(
        file=path.name,
        encoding=form.encoding,
        delimiter=form.delimiter if form.delimiter != csvfile.ONE_COLUMN else "",
        header=form.has_header,
        text_columns=tuple(form.columns[i] for i in chosen.texts),
        label_column="" if chosen.label is None else form.columns[chosen.label],
        valid_column="" if chosen.valid is None else form.columns[chosen.valid],
    )


def _sample(records: Iterable[Record]) -> list[tuple[str, ...]]:
    """The fields of the first sound records."""
    return [record.fields for record in islice((r for r in records if not r.problem), GUESSED_FROM)]


def _text(fields: Sequence[str], chosen: Columns) -> str:
    """The text of a row; empty if none of its columns holds any."""
    texts = [fields[i] for i in chosen.texts]
    return columns.join(texts) if any(text.strip() for text in texts) else ""
