"""Reading CSV and TSV files of unknown making: encoding, delimiter, header, and records with their row numbers.

Nothing is said here about what the columns mean (`columns`) or which texts are usable (`ingest`). A row is a record,
counted as a spreadsheet counts: the header is row 1, a line break inside quotes does not count, a blank line does.
"""

import csv
import io
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from math import isfinite
from pathlib import Path
from typing import Literal

from ulmfit_app.data.encodings import encoding_of, unreadable
from ulmfit_app.data.findings import UnusableFileError
from ulmfit_app.data.progress import Progress
from ulmfit_app.settings import settings

FIELD_LIMIT = 10_000_000
SAMPLE_CHARS = 200_000
SAMPLE_ROWS = 200
REPORTED_EVERY = 1000
ONE_COLUMN = "\x1f"
LONGEST_NAME = 80
MOST_COLUMNS = 1000
SENTENCE_WORDS = 4
Quoting = Literal[0, 3]
_KINDS: tuple[tuple[str, Quoting], ...] = (
    (",", csv.QUOTE_MINIMAL), (";", csv.QUOTE_MINIMAL), ("\t", csv.QUOTE_MINIMAL), ("\t", csv.QUOTE_NONE),
    ("|", csv.QUOTE_MINIMAL),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Format:
    """How a file is written: `columns` are its header, or made-up names where `has_header` is false."""

    encoding: str
    delimiter: str
    quoting: Quoting
    columns: tuple[str, ...]
    has_header: bool


@dataclass(frozen=True, slots=True)
class Record:
    """A row of the file: its number and fields. `problem`: why it cannot be used; `cut_off`: nor what follows it."""

    row: int
    fields: tuple[str, ...]
    problem: str = ""
    cut_off: bool = False


def sniff(path: Path, named: Collection[str] = ()) -> Format:
    """The format of the file at `path`, from its content and the columns `named` by the caller.

    Raises UnusableFileError if it is missing, over a limit, binary or without a single row.
    """
    refuse_size(path)
    encoding = encoding_of(path)
    with _opened(path) as source, io.TextIOWrapper(source, encoding, "replace", newline="") as file:
        sample = file.read(SAMPLE_CHARS)
    if len(sample) == SAMPLE_CHARS:
        sample = sample[: max(sample.rfind("\n"), sample.rfind("\r")) + 1] or sample
    best = max(_KINDS, key=lambda kind: _agreement(sample, *kind))
    delimiter, quoting = best if _agreement(sample, *best) > 0 else (ONE_COLUMN, csv.QUOTE_MINIMAL)
    rows = [record.fields for record in _sampled(sample, delimiter, quoting) if record.fields]
    first = rows[0] if rows else ()
    refuse_columns(path, len(first))
    if not any(field.strip() for field in first):
        raise UnusableFileError(
            "empty text", f"“{path.name}” has no header and no texts.", todo="Give a file with a header row and texts."
        )
    has_header = any(field.strip() in named for field in first) or _is_header(first, rows[1:])
    names = first if has_header else ("",) * len(first)
    return Format(encoding, delimiter, quoting, _unique(names), has_header)


def records(path: Path, form: Format, on_progress: Progress | None = None) -> Iterator[Record]:
    """The rows under the header, blank ones left out; ragged and broken ones with their `problem`.

    `on_progress` hears of bytes read.
    """
    with _opened(path) as source, io.TextIOWrapper(source, form.encoding, "replace", newline="") as file:
        size = path.stat().st_size
        rows = _records(file, form.delimiter, form.quoting)
        for record in islice(rows, 1 if form.has_header else 0, None):
            if on_progress and record.row % REPORTED_EVERY == 0:
                on_progress(source.tell(), size)
            if record.problem or len(record.fields) == len(form.columns):
                yield record
            elif record.fields:
                problem = f"{len(record.fields)} fields instead of {len(form.columns)}"
                yield Record(record.row, record.fields, problem)


def refuse_size(path: Path) -> None:
    """Raise UnusableFileError if the file at `path` is over the size limit or missing."""
    try:
        size = path.stat().st_size
    except OSError as error:
        raise unreadable(path, error) from None
    limit = settings().max_file_mb
    if size > limit * 1_000_000:
        raise UnusableFileError(
            "over the size limit",
            f"“{path.name}” has {size / 1e6:,.0f} MB; the limit is {limit} MB.",
            todo="Split the file, or raise ULMFIT_MAX_FILE_MB.",
        )


def refuse_columns(path: Path, columns: int) -> None:
    """Raise UnusableFileError for more columns than anybody can choose from: the work grows with their square."""
    if columns > MOST_COLUMNS:
        raise UnusableFileError(
            "over the size limit",
            f"“{path.name}” has {columns:,} columns; the limit is {MOST_COLUMNS:,}.",
            todo="Keep the columns of texts and labels.",
        )


def _opened(path: Path) -> io.BufferedReader:
    try:
        return path.open("rb")
    except OSError as error:
        raise unreadable(path, error) from None


def _records(file: Iterator[str], delimiter: str, quoting: Quoting) -> Iterator[Record]:
    """Every record, blank ones too. A broken one does not end the reading: it goes on with the next line."""
    csv.field_size_limit(FIELD_LIMIT)
    reader = csv.reader(file, delimiter=delimiter, quoting=quoting, strict=True)
    row = 0
    while True:
        row += 1
        line = reader.line_num + 1
        try:
            fields = tuple(next(reader))
        except StopIteration:
            return
        except csv.Error as error:
            yield _broken(row, line, reader.line_num, str(error))
        else:
            yield Record(row, fields)


def _broken(row: int, first: int, last: int, error: str) -> Record:
    """The Record of a row that the csv module refused with `error`."""
    where = f"line {first}" if first == last else f"lines {first} to {last}"
    if "unexpected end of data" in error:
        return Record(row, (), f"a quote opened in line {first} is never closed", cut_off=True)
    if "field larger" in error:
        return Record(row, (), f"a field of over {FIELD_LIMIT:,} characters ({where})")
    return Record(row, (), f"a torn quote ({where})")


def _sampled(sample: str, delimiter: str, quoting: Quoting) -> list[Record]:
    """The first rows of `sample`; `newline=""` because old Macs end lines with a carriage return alone."""
    return list(islice(_records(io.StringIO(sample, newline=""), delimiter, quoting), SAMPLE_ROWS))


def _agreement(sample: str, delimiter: str, quoting: Quoting) -> float:
    """How well a delimiter explains `sample`: the share of rows with as many fields as the first, 0 if that is one."""
    filled = [record for record in _sampled(sample, delimiter, quoting) if record.fields or record.problem]
    if not filled or len(filled[0].fields) < 2:
        return 0.0
    return sum(len(record.fields) == len(filled[0].fields) for record in filled) / len(filled)


def _is_header(fields: tuple[str, ...], others: Sequence[tuple[str, ...]]) -> bool:
    """False if the first row looks like data: a number, a sentence, or what is a value of its column again.

    `others` are rows under it; one that repeats the whole row says nothing: files with a header are put together so.
    """
    if any(len(field) > LONGEST_NAME or is_number(field) or _is_sentence(field) for field in fields):
        return False
    below = [row for row in others if row != fields and len(row) == len(fields)]
    return not any(field.strip() and any(row[column] == field for row in below) for column, field in enumerate(fields))


def _is_sentence(field: str) -> bool:
    """True for some words and a full stop; column names may be questions."""
    return field.rstrip().endswith((".", "!")) and len(field.split()) >= SENTENCE_WORDS


def is_number(field: str) -> bool:
    """True for what Python reads as a finite number."""
    try:
        return isfinite(float(field))
    except ValueError:
        return False


def _unique(names: tuple[str, ...]) -> tuple[str, ...]:
    """Column names without blanks and doubles: `column 3` for a nameless one, `text (2)` for a second `text`."""
    unique: list[str] = []
    for number, name in enumerate(names, 1):
        base = name.strip() or f"column {number}"
        copies = (f"{base} ({n})" for n in range(2, len(names) + 2))
        unique.append(base if base not in unique else next(copy for copy in copies if copy not in unique))
    return tuple(unique)
