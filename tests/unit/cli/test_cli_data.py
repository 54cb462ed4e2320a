"""`ulmfit data` on a small file of one's own."""

import csv
from pathlib import Path

import pytest

from tests.unit.cli.running import Command
from tests.unit.runs.making import queued_run
from ulmfit_app.data.sources import downloaded_folder

WORDS = ["good", "bad", "film", "plot", "actor", "scene", "great", "awful", "story", "music"]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """200 different labelled reviews of a few dozen words, and an empty one."""
    rows = [
        (" ".join(WORDS[(i * k) % 10] for k in range(1, 30)) + f" number{i}", ["neg", "pos"][i % 2]) for i in range(200)
    ]
    path = tmp_path / "reviews.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("review", "sentiment"), *rows, ("", "pos")])
    return path


@pytest.fixture
def toy(ulmfit: Command, table: Path) -> None:
    """The dataset `toy`, added by command."""
    assert ulmfit("data", "add", "toy", table, "--text-column", "review", "--label-column", "sentiment").code == 0


def test_add_reports_what_was_read_and_what_was_not(ulmfit: Command, table: Path) -> None:
    options = ("--text-column", "review", "--label-column", "sentiment")
    info = ulmfit("data", "add", "toy", table, *options, "--json").json()
    assert info["labels"] == ["neg", "pos"]
    (read,) = info["read_as"]
    assert (read["file"], read["encoding"], read["delimiter"], read["header"]) == ("reviews.csv", "utf-8", ",", True)
    assert (read["text_columns"], read["label_column"]) == (["review"], "sentiment")
    assert (info["counts"]["train"] + info["counts"]["valid"], info["counts"]["unlabelled"]) == (200, 0)
    (empty,) = info["findings"]
    assert (empty["problem"], empty["rows"]) == ("empty text", [202])
    shown = ulmfit("data", "show", "toy").out
    assert "202" in shown
    assert (
        "read as     reviews.csv: utf-8, separated by “,”, with a header; text “review”; label “sentiment”\n" in shown
    )
    assert ulmfit("data", "add", "toy", table, *options).code == 1


def test_add_refuses_and_leaves_nothing(ulmfit: Command, table: Path) -> None:
    ran = ulmfit("data", "add", "toy", table, "--text-column", "nothing", "--json")
    assert (ran.code, ran.out) == (1, "")
    assert "sentiment" in ran.err
    assert ulmfit("data", "show", "toy").code == 1


def test_add_takes_unlabelled_texts_and_a_base(ulmfit: Command, toy: None, tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "a.txt").write_text("a text of no label")
    extra = tmp_path / "extra.csv"
    extra.write_text("review,sentiment\none more film,pos\nthe last film,neg\n")
    options = (
        "--text-column",
        "review",
        "--label-column",
        "sentiment",
        "--base",
        "toy",
        "--unlabelled",
        tmp_path / "more",
    )
    info = ulmfit("data", "add", "bigger", extra, *options, "--json").json()
    assert sum(info["counts"].values()) == 203
    assert info["counts"]["unlabelled"] == 1


def test_list_shows_the_catalogue_and_ones_own(ulmfit: Command, toy: None) -> None:
    names = [row["name"] for row in ulmfit("data", "list", "--json").json()["datasets"]]
    assert names == ["imdb", "rotten-tomatoes", "imdb-full", "imdb-sample", "toy"]
    assert [line.split()[0] for line in ulmfit("data", "list").out.splitlines()[1:]] == names


def test_a_classification_minibatch_has_nine_rows(ulmfit: Command, toy: None) -> None:
    batch = ulmfit("data", "show", "toy", "--batch", "--json").json()
    assert len(batch["rows"]) == 9
    assert {row["category"] for row in batch["rows"]} == {"neg", "pos"}
    lines = ulmfit("data", "show", "toy", "--batch").out.splitlines()
    assert len(lines) == 2 + 9
    assert max(map(len, lines)) < 120


def test_a_language_model_minibatch_has_five_rows_shifted_by_one(ulmfit: Command, toy: None) -> None:
    batch = ulmfit("data", "show", "toy", "--batch", "--lm", "--json").json()
    assert len(batch["rows"]) == 5
    assert batch["shifted_by_one"] is True
    for row in batch["rows"]:
        assert row["text"].split()[1:] == row["text_"].split()[:-1]
    assert ulmfit("data", "show", "toy", "--lm").code == 2


def test_what_must_be_downloaded_names_the_offline_choice(ulmfit: Command) -> None:
    ran = ulmfit("data", "show", "imdb-full")
    assert ran.code == 1
    assert "imdb" in ran.err
    assert "network" in ran.err
    assert "It is downloaded by the first training that uses it: ulmfit train … --data imdb-full." in ran.err
    assert ulmfit("data", "add", "own", "any.csv", "--base", "imdb-full").err == ran.err


