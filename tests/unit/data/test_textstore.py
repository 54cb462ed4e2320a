"""Texts that may not fit into memory behave like a list of them, wherever they lie."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ulmfit_app.data import dataset, textstore
from ulmfit_app.data.dataset import Dataset, describe, read, write
from ulmfit_app.data.textstore import AppendedTexts, StoredTexts
from ulmfit_app.errors import DataError
from ulmfit_app.schema import Split
from ulmfit_app.settings import settings

TEXTS = [f"text {i} " + "é\n" * (i % 5) for i in range(40)]


@given(st.lists(st.text(max_size=5), max_size=12), st.integers(-15, 15), st.integers(-15, 15))
def test_appended_texts_are_a_list(texts: list[str], start: int, stop: int) -> None:
    appended = AppendedTexts(texts)
    assert list(appended) == texts and appended == texts and len(appended) == len(texts)
    assert appended[start:stop] == texts[start:stop]
    assert [appended[i] for i in range(-len(texts), len(texts))] == texts * 2
    with pytest.raises(IndexError):
        appended[len(texts)]


def test_many_texts_lie_on_disk_and_are_gone_with_the_object(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(textstore, "IN_MEMORY", 100)
    appended = AppendedTexts()
    for i, text in enumerate(TEXTS):
        appended.append(text)
        assert appended[i // 2] == TEXTS[i // 2]  # reading in between does not move the place of the next
    assert appended == TEXTS and appended._on_disk
    assert list((home / "cache").iterdir()) == []


@pytest.mark.parametrize(("mode", "on_disk"), [("local", False), ("hosted", True)])
def test_a_hosted_server_keeps_few_of_them_in_memory(mode: str, on_disk: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ULMFIT_MODE", mode)
    settings.cache_clear()
    appended = AppendedTexts("a" * 1_000_000 for _ in range(5))
    assert appended._on_disk is on_disk and len(appended[4]) == 1_000_000


def test_a_full_disk_is_told(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(textstore, "IN_MEMORY", 100)
    appended = AppendedTexts(TEXTS)

    def full(_: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(appended._file, "write", full)
    with pytest.raises(DataError, match=r"no room .*No space left"):
        appended.append("one more")
    assert appended == TEXTS


@pytest.fixture
def stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StoredTexts:
    """`TEXTS` in groups of 7 rows, of which two are held."""
    table = pa.table({"text": pa.array(TEXTS, pa.large_string())})
    pyarrow.parquet.write_table(table, tmp_path / "texts.parquet", 7)
    texts = StoredTexts(pyarrow.parquet.ParquetFile(tmp_path / "texts.parquet"))
    monkeypatch.setattr(textstore, "HELD", 2 * texts._group(0).nbytes + 1)
    return texts


def test_stored_texts_are_a_list(stored: StoredTexts) -> None:
    assert list(stored) == TEXTS and len(stored) == 40
    for start, stop in [(0, 40), (6, 8), (7, 14), (13, 29), (5, 5), (9, 3), (-3, 99), (39, 40)]:
        assert stored[start:stop] == TEXTS[start:stop]
    assert [stored[i] for i in (0, 6, 7, 39, -1, -40, 20)] == [TEXTS[i] for i in (0, 6, 7, 39, -1, -40, 20)]
    with pytest.raises(IndexError):
        stored[40]


def test_damage_inside_the_file_is_told_where_it_is_met(tmp_path: Path) -> None:
    table = pa.table({"text": pa.array(TEXTS, pa.large_string())})
    pyarrow.parquet.write_table(table, tmp_path / "texts.parquet", 20, compression="none", write_page_checksum=True)
    place = tmp_path / "texts.parquet"
    data = place.read_bytes()
    place.write_bytes(data.replace(b"text 25", b"\xff" * 7))
    options = {"page_checksum_verification": True}
    texts = StoredTexts(pyarrow.parquet.ParquetFile(place, **options))
    assert texts[:20] == TEXTS[:20]
    with pytest.raises(DataError, match="its file is damaged"):
        texts[25]


def test_few_groups_are_held(stored: StoredTexts) -> None:
    for row in (0, 39, 15, 1, 22, 38):
        assert stored[row] == TEXTS[row] and len(stored._held) <= 2


def test_a_dataset_is_written_in_groups_bounded_by_rows_and_characters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dataset, "GROUP_ROWS", 6)
    monkeypatch.setattr(dataset, "GROUP_CHARS", 60)
    label_ids, splits = np.arange(40) % 2, np.array([Split.TRAIN.value] * 30 + [Split.VALID.value] * 10)
    info = describe("d", source="", split="", labels=("a", "b"), texts=TEXTS, label_ids=label_ids, splits=splits)
    write(tmp_path / "d", info, TEXTS, label_ids, splits)
    file = pyarrow.parquet.ParquetFile(tmp_path / "d" / "texts.parquet")
    starts = np.cumsum([0, *(file.metadata.row_group(i).num_rows for i in range(file.num_row_groups))]).tolist()
    assert all(stop - start <= 6 and len("".join(TEXTS[start : stop - 1])) < 60 for start, stop in pairwise(starts))
    again = read(tmp_path / "d")
    assert isinstance(again, Dataset) and again.texts[3:37] == TEXTS[3:37]
    assert np.array_equal(again.label_ids, label_ids) and np.array_equal(again.splits, splits)
