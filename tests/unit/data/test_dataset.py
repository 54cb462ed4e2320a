"""Datasets: rows, the language model's texts, the folder and its damage."""

from pathlib import Path

import numpy as np
import pytest

from ulmfit_app.data.dataset import Dataset, content_hash, describe, read, read_info, write
from ulmfit_app.data.textstore import StoredTexts
from ulmfit_app.errors import DataError, NameTakenError, NotFoundError
from ulmfit_app.schema import Counts, Split

LABELS = ("neg", "pos")


def _made(n: int = 40) -> Dataset:
    """`n` texts: half train, a quarter valid, a quarter unlabelled; the last unlabelled equals a validation text."""
    texts = [f"text {i}" for i in range(n - 1)] + [f"text {n // 2}"]
    splits = np.array(["train"] * (n // 2) + ["valid"] * (n // 4) + ["unlabelled"] * (n // 4))
    labels = np.where(splits == "unlabelled", -1, np.arange(n) % 2)
    info = describe("made", source="a test", split="s", labels=LABELS, texts=texts, label_ids=labels, splits=splits)
    return Dataset(info, texts, labels, splits)


def _write(folder: Path, dataset: Dataset) -> None:
    write(folder, dataset.info, dataset.texts, dataset.label_ids, dataset.splits)


def test_a_dataset_reads_back_as_it_was_written(tmp_path: Path) -> None:
    made = _made()
    _write(tmp_path / "made", made)
    dataset = read(tmp_path / "made")
    assert dataset.info == made.info and dataset.info.counts == Counts(train=20, valid=10, unlabelled=10)
    assert list(dataset.texts) == made.texts and dataset.texts[3] == "text 3" and dataset.texts[-1] == "text 20"
    assert dataset.texts[2:4] == ["text 2", "text 3"] and len(dataset.texts) == 40
    assert isinstance(dataset.texts, StoredTexts)
    assert np.array_equal(dataset.label_ids, made.label_ids) and dataset.label_ids.dtype == np.int64
    assert np.array_equal(dataset.splits, made.splits)
    assert dataset.rows(Split.VALID).tolist() == list(range(20, 30))
    assert sorted(path.name for path in (tmp_path / "made").iterdir()) == ["dataset.json", "texts.parquet"]


def test_the_lm_reads_no_validation_text() -> None:
    dataset = _made()
    train, valid = dataset.lm_rows()
    assert sorted([*train, *valid]) == [*range(20), *range(30, 39)]  # row 39 equals a validation text
    assert len(valid) == 3  # a tenth of 29
    assert [rows.tolist() for rows in dataset.lm_rows()] == [train.tolist(), valid.tolist()]
    assert dataset.lm_rows(seed=1)[1].tolist() != valid.tolist()


def test_the_lm_reads_all_texts_as_the_notebook_if_asked() -> None:
    train, valid = _made().lm_rows(count_validation=True)
    assert len(train) + len(valid) == 40 and len(valid) == 4


def test_a_draw_comes_from_its_split_stratified() -> None:
    dataset = _made()
    rows = dataset.draw(Split.TRAIN, 6)
    assert set(rows) <= set(range(20)) and np.bincount(dataset.label_ids[rows]).tolist() == [3, 3]
    assert dataset.draw(Split.VALID, 99).tolist() == list(range(20, 30))
    assert dataset.texts_of(dataset.sample(np.array([5, 3]), 9)) == ["text 5", "text 3"]


def test_the_hash_covers_labels_texts_and_splits_only() -> None:
    made = _made()
    parts = (LABELS, made.texts, made.label_ids, made.splits)
    changed = [
        (("a", "b"), *parts[1:]),
        (LABELS, ["other", *made.texts[1:]], *parts[2:]),
        (*parts[:2], np.roll(made.label_ids, 1), made.splits),
        (*parts[:3], np.roll(made.splits, 1)),
    ]
    assert content_hash(*parts) == made.info.content_hash
    assert len({content_hash(*other) for other in changed} | {made.info.content_hash}) == 5


def test_a_taken_folder_is_not_overwritten(tmp_path: Path) -> None:
    _write(tmp_path / "made", _made())
    with pytest.raises(NameTakenError, match="exists already"):
        _write(tmp_path / "made", _made(8))
    assert len(read(tmp_path / "made").texts) == 40
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".making")] == []


@pytest.mark.parametrize("damage", ["json", "newer", "cut", "missing", "counts"])
def test_a_damaged_folder_is_told(tmp_path: Path, damage: str) -> None:
    _write(tmp_path / "made", _made())
    described, texts = tmp_path / "made" / "dataset.json", tmp_path / "made" / "texts.parquet"
    match damage:
        case "json":
            described.write_text("{")
        case "newer":
            described.write_text(described.read_text().replace('"v": 1', '"v": 2'))
        case "cut":
            texts.write_bytes(texts.read_bytes()[:-20])
        case "missing":
            texts.unlink()
        case "counts":
            described.write_text(described.read_text().replace('"train": 20', '"train": 21'))
    with pytest.raises(DataError, match="damaged or was made by a newer version"):
        read(tmp_path / "made")


def test_a_missing_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no dataset “gone”"):
        read_info(tmp_path / "gone")
