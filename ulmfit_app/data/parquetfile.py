"""Reading Parquet files batch by batch, of the columns that are needed: a large file is never in memory as a whole.

Columns of lists, objects and other nested types are left out. A row is counted from 1; there is no header. The file is
opened in a process of its own (`parquetrows`), which may die of it.
"""

import json
from collections.abc import Collection, Generator, Iterator, Sequence
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ulmfit_app.data import parquetrows
from ulmfit_app.data.child import Context
from ulmfit_app.data.csvfile import Record, refuse_columns
from ulmfit_app.data.findings import UnusableFileError
from ulmfit_app.data.progress import Progress
from ulmfit_app.errors import MissingExtraError
from ulmfit_app.settings import settings

MAGIC = b"PAR1"  # how a Parquet file begins


def columns_of(path: Path) -> tuple[str, ...]:
    """The columns that can be texts or labels. Raises UnusableFileError if there are none."""
    with closing(_messages(path)) as messages:
        names, rows = next(messages)
    if not names or not rows:
        raise UnusableFileError(
            "empty text", f"“{path.name}” has no texts.", todo="Give a file with a column of texts and some rows."
        )
    refuse_columns(path, len(names))
    if len(set(names)) < len(names):
        raise UnusableFileError(
            "broken file", f"“{path.name}” has two columns of the same name.", todo="Rename one of them."
        )
    return tuple(names)


def records(
    path: Path, columns: Sequence[str], wanted: Collection[int] | None = None, on_progress: Progress | None = None
) -> Iterator[Record]:
    """Every row, with the fields of the `wanted` columns (positions in `columns`; None: all) and "" for the others.

    `on_progress` hears of rows. Raises UnusableFileError for a damaged file, and at the limit on unpacked size.
    """
    positions = sorted(range(len(columns)) if wanted is None else wanted)
    row = chars = 0
    with closing(_messages(path, [columns[i] for i in positions])) as messages:
        _, total = next(messages)
        for rows in messages:
            for values in rows:
                row += 1
                chars += sum(map(len, values))
                fields = dict(zip(positions, values, strict=True))
                yield Record(row, tuple(fields.get(i, "") for i in range(len(columns))))
            if chars > _limit():
                raise _too_large(path)
            if on_progress:
                on_progress(row, total)


def _messages(path: Path, wanted: list[str] | None = None) -> Generator[Any]:
    """What `parquetrows.send` sends, but for the empty message at the end. Leaving early ends its process."""
    if find_spec("pyarrow") is None:
        raise MissingExtraError(
            f"“{path.name}” is a Parquet file; the package pyarrow, which reads these, is not installed.",
            todo="Run: pip install 'ulmfit-studio[train]'",
        )
    context = Context()
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=parquetrows.send, args=(there, path, wanted, _limit()), daemon=True)
    process.start()
    there.close()  # so that the end of the process is the end of what is read
    try:
        while message := json.loads(here.recv_bytes(_limit())):
            if message == parquetrows.TOO_LARGE:
                raise _too_large(path)
            yield message
    except (EOFError, OSError):  # its process has ended before the empty message
        raise UnusableFileError(
            "broken file", f"“{path.name}” is a damaged Parquet file.", todo="Fetch or write the file again."
        ) from None
    finally:
        here.close()
        process.kill()
        process.join()


def _limit() -> int:
    """Characters of all rows, or bytes of a message."""
    return settings().max_unpacked_mb * 1_000_000


def _too_large(path: Path) -> UnusableFileError:
    return UnusableFileError(
        "over the size limit",
        f"“{path.name}” unpacks to more than {settings().max_unpacked_mb:,} MB.",
        todo="Split the file, or raise ULMFIT_MAX_UNPACKED_MB.",
    )
