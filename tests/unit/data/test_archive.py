"""Zip archives of class folders: layouts, and everything that an archive must not do."""

import stat
import struct
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from ulmfit_app.data.archive import is_archive, unpacked
from ulmfit_app.data.findings import UnusableFileError
from ulmfit_app.data.ingest import check
from ulmfit_app.settings import settings


def packed(path: Path, *names: str, text: str = "") -> Path:
    """An archive of small texts."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, text or f"The text of {name}")
    return path


def texts(*folders: str, n: int = 3) -> list[str]:
    """Names of `n` texts in each folder."""
    return [f"{folder}/{i}.txt" for folder in folders for i in range(n)]


@pytest.mark.parametrize("around", ["", "imdb/", "a/b/"])
def test_the_notebooks_layout(tmp_path: Path, around: str) -> None:
    names = texts("train/pos", "train/neg", "test/pos", "test/neg", "unsup")
    path = packed(tmp_path / "imdb.zip", *(around + name for name in names), around + "README", "__MACOSX/._a.txt")
    table = check([path])
    assert len(table.texts) == 15 and table.labels.count(None) == 3 and table.valid.count(True) == 6
    assert table.split == "as the folders train and test say" and table.files[0] == "test/neg/0.txt"
    assert not table.fatal


@pytest.mark.parametrize("name", ["..zip", "...zip"])
def test_an_archive_whose_name_is_dots(tmp_path: Path, name: str) -> None:
    assert len(check([packed(tmp_path / name, *texts("pos", "neg"))]).texts) == 6


def test_plain_class_folders_and_another_validation_folder(tmp_path: Path) -> None:
    plain = check([packed(tmp_path / "a.zip", *texts("pos", "neg"))])
    assert sorted(set(map(str, plain.labels))) == ["neg", "pos"] and set(plain.valid) == {None}
    named = check([packed(tmp_path / "b.zip", *texts("train/a", "train/b", "held/a", "held/b"))], valid="held")
    assert named.valid.count(True) == 6


def test_an_archive_gives_the_texts_of_the_folder_that_was_packed(tmp_path: Path) -> None:
    path = packed(tmp_path / "set.zip", *texts("train/pos", "train/neg", "valid/pos", "valid/neg", "unsup"))
    with zipfile.ZipFile(path) as archive:
        archive.extractall(tmp_path / "set")
    folder, zipped = check([tmp_path / "set"]), check([path])
    assert (zipped.texts, zipped.labels, zipped.valid) == (folder.texts, folder.labels, folder.valid)


@pytest.mark.parametrize("name", ["../out.txt", "/tmp/out.txt", "a/../../out.txt", "..\\out.txt", "C:/out.txt"])
def test_a_path_that_leads_out_is_refused(tmp_path: Path, name: str) -> None:
    path = packed(tmp_path / "bad.zip", "pos/a.txt", name)
    before = set(tmp_path.parent.rglob("out.txt"))
    (item,) = check([path]).findings
    assert item.fatal and "leads out" in item.message
    assert set(tmp_path.parent.rglob("out.txt")) == before


def test_a_link_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bad.zip"
    with zipfile.ZipFile(path, "w") as archive:
        link = zipfile.ZipInfo("pos/a.txt")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/hostname")
    (item,) = check([path]).findings
    assert item.fatal and "link" in item.message


def test_bombs_are_refused_before_they_are_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ULMFIT_MAX_UNPACKED_MB", "1")
    monkeypatch.setenv("ULMFIT_MAX_ZIP_FILES", "10")
    settings.cache_clear()
    for path in (
        packed(tmp_path / "a.zip", "a/a.txt", "b/b.txt", text="x" * 600_000),
        packed(tmp_path / "b.zip", *texts("pos", n=11)),
    ):
        (item,) = check([path]).findings
        assert (item.problem, item.fatal) == ("over the size limit", True)


def test_a_directory_is_read_no_further_than_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A million files fit into a directory of 47 MB, whatever number of them the archive says it has."""
    monkeypatch.setenv("ULMFIT_MAX_ZIP_FILES", "10")
    settings.cache_clear()
    made: list[str] = []

    class Counted(zipfile.ZipInfo):
        def __init__(self, *args: Any) -> None:
            made.append(args[0])
            super().__init__(*args)

    monkeypatch.setattr(zipfile, "ZipInfo", Counted)
    entry = struct.pack("<4s6H3I5H2I", b"PK\x01\x02", *[20, 20, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]) + b"a"
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 1, 1, len(entry) * 5000, 0, 0)
    path = tmp_path / "many.zip"
    path.write_bytes(b"PK\x03\x04" + entry * 5000 + end)
    (item,) = check([path]).findings
    assert (item.problem, item.fatal) == ("over the size limit", True) and "more than 10 files" in item.message
    assert len(made) == 11


def test_folders_in_folders_without_end_are_refused(tmp_path: Path) -> None:
    assert len(check([packed(tmp_path / "a.zip", *texts("a/" * 40 + "pos", "a/" * 40 + "neg"))]).texts) == 6
    (item,) = check([packed(tmp_path / "b.zip", "a/" * 700 + "b.txt")]).findings
    assert item.fatal and "folders in folders" in item.message


def test_a_size_that_is_a_lie_is_found_out(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", "a/a.txt", text="x" * 100_000)
    size = (100_000).to_bytes(4, "little")
    path.write_bytes(path.read_bytes().replace(size, (10).to_bytes(4, "little")))
    assert check([path]).fatal


def test_other_zip_files_are_told_apart(tmp_path: Path) -> None:
    workbook = packed(tmp_path / "a.xlsx", "[Content_Types].xml", "xl/workbook.xml")
    assert "Excel" in check([workbook]).findings[0].message
    empty = check([packed(tmp_path / "b.zip", "data.csv")])
    assert empty.fatal and "no .txt files" in empty.findings[0].message
    torn = tmp_path / "c.zip"
    torn.write_bytes(workbook.read_bytes()[:-40])
    assert is_archive(torn) and "cannot be unpacked" in check([torn]).findings[0].message


def test_nothing_stays_behind(tmp_path: Path) -> None:
    with unpacked(packed(tmp_path / "a.zip", *texts("pos", "neg"))) as folder:
        assert (folder / "pos" / "0.txt").is_file()
    assert not folder.exists()


@given(st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=6))
@examples(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_archive_gives_a_table_or_a_told_error(tmp_path: Path, changes: list[tuple[int, int]]) -> None:
    data = bytearray(packed(tmp_path / "whole.zip", *texts("pos", "neg")).read_bytes())
    for place, value in changes:
        data[4 + place % (len(data) - 4)] = value
    path = tmp_path / "any.zip"
    path.write_bytes(data)
    try:
        with unpacked(path) as folder:
            assert folder.is_dir()
    except UnusableFileError as error:
        assert error.problem in ("broken file", "unknown format", "over the size limit")
    table = check([path])
    assert table.fatal or table.texts
