"""Reading JSON Lines: one JSON object a line, its keys the columns. The rows of the table are the lines of the file.

Values become text as `cells.as_text` says. Keys whose values are lists or objects are no columns. What the columns
mean is said in `columns`.
"""

import codecs
import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from ulmfit_app.data.cells import Cell, as_text
from ulmfit_app.data.csvfile import FIELD_LIMIT, REPORTED_EVERY, Record, refuse_columns
from ulmfit_app.data.encodings import encoding_of
from ulmfit_app.data.findings import UnusableFileError
from ulmfit_app.data.progress import Progress

SUFFIXES = (".jsonl", ".ndjson", ".json")
SAMPLE_LINES = 1000
TODO = 'Write one object like {"text": "…", "label": "…"} on each line.'


@dataclass(frozen=True, slots=True)
class Format:
    """How a file is written: `columns` are the keys of its first lines, in order of appearance."""

    encoding: str
    columns: tuple[str, ...]


def is_json(path: Path, head: bytes) -> bool:
    """True for a file called so, and for one that begins, with `head`, like an object or a list of objects."""
    start = head.removeprefix(codecs.BOM_UTF8).lstrip()
    return path.suffix.lower() in SUFFIXES or start.startswith((b'{"', b"[{"))


def sniff(path: Path) -> Format:
    """The format of the file at `path`, from its first lines. Raises UnusableFileError if there is no object."""
    encoding = encoding_of(path)
    found: dict[str, None] = {}
    with path.open(encoding=encoding, errors="replace") as file:
        for number, line in enumerate(filter(str.strip, islice(file, SAMPLE_LINES))):
            if number == 0 and line.lstrip().startswith("["):
                raise UnusableFileError(
                    "unknown format", f"“{path.name}” is one JSON list, which cannot be read.", todo=TODO
                )
            value = _parsed(line)
            if not isinstance(value, str):
                found |= dict.fromkeys(key for key, item in value.items() if _is_cell(item))
    columns = tuple(found)
    if not columns:
        raise UnusableFileError("empty text", f"“{path.name}” has no JSON objects with texts.", todo=TODO)
    refuse_columns(path, len(columns))
    return Format(encoding, columns)


def records(path: Path, form: Format, on_progress: Progress | None = None) -> Iterator[Record]:
    """The lines that are not blank; broken ones with their `problem`. `on_progress` hears of bytes read."""
    size = path.stat().st_size
    read = 0
    with path.open(encoding=form.encoding, errors="replace") as file:
        for row, line in enumerate(file, 1):
            read += len(line)
            if on_progress and row % REPORTED_EVERY == 0:
                on_progress(min(read, size), size)
            if line.strip():
                yield _record(row, line, form.columns)


def _record(row: int, line: str, columns: tuple[str, ...]) -> Record:
    value = _parsed(line)
    if isinstance(value, str):
        return Record(row, (), value)
    nested = next((key for key in columns if not _is_cell(value.get(key))), None)
    if nested is not None:
        return Record(row, (), f"a list or an object instead of a text under the key “{nested[:40]}”")
    return Record(row, tuple(as_text(value.get(key)) for key in columns))


def _parsed(line: str) -> dict[str, object] | str:
    """The object in `line`, or what is wrong with it. Keys are made readable as texts are."""
    if len(line) > FIELD_LIMIT:  # as objects, numbers take ten times their memory as text
        return f"a line of over {FIELD_LIMIT:,} characters"
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return "not a complete JSON object"
    if not isinstance(value, dict):
        return "JSON, but no object"
    return {as_text(key).strip() or "column without a name": item for key, item in value.items()}


def _is_cell(value: object) -> bool:
    return value is None or isinstance(value, Cell)
