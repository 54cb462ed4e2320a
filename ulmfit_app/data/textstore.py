"""Texts that may be more than fit into memory: those of a file that is being read, those of a dataset on disk.

Both are sequences of `str` in file order. Read in order they cost little; at random a text may cost the reading of its
neighbours.
"""

import weakref
from array import array
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from errno import ENOSPC
from itertools import accumulate, pairwise
from tempfile import SpooledTemporaryFile
from threading import Lock
from typing import Any, overload

from ulmfit_app.errors import DataError
from ulmfit_app.settings import settings

IN_MEMORY = 64_000_000  # bytes of appended texts, from which on they lie in a file
HOSTED_IN_MEMORY = 4_000_000  # every open tab may hold such texts, checked and not yet added
HELD = 256_000_000  # bytes of a dataset's texts that are kept once they were read


class AppendedTexts(Sequence[str]):
    """Texts in the order in which they are appended; many of them lie in a nameless file that ends with this object."""

    def __init__(self, texts: Iterable[str] = ()) -> None:
        folder = settings().home_path / "cache"
        self._file = SpooledTemporaryFile(dir=str(folder))  # noqa: SIM115  (closed with this object)
        self._folder, self._on_disk = folder, False
        self._in_memory = IN_MEMORY if settings().mode == "local" else HOSTED_IN_MEMORY
        self._starts = array("q", [0])
        weakref.finalize(self, self._file.close)
        self.extend(texts)

    def append(self, text: str) -> None:
        """Add a text. Raises DataError if the disk is full."""
        data = text.encode("utf-8", "surrogatepass")
        try:
            if not self._on_disk and self._starts[-1] + len(data) > self._in_memory:
                self._folder.mkdir(parents=True, exist_ok=True)
                self._file.rollover()
                self._on_disk = True
            self._file.seek(self._starts[-1])
            self._file.write(data)
        except OSError as error:
            raise _full(error) if error.errno == ENOSPC else error from None
        self._starts.append(self._starts[-1] + len(data))

    def extend(self, texts: Iterable[str]) -> None:
        """Add several texts."""
        for text in texts:
            self.append(text)

    def __eq__(self, other: object) -> bool:
        """True for the same texts in the same order, a list of them included."""
        if not isinstance(other, Sequence):
            return NotImplemented
        return len(self) == len(other) and all(one == another for one, another in zip(self, other, strict=True))

    def __len__(self) -> int:
        return len(self._starts) - 1

    @overload
    def __getitem__(self, i: int) -> str: ...
    @overload
    def __getitem__(self, i: slice) -> list[str]: ...
    def __getitem__(self, i: int | slice) -> str | list[str]:
        """One text, or a list of those of a slice."""
        if isinstance(i, slice):
            return [self[row] for row in range(*i.indices(len(self)))]
        row = range(len(self))[i]
        start, stop = self._starts[row], self._starts[row + 1]
        self._file.seek(start)
        return self._file.read(stop - start).decode("utf-8", "surrogatepass")


class StoredTexts(Sequence[str]):
    """The texts of a Parquet file (column `text`), read a row group at a time. Safe to read from several threads.

    Any access raises DataError if the file is damaged there.
    """

    def __init__(self, file: Any) -> None:
        """`file`: a pyarrow ParquetFile."""
        groups = [file.metadata.row_group(number).num_rows for number in range(file.num_row_groups)]
        self._file, self._starts = file, [0, *accumulate(groups)]
        self._held: OrderedDict[int, Any] = OrderedDict()
        self._lock = Lock()

    def __len__(self) -> int:
        return self._starts[-1]

    @overload
    def __getitem__(self, i: int) -> str: ...
    @overload
    def __getitem__(self, i: slice) -> list[str]: ...
    def __getitem__(self, i: int | slice) -> str | list[str]:
        """One text, or a list of those of a slice of step 1."""
        if isinstance(i, slice):
            start, stop, _ = i.indices(len(self))
            return [text for part in self._parts(start, stop) for text in part.to_pylist()]
        row = range(len(self))[i]
        number = bisect_right(self._starts, row) - 1
        return self._group(number)[row - self._starts[number]].as_py()

    def __iter__(self) -> Iterator[str]:
        return (text.as_py() for part in self._parts(0, len(self)) for text in part)

    def _parts(self, start: int, stop: int) -> Iterator[Any]:
        """The rows from `start` to `stop` as Arrow arrays."""
        for number, (begin, end) in enumerate(pairwise(self._starts)):
            if begin < stop and start < end:
                yield from self._group(number).slice(max(0, start - begin), stop - max(start, begin)).iterchunks()

    def _group(self, number: int) -> Any:
        with self._lock:
            if number not in self._held:
                self._held[number] = self._read(number)
                while len(self._held) > 1 and sum(group.nbytes for group in self._held.values()) > HELD:
                    self._held.popitem(last=False)
            self._held.move_to_end(number)
            return self._held[number]

    def _read(self, number: int) -> Any:
        import pyarrow

        try:
            return self._file.read_row_group(number, columns=["text"])["text"]
        except (pyarrow.ArrowException, OSError, KeyError):
            raise DataError(
                "The texts of a dataset cannot be read: its file is damaged.",
                todo="Delete the dataset and add it again; one of the catalogue is built again once its folder under "
                f"{settings().home_path / 'cache' / 'datasets'} is removed.",
            ) from None


def _full(error: OSError) -> DataError:
    return DataError(
        f"There is no room for the texts that are being read ({error.strerror}).",
        kept="Nothing was written.",
        todo=f"Free some disk space under {settings().home_path} and start again.",
    )
