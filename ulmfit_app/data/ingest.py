"""Files, folders, archives and pasted texts become a `Table` of usable texts with a row-level report.

`check` reports without refusing, `ingest_file` refuses what is fatal. Splitting and storing is left to `sources`.
`read_texts` and `read_labelled` read a table file strictly, row by row, for bulk prediction and evaluation.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from ulmfit_app.data import columns, csvfile, folders, jsonfile, tablefile
from ulmfit_app.data.archive import is_archive, unpacked
from ulmfit_app.data.columns import Columns
from ulmfit_app.data.csvfile import Record
from ulmfit_app.data.encodings import is_guess
from ulmfit_app.data.findings import Notes, UnusableFileError, refuse_fatal
from ulmfit_app.data.folders import TextFile
from ulmfit_app.data.progress import Progress
from ulmfit_app.data.table import Table
from ulmfit_app.data.tablefile import TableFile, read_table
from ulmfit_app.errors import DataError
from ulmfit_app.schema import Finding, ReadAs
from ulmfit_app.settings import settings

SHOWN, SHOWN_CHARS = 20, 1000  # rows, and of each field
REPORTED_EVERY = 500
PASTED = "pasted texts"


@dataclass(frozen=True, slots=True)
class Preview:
    """A first look at a table file: its columns, how it is read, and its first sound `rows`, long fields cut.

    `findings`: what is wrong with its first rows, one by one; what shows only in the whole is left to `check`.
    """

    columns: tuple[str, ...]
    rows: list[tuple[str, ...]]
    read_as: ReadAs
    findings: list[Finding]


@dataclass(frozen=True, slots=True)
class Labelled:
    """The usable texts of a file and their `labels`; `column`: where these are; how many of its `rows` lack what."""

    texts: list[str]
    labels: list[str]
    column: str
    rows: int
    no_label: int
    no_text: int


def preview(path: Path, text_columns: Sequence[str] | None = None, label_column: str | None = None) -> Preview:
    """A first look at the table file at `path`, its columns as named or guessed. Raises DataError as `read_table`."""
    file = tablefile.open_table(path, tablefile.named(text_columns, label_column))
    head = file.head()
    sound = [record.fields for record in head if not record.problem]
    chosen = columns.choose(file.columns, sound, text_columns, label_column)
    table, notes = Table(), Notes()
    try:
        _add_records(table, notes, file, chosen, head)
        found = notes.findings()
    except UnusableFileError as error:
        found = [error.finding()]
    shown = [tuple(field[:SHOWN_CHARS] for field in fields) for fields in sound[:SHOWN]]
    return Preview(file.columns, shown, file.read_as(chosen), found)


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
    """The usable texts of table files, folders and zip archives of folders, and everything found wrong with them.

    Columns not named are guessed (`label_column` "": there is none); `valid` names the validation folder of folders;
    the texts of `unlabelled` (files or folders) get no label; `base` are the texts, with labels, of the dataset that is
    added to. Raises DataError only for a column or folder that does not exist.
    """
    table, notes = Table(), Notes()
    for path in paths:
        try:
            if path.is_dir():
                _read_folder(table, notes, path, valid, on_progress)
            elif is_archive(path):
                _read_archive(table, notes, path, valid, on_progress)
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


def check_pasted(pasted: str, *, paragraphs: bool) -> Table:
    """The unlabelled texts in `pasted`: one a line or, with `paragraphs`, one between blank lines.

    `rows` of the result are the lines on which texts begin.
    """

    def block(line: tuple[int, str]) -> tuple[bool, int]:
        return bool(line[1].strip()), 0 if paragraphs else line[0]

    table, notes = Table(), Notes()
    for (filled, _), lines in groupby(enumerate(pasted.replace("\r\n", "\n").split("\n"), 1), block):
        if filled:
            (row, first), *more = lines
            table.add(notes, "\n".join([first, *(line for _, line in more)]), None, row=row, file=PASTED)
    table.check(notes)
    return table


def read_texts(path: Path, text_columns: Sequence[str] | None = None) -> list[str]:
    """One text per row of the file at `path`, blank ones included: row by row what a prediction is made for.

    Texts over the limit on length are cut there. Raises DataError with the row numbers if a row cannot be read.
    """
    table = read_table(path, text_columns, "", all_columns=False)
    return [table.chosen.text_of(row)[: settings().max_text_chars] for row in table.rows]


def read_labelled(path: Path, text_columns: Sequence[str] | None = None, label_column: str | None = None) -> Labelled:
    """The rows with a text and a label, for evaluating. Raises DataError as `read_texts`."""
    table = read_table(path, text_columns, label_column, all_columns=False)
    chosen = table.chosen
    if chosen.label is None:
        raise DataError(
            f"“{path.name}” has no column that looks like a label.",
            todo=f"Name it with --label-column; the columns are: {', '.join(table.columns)}.",
        )
    limit = settings().max_text_chars
    pairs = [(chosen.text_of(row)[:limit], row[chosen.label].strip()) for row in table.rows]
    labelled = [(text, label) for text, label in pairs if label]
    kept = [(text, label) for text, label in labelled if text.strip()]
    if not kept:
        raise DataError(f"“{path.name}” has no row with a text and a label.", todo="Check the columns.")
    return Labelled(
        texts=[text for text, _ in kept],
        labels=[label for _, label in kept],
        column=table.columns[chosen.label],
        rows=len(pairs),
        no_label=len(pairs) - len(labelled),
        no_text=len(labelled) - len(kept),
    )


def _read_file(
    table: Table,
    notes: Notes,
    path: Path,
    text_columns: Sequence[str] | None,
    label_column: str | None,
    on_progress: Progress | None,
) -> None:
    file = tablefile.open_table(path, tablefile.named(text_columns, label_column))
    chosen = columns.choose(file.columns, file.sample(), text_columns, label_column)
    table.read_as.append(file.read_as(chosen))
    if is_guess(file.encoding):
        notes.add("guessed encoding", 0, path.name)
    if not file.has_header:
        notes.add("no header", 1, path.name)
    _add_records(table, notes, file, chosen, file.records(chosen.positions, on_progress))
    if chosen.valid is not None:
        table.split = f"as the column {columns.VALID_NAME} says"


def _add_records(table: Table, notes: Notes, file: TableFile, chosen: Columns, records: Iterable[Record]) -> None:
    """Append the usable `records`; raise UnusableFileError if the file is broken as a whole."""
    name = file.path.name
    broken = total = 0
    for record in records:
        total += 1
        if record.cut_off:
            raise UnusableFileError(
                "broken file",
                f"“{name}”, row {record.row}: {record.problem}, so the rest of the file was read as one field.",
                todo="Close or double that quote, or fetch the file again if it was cut off.",
            )
        if record.problem:
            broken += 1
            notes.add("broken file", record.row, name, record.problem)
            continue
        label = record.fields[chosen.label].strip() if chosen.label is not None else None
        side = columns.is_true(record.fields[chosen.valid]) if chosen.valid is not None else None
        table.add(notes, chosen.text_of(record.fields), label, valid=side, row=record.row, file=name)
    if 2 * broken > total:
        raise _mostly_broken(file, broken, total)


def _mostly_broken(file: TableFile, broken: int, total: int) -> UnusableFileError:
    rows = f"“{file.path.name}”: {broken:,} of {total:,} rows"
    if file.format == "delimited":
        what, todo = f"do not have the {len(file.columns)} fields of the header", "Put texts that contain the separator"
        return UnusableFileError("broken file", f"{rows} {what}.", todo=f"{todo} into quotes.")
    return UnusableFileError("broken file", f"{rows} cannot be read.", todo=jsonfile.TODO)


def _read_archive(table: Table, notes: Notes, path: Path, valid: str | None, on_progress: Progress | None) -> None:
    with unpacked(path, on_progress) as folder:
        _read_folder(table, notes, folder, valid, on_progress)


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
    elif is_archive(path):
        with unpacked(path, on_progress) as folder:
            _add_files(table, notes, folder, folders.unlabelled_files(folder), on_progress)
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
