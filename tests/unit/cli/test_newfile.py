"""A file of results is complete or absent, and never takes the place of another."""

from pathlib import Path

import pytest

from ulmfit_app.cli.newfile import new_file
from ulmfit_app.errors import AppError


def test_the_file_appears_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / ("x" * 251 + ".csv")
    with new_file(path) as file:
        file.write("ä,\n")
        assert not path.exists()
    assert path.read_bytes() == "ä,\n".encode()
    assert list(tmp_path.iterdir()) == [path]


def test_one_that_appears_meanwhile_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    with pytest.raises(AppError, match="already"), new_file(path):
        path.write_text("precious")
    assert path.read_text() == "precious"
    assert list(tmp_path.iterdir()) == [path]


def test_a_broken_link_is_something_too(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.symlink_to(tmp_path / "gone")
    with pytest.raises(AppError, match="already"), new_file(path):
        pass
    assert path.is_symlink()


def test_a_folder_that_may_not_be_written_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(AppError, match="Permission denied"), new_file(tmp_path / "a.csv"):
        pass
