"""Reads a Parquet file in a process of its own, and sends its rows as JSON; see `parquetfile` for the other end.

A damaged file can make the library abort (seen with pyarrow 26), and one of some KB can unpack to gigabytes whatever
its footer says: neither may cost more than this process. It cannot send anything but text.
"""

import json
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from ulmfit_app.data.cells import as_text
from ulmfit_app.data.child import settle

BATCH = 500  # rows
BATCH_BYTES = 8_000_000  # about so much of a table of long values is read at once
MESSAGE = 200_000  # characters of rows that travel together
OWN_MB, SECONDS = 500, 600  # what the process needs without any data; more computing time than any file should take
TOO_LARGE = "too large"


def send(connection: Connection, path: Path, wanted: list[str] | None, limit: int) -> None:
    """Send a message with the names of the flat columns and the number of rows, then, of the `wanted` columns, rows.

    Each message of these is a list of rows, a row a list of texts; the last one is empty. A message has at most
    `limit` bytes, and all take about twice that in memory; `TOO_LARGE` is sent if that is not enough. Ends in the
    middle if the file is damaged.
    """
    settle()
    import pyarrow.parquet

    _bound(OWN_MB * 1_000_000 + 2 * limit)
    with suppress(BrokenPipeError), connection:  # nobody wants more
        try:
            with pyarrow.parquet.ParquetFile(path) as file:
                names = [field.name for field in file.schema_arrow if _is_flat(field.type)]
                _send(connection, [names, file.metadata.num_rows], limit)
                if wanted is not None:
                    for message in _messages(file, wanted):
                        _send(connection, message, limit)
                _send(connection, [], limit)
        except MemoryError:
            _send(connection, TOO_LARGE, limit)


def _bound(memory: int) -> None:
    """Let the system refuse this process more than `memory` bytes; Windows cannot."""
    with suppress(ImportError, OSError, ValueError):
        import resource

        for kind, most in ((resource.RLIMIT_CORE, 0), (resource.RLIMIT_CPU, SECONDS), (resource.RLIMIT_DATA, memory)):
            resource.setrlimit(kind, (most, resource.getrlimit(kind)[1]))


def _send(connection: Connection, message: object, limit: int) -> None:
    data = json.dumps(message, ensure_ascii=False).encode()
    if len(data) > limit:
        raise MemoryError
    connection.send_bytes(data)


def _messages(file: Any, wanted: list[str]) -> Iterator[list[tuple[str, ...]]]:
    """The rows in lists of some hundred KB."""
    rows, chars = list[tuple[str, ...]](), 0
    for batch in file.iter_batches(_batch(file.metadata), columns=wanted, use_threads=False):
        for row in zip(*(_texts(batch.column(name)) for name in wanted), strict=True):
            rows.append(row)
            chars += sum(map(len, row)) + 1
            if chars > MESSAGE:
                yield rows
                rows, chars = [], 0
    if rows:
        yield rows


def _batch(metadata: Any) -> int:
    """How many rows to read at once, as far as the file says the truth about its size."""
    size = sum(metadata.row_group(i).total_byte_size for i in range(metadata.num_row_groups))
    return max(1, min(BATCH, BATCH_BYTES * metadata.num_rows // max(size, 1)))


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
