"""Zip archives of class folders: unpacked into a temporary folder, then read as any folder is.

Nothing in an archive is trusted. Only its .txt files are written, each under a path that has been checked; links, paths
that lead out of the folder, and archives that name more files or unpack to more than the limits are refused.
"""

import shutil
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from lzma import LZMAError
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from ulmfit_app.data.csvfile import refuse_size
from ulmfit_app.data.encodings import unreadable
from ulmfit_app.data.findings import UnusableFileError
from ulmfit_app.data.folders import TRAIN, UNLABELLED, VALID
from ulmfit_app.data.progress import Progress
from ulmfit_app.settings import settings

MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
OFFICE = "[Content_Types].xml"
NOISE = "__MACOSX"
REPORTED_EVERY = 500
DEEPEST = 50  # folders in folders; walking through thousands of them ends in a RecursionError
_DAMAGED = (zipfile.BadZipFile, zlib.error, LZMAError, EOFError, OSError, ValueError, RuntimeError)
Members = dict[PurePosixPath, zipfile.ZipInfo]


class _Listing(list[zipfile.ZipInfo]):
    """The files of an archive while its directory is read. Raises `_TooManyError` at the first one over the limit."""

    def append(self, info: zipfile.ZipInfo) -> None:
        """Called by zipfile for every file that the directory names."""
        if len(self) >= settings().max_zip_files:
            raise _TooManyError
        super().append(info)


class _Archive(zipfile.ZipFile):
    """zipfile makes a record of every file that the directory names, however few the archive says there are, before it
    can be asked how many there were: an archive of a few megabytes can fill the memory."""

    def __setattr__(self, name: str, value: object) -> None:
        super().__setattr__(name, _Listing() if name == "filelist" else value)


class _TooManyError(Exception):
    """The archive names more files than the limit."""


def is_archive(path: Path) -> bool:
    """True if `path` is a file that begins as zip archives do."""
    if not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            return file.read(4) in MAGIC
    except OSError as error:
        raise unreadable(path, error) from None


@contextmanager
def unpacked(path: Path, on_progress: Progress | None = None) -> Iterator[Path]:
    """The folder that holds the .txt files of the archive at `path`, while the block runs.

    A folder around everything is left out. `on_progress` hears of files. Raises UnusableFileError, having written
    nothing that stays.
    """
    refuse_size(path)
    with TemporaryDirectory(prefix="ulmfit-zip-") as parent:
        folder = Path(parent) / (path.stem.strip(".") or "archive")
        folder.mkdir()
        try:
            with _Archive(path) as archive:
                _unpack(archive, _members(archive, path.name), folder, on_progress)
        except _TooManyError:
            raise UnusableFileError(
                "over the size limit",
                f"“{path.name}” holds more than {settings().max_zip_files:,} files.",
                todo="Split it, or raise ULMFIT_MAX_ZIP_FILES.",
            ) from None
        except _DAMAGED:
            raise UnusableFileError(
                "broken file",
                f"“{path.name}” cannot be unpacked: it is damaged, encrypted or packed in an unknown way.",
                todo="Make it again as a plain zip archive.",
            ) from None
        yield _innermost(folder)


def _members(archive: zipfile.ZipFile, name: str) -> Members:
    """The .txt files of `archive` by their checked paths."""
    infos = archive.infolist()
    limits = settings()
    if any(info.filename == OFFICE for info in infos):
        raise UnusableFileError(
            "unknown format", f"“{name}” is an Excel workbook or another Office document.", todo="Save it as CSV."
        )
    if sum(info.file_size for info in infos) > limits.max_unpacked_mb * 1_000_000:
        raise UnusableFileError(
            "over the size limit",
            f"“{name}” unpacks to more than {limits.max_unpacked_mb:,} MB.",
            todo="Split it, or raise ULMFIT_MAX_UNPACKED_MB.",
        )
    members = {_checked(info, name): info for info in infos if not info.filename.endswith("/")}
    return {path: info for path, info in members.items() if path.suffix == ".txt" and NOISE not in path.parts}


def _checked(info: zipfile.ZipInfo, name: str) -> PurePosixPath:
    """The path of a member. Raises UnusableFileError if it is a link, leads elsewhere or lies too deep."""
    path = PurePosixPath(info.filename.replace("\\", "/"))
    if len(path.parts) > DEEPEST:
        raise UnusableFileError(
            "broken file", f"“{name}” holds over {DEEPEST} folders in folders.", todo="Make an archive of fewer."
        )
    leaves = not path.parts or path.is_absolute() or ".." in path.parts or ":" in path.parts[0]
    if leaves or stat.S_ISLNK(info.external_attr >> 16):
        raise UnusableFileError(
            "broken file",
            f"“{name}” holds a link or a path that leads out of it (“{info.filename[:80]}”).",
            todo="Make an archive of plain folders and .txt files.",
        )
    return path


def _unpack(archive: zipfile.ZipFile, members: Members, folder: Path, on_progress: Progress | None) -> None:
    """Write `members`; zipfile gives no more bytes of each than the archive says, and those have been added up."""
    for done, (path, info) in enumerate(members.items(), 1):
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        with archive.open(info) as source, target.open("xb") as file:
            shutil.copyfileobj(source, file)
        if on_progress and done % REPORTED_EVERY == 0:
            on_progress(done, len(members))


def _innermost(folder: Path) -> Path:
    """`folder`, or the folder within it that holds everything and is not itself a part of the layout."""
    inside = list(folder.iterdir())
    if len(inside) == 1 and inside[0].is_dir() and inside[0].name not in (TRAIN, *VALID, *UNLABELLED):
        return _innermost(inside[0])
    return folder
