"""Reading Parquet files batch by batch, of the columns that are needed: a large file is never in memory as a whole.

Columns of lists, objects and other nested types are left out. A row is counted from 1; there is no header. pyarrow is
imported when a file is read.
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ulmfit_app.data.cells import as_text
from ulmfit_app.data.csvfile import Record, refuse_columns
from ulmfit_app.data.findings import UnusableFileError
from ulmfit_app.data.progress import Progress
from ulmfit_app.errors import MissingExtraError
from ulmfit_app.settings import settings

MAGIC = b"PAR1"  # how a Parquet file begins
BATCH = 500  # rows


def columns_of(path: Path) -> tuple[str, ...]:
    """The columns that can be texts or labels. Raises UnusableFileError if there are none."""
    with _opened(path) as file:
        names = tuple(field.name for field in file.schema_arrow if _is_flat(field.type))
        rows = file.metadata.num_rows
    if not names or not rows:
        raise UnusableFileError(
            "empty text", f"“{path.name}” has no texts.", todo="Give a file with a column of texts and some rows."
        )
    refuse_columns(path, len(names))
    if len(set(names)) < len(names):
        raise UnusableFileError(
            "broken file", f"“{path.name}” has two columns of the same name.", todo="Rename one of them."
        )
    return names


def records(
    path: Path, columns: Sequence[str], wanted: Collection[int] | None = None, on_progress: Progress | None = None
) -> Iterator[Record]:
    """Every row, with the fields of the `wanted` columns (positions in `columns`; None: all) and "" for the others.

    `on_progress` hears of rows. Raises UnusableFileError for a damaged file, and at the limit on unpacked size.
    """
    limit = settings().max_unpacked_mb
    positions = sorted(range(len(columns)) if wanted is None else wanted)
    row = chars = 0
    with _opened(path) as file:
        total = file.metadata.num_rows
        for batch in file.iter_batches(BATCH, columns=[columns[i] for i in positions]):
            texts = [_texts(batch.column(columns[i])) for i in positions]
            for values in zip(*texts, strict=True):
                row += 1
                chars += sum(map(len, values))
                fields = dict(zip(positions, values, strict=True))
                yield Record(row, tuple(fields.get(i, "") for i in range(len(columns))))
            if chars > limit * 1_000_000:
                raise UnusableFileError(
                    "over the size limit",
                    f"“{path.name}” unpacks to more than {limit:,} MB.",
                    todo="Split the file, or raise ULMFIT_MAX_UNPACKED_MB.",
                )
            if on_progress:
                on_progress(row, total)


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """The pyarrow ParquetFile of `path`; whatever pyarrow says of it becomes an UnusableFileError."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise MissingExtraError(
            f"“{path.name}” is a Parquet file; the package pyarrow, which reads these, is not installed.",
            todo="Run: pip install 'ulmfit-studio[train]'",
        ) from None
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            yield file
    except (pyarrow.ArrowException, OSError, ValueError, OverflowError):
        raise UnusableFileError(
            "broken file", f"“{path.name}” is a damaged Parquet file.", todo="Fetch or write the file again."
        ) from None


def _is_flat(kind: Any) -> bool:
    from pyarrow import types

    if types.is_dictionary(kind):
        kind = kind.value_type
    return not (types.is_nested(kind) or types.is_null(kind) or types.is_fixed_size_binary(kind))


def _texts(column: Any) -> list[str]:
    """The values as text. Strings travel as bytes, because what is in the file need not be valid UTF-8."""
    import pyarrow as pa

    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_temporal(column.type):
        column = column.cast(pa.string())
    elif pa.types.is_string(column.type) or pa.types.is_large_string(column.type) or _is_view(column.type):
        column = column.cast(pa.large_binary())
    return [as_text(value) for value in column.to_pylist()]


def _is_view(kind: Any) -> bool:
    from pyarrow import types

    return types.is_string_view(kind) or types.is_binary_view(kind)
