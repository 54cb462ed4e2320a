"""Folders of texts in the notebook's layout and in simpler ones."""

from pathlib import Path

import pytest

from ulmfit_app.data.folders import read_text, text_files, tree, unlabelled_files, validation_folder
from ulmfit_app.errors import DataError


def _fill(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"Text of {name}", encoding="utf-8")
    return folder


def _found(folder: Path, valid: str | None = None) -> list[tuple[str, str | None, bool | None]]:
    return [(file.path.relative_to(folder).as_posix(), file.label, file.valid) for file in text_files(folder, valid)]


@pytest.fixture
def notebook(tmp_path: Path) -> Path:
    """The layout of fastai's IMDB."""
    return _fill(
        tmp_path / "imdb", "train/pos/0.txt", "train/neg/0.txt", "test/pos/0.txt", "test/neg/0.txt", "unsup/0.txt",
        "README", "train/labels.feat",
    )  # fmt: skip


def test_the_notebooks_layout(notebook: Path) -> None:
    assert (
        _found(notebook)
        == _found(notebook, "test")
        == [
            ("test/neg/0.txt", "neg", True),
            ("test/pos/0.txt", "pos", True),
            ("train/neg/0.txt", "neg", False),
            ("train/pos/0.txt", "pos", False),
            ("unsup/0.txt", None, None),
        ]
    )
    assert tree(notebook) == {"test/neg": 1, "test/pos": 1, "train/neg": 1, "train/pos": 1, "unsup": 1}


def test_the_validation_folder_can_be_named(notebook: Path) -> None:
    _fill(notebook, "heldout/pos/1.txt")
    assert [name for name, _, valid in _found(notebook, "heldout") if valid] == ["heldout/pos/1.txt"]
    assert validation_folder(notebook) == "test"
    with pytest.raises(DataError, match=r"no validation folder “dev”. Its folders for that are: heldout, test"):
        text_files(notebook, "dev")


@pytest.mark.parametrize("name", ["train", "unsup", "unlabelled", "../imdb/test", "test/pos", ".", "", "/"])
def test_only_a_folder_beside_train_can_validate(notebook: Path, name: str) -> None:
    _fill(notebook, "unlabelled/pos/0.txt")
    with pytest.raises(DataError, match=r"no validation folder “.*”. Its folders for that are: test\."):
        text_files(notebook, name)


def test_class_folders_have_no_split(tmp_path: Path) -> None:
    _fill(tmp_path, "pos/0.txt", "neg/0.txt", "unsup/0.txt")
    assert _found(tmp_path) == [("neg/0.txt", "neg", None), ("pos/0.txt", "pos", None), ("unsup/0.txt", None, None)]
    with pytest.raises(DataError, match=r"no folder “train”"):
        text_files(tmp_path, "test")


def test_texts_alone_are_unlabelled(tmp_path: Path) -> None:
    assert _found(_fill(tmp_path, "b.txt", "a.txt")) == [("a.txt", None, None), ("b.txt", None, None)]
    assert [file.path.name for file in unlabelled_files(_fill(tmp_path, "deep/er/c.txt"))] == [
        "a.txt",
        "b.txt",
        "c.txt",
    ]


def test_unlabelled_texts_among_the_labels_of_train_are_unlabelled(notebook: Path) -> None:
    assert ("train/unsup/9.txt", None, None) in _found(_fill(notebook, "train/unsup/9.txt"))


def test_a_folder_without_texts_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no .txt files where they are looked for"):
        text_files(_fill(tmp_path, "a.csv"))


@pytest.mark.parametrize(
    ("data", "text", "encoding"),
    [
        ("\ufeffé\r\nb\rc".encode(), "é\nb\nc", "utf-8-sig"),
        ("déjà vu, très élevé".encode("cp1252"), "déjà vu, très élevé", "cp1252"),
        ("Отличный фильм".encode("cp1251"), "Отличный фильм", "cp1251"),
    ],
)
def test_a_text_is_read_in_its_encoding(tmp_path: Path, data: bytes, text: str, encoding: str) -> None:
    (tmp_path / "a.txt").write_bytes(data)
    assert read_text(tmp_path / "a.txt") == (text, encoding)