def fill(folder: Path, *parts: str, texts: int = 12) -> Path:
    """A folder of `texts` different texts in each of `parts`."""
    for part in parts:
        (folder / part).mkdir(parents=True)
        for i in range(texts):
            (folder / part / f"{i}.txt").write_text(f"text {i} of {part}")
    return folder


def test_row_1_a_downloaded_folder_is_shown_as_a_tree_with_counts(ulmfit: Command) -> None:
    fill(downloaded_folder("imdb-full"), "train/pos", "train/neg", "test/pos", "test/neg", "unsup")
    ran = ulmfit("data", "show", "imdb-full")
    assert ran.code == 0
    assert ran.out.splitlines()[-5:] == [
        "  test/neg: 12 texts",
        "  test/pos: 12 texts",
        "  train/neg: 12 texts",
        "  train/pos: 12 texts",
        "  unsup: 12 texts",
    ]
    assert "validation  24 texts (as the folders train and test say)" in ran.out


def test_row_2_the_validation_folder_is_named(ulmfit: Command, tmp_path: Path) -> None:
    folder = fill(tmp_path / "nb", "train/pos", "train/neg", "heldout/pos", "heldout/neg", "test/pos", "test/neg")
    (folder / "heldout" / "pos" / "0.txt").write_text("text 0 of train/pos")
    info = ulmfit("data", "add", "own", folder, "--valid", "heldout", "--json").json()
    assert (info["counts"], info["split"]) == (
        {"train": 24, "valid": 24, "unlabelled": 0},
        "as the folders train and heldout say",
    )
    problems = {item["problem"]: item["count"] for item in info["findings"]}
    assert problems == {"duplicate": 1, "in both splits": 1}
    assert "one side" not in ulmfit("data", "show", "own").out
    for refused in ("train", "../nb/test"):
        ran = ulmfit("data", "add", "other", folder, "--valid", refused)
        assert ran.code == 1
        assert "Its folders for that are: heldout, test." in ran.err


def test_broken_folders_do_not_break_the_list(ulmfit: Command, toy: None, home: Path) -> None:
    (home / "datasets" / "stray").write_text("a file")
    (home / "datasets" / "empty").mkdir()
    ran = ulmfit("data", "list")
    assert ran.code == 0
    assert [line.split()[0] for line in ran.out.splitlines()[-2:]] == ["empty", "toy"]
    assert "damaged" in ran.out
    assert ulmfit("data", "delete", "empty").code == 0


def test_rename_delete_and_restore(ulmfit: Command, toy: None) -> None:
    assert ulmfit("data", "rename", "toy", "renamed").code == 0
    assert ulmfit("data", "show", "toy").code == 1
    deleted = ulmfit("data", "delete", "renamed")
    assert deleted.code == 0
    assert ulmfit("data", "delete", "imdb").code == 1
    assert "renamed" not in ulmfit("data", "list").out
    token = deleted.err.split("restore ")[1].split("`")[0]
    assert ulmfit("data", "restore", token).code == 0
    assert ulmfit("data", "restore", token).code == 1
    assert "renamed" in ulmfit("data", "list").out


def test_resplit_draws_another_split(ulmfit: Command, toy: None) -> None:
    ran = ulmfit("data", "resplit", "toy", "--share", "0.5", "--seed", "1")
    assert ran.code == 0
    assert "validation  100 texts (50% of each label, drawn with seed 1" in ran.out
    assert ulmfit("data", "resplit", "toy", "--share", "5").code == 1


def test_a_dataset_that_a_run_needs_is_not_changed(ulmfit: Command, toy: None) -> None:
    queued_run(dataset="toy")
    for command in (("rename", "toy", "other"), ("delete", "toy"), ("resplit", "toy")):
        ran = ulmfit("data", *command)
        assert ran.code == 1
        assert "which is queued, needs the dataset “toy”" in ran.err
    assert ulmfit("data", "show", "toy").code == 0


def test_add_reads_other_formats(ulmfit: Command, tmp_path: Path) -> None:
    path = tmp_path / "texts.jsonl"
    path.write_text("".join(f'{{"text": "text number {i}", "label": "{"ab"[i % 2]}"}}\n' for i in range(24)))
    info = ulmfit("data", "add", "lines", path, "--json").json()
    assert info["labels"] == ["a", "b"]
    assert "read as     texts.jsonl: JSON Lines; text “text”; label “label”" in ulmfit("data", "show", "lines").out
