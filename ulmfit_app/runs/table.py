"""table.csv of a run: a row for every text, written beside and renamed, so that it is whole from the start."""

import csv
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from ulmfit_app.runs.folder import RunFolder

Write = Callable[[Sequence[object]], object]


@contextmanager
def new_table(folder: RunFolder, header: Sequence[str]) -> Iterator[Write]:
    """A function that writes one row. The table of `folder` is replaced at the end of the block, unless that fails."""
    beside = folder.table.with_name(f".{folder.table.name}")
    try:
        with beside.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(header)
            yield writer.writerow
            file.flush()
            os.fsync(file.fileno())
        beside.replace(folder.table)
    finally:
        beside.unlink(missing_ok=True)
