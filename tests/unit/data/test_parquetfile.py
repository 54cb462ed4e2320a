"""Parquet files from strangers: whatever they hold costs a process of its own at most, and is told."""

import threading
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ulmfit_app.data import parquetfile, parquetrows
from ulmfit_app.data.findings import UnusableFileError
from ulmfit_app.data.ingest import SHOWN_CHARS, preview
from ulmfit_app.data.tablefile import open_table, read_table
from ulmfit_app.settings import settings

COLUMNS = ("a", "b", "c")


def _limit(monkeypatch: pytest.MonkeyPatch, megabytes: int) -> None:
    monkeypatch.setenv("ULMFIT_MAX_UNPACKED_MB", str(megabytes))
    settings.cache_clear()


@pytest.fixture(scope="module")
def repeated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """200 rows of three columns whose every value is the same 200 KB: 120 MB of a file of a few KB."""
    path = tmp_path_factory.mktemp("parquet") / "repeated.parquet"
    pq.write_table(pa.table({name: ["x y " * 50_000] * 200 for name in COLUMNS}), path, compression="zstd")
    assert path.stat().st_size < 10_000
    return path


def test_only_as_much_of_long_rows_is_looked_at_as_is_needed(repeated: Path) -> None:
    seen = preview(repeated)
    assert seen.columns == COLUMNS and {len(field) for row in seen.rows for field in row} == {SHOWN_CHARS}
    assert len(open_table(repeated).head()) == 34  # of 600 KB each


def test_repeated_values_count_against_the_limit(repeated: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _limit(monkeypatch, 50)
    with pytest.raises(UnusableFileError, match="unpacks to more than 50 MB"):
        read_table(repeated, ["a"], "b")


def test_a_row_that_is_larger_than_the_limit_is_never_in_this_process(
    repeated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _limit(monkeypatch, 1)
    monkeypatch.setattr(parquetfile, "_limit", lambda: 100_000)
    with pytest.raises(UnusableFileError, match="unpacks to more than 1 MB"):
        open_table(repeated).head()


def test_what_takes_too_much_memory_ends_with_its_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page of 3 MB holds 500 texts of 3 MB, which are read at once as the file says that it is small."""
    path = tmp_path / "a.parquet"
    texts = pa.DictionaryArray.from_arrays(pa.array([0] * 500), pa.array(["x" * 3_000_000]))
    pq.write_table(pa.table({"text": texts}), path, compression="zstd", store_schema=False)
    _limit(monkeypatch, 20)
    with pytest.raises(UnusableFileError, match="unpacks to more than 20 MB"):
        open_table(path).head()


def test_a_file_that_kills_its_reader_is_called_damaged(tmp_path: Path) -> None:
    """Some files do that to pyarrow 26, which does not always raise; here it is done for them."""
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"text": [f"{i} " * 20_000 for i in range(60)]}), path)
    rows = open_table(path).records(None, None)
    assert next(rows).row == 1
    for process in parquetfile.Context().active_children():
        process.kill()
    with pytest.raises(UnusableFileError, match="is a damaged Parquet file"):
        list(rows)


def test_leaving_early_leaves_no_process(repeated: Path) -> None:
    before = threading.active_count()
    rows = open_table(repeated).records(None, None)
    next(rows)
    assert len(parquetfile.Context().active_children()) == 1
    rows.close()  # type: ignore[attr-defined]
    assert not parquetfile.Context().active_children() and threading.active_count() == before


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.binary(), pa.large_binary(), pa.string_view()])
@pytest.mark.parametrize("dictionary", [True, False])
def test_strings_of_every_kind_become_texts(tmp_path: Path, kind: pa.DataType, dictionary: bool) -> None:
    values = [f"text {i % 700}" if i % 5 else None for i in range(2000)]
    path = tmp_path / "a.parquet"
    column = pa.array(values, pa.string()).cast(pa.binary() if pa.types.is_binary(kind) else kind)
    pq.write_table(pa.table({"text": column, "n": range(2000)}), path, row_group_size=800, use_dictionary=dictionary)
    with pq.ParquetFile(path) as file:
        rows = [row for message in parquetrows._messages(file, ["text"]) for row in message]
    assert rows == [(value or "",) for value in values]
