"""Three ways in which a person gives texts: an upload, a path on this machine, pasted text. Stores nothing."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from ulmfit_app import access
from ulmfit_app.data import tablefile
from ulmfit_app.errors import DataError
from ulmfit_app.settings import settings
from ulmfit_app.ui.uploads import on_disk

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile

UPLOADS = [*tablefile.SUFFIXES, ".zip"]
MOST_PASTED = 2_000_000  # characters; a browser gets slow with more
LINES, PARAGRAPHS = "line", "paragraph"
BY = {LINES: "one text a line", PARAGRAPHS: "blank lines between texts"}


@dataclass(frozen=True, slots=True)
class GivenFile:
    """Files or a folder: `on_disk()` has their paths while a block runs. `identity` changes with the content."""

    identity: str
    name: str
    on_disk: Callable[[], AbstractContextManager[list[Path]]]


def given_upload() -> GivenFile | None:
    """The file that was uploaded, if one was."""
    words = "CSV, TSV, JSON Lines, Parquet, or a zip of class folders (train/pos, train/neg, test/pos, …)"
    limit = settings().max_file_mb
    upload = st.file_uploader(words, UPLOADS, key="upload", max_upload_size=limit)
    if upload is None:
        return None
    return GivenFile(upload.file_id, Path(upload.name).name, partial(_uploaded, upload))


def given_path() -> GivenFile | None:
    """The file or folder whose path was written, if one was; never a visitor's, whatever their browser sent."""
    if access.current() != access.LOCAL:
        raise DataError("A visitor of this server gives no path.", todo="Upload the file.")
    words = "Path of a file, or of a folder of class folders, on the machine on which the app runs"
    text = st.text_input(words, key="path", placeholder="~/reviews.csv").strip()
    if not text:
        return None
    try:
        path = Path(text).expanduser()
        stamp, readable = path.stat().st_mtime_ns, path.is_file() or path.is_dir()
    except (OSError, ValueError, RuntimeError):  # not there; a NUL in it; ~ of nobody
        readable = False
    if not readable:  # a device or a pipe would be read for ever
        raise DataError(f"There is nothing to read at “{text}”.", todo="Check that the path is right.")
    return GivenFile(f"{path}\0{stamp}", path.name, partial(there, [path]))


def given_text() -> tuple[str, bool]:
    """What was pasted, and whether blank lines stand between texts."""
    pasted = st.text_area("Texts without labels", max_chars=MOST_PASTED, height=200, key="pasted")
    by = st.radio("How they are separated", list(BY), format_func=BY.__getitem__, key="separated", horizontal=True)
    return pasted, by == PARAGRAPHS


def digest(*parts: object) -> str:
    """A short name for what was given and chosen."""
    return sha256(repr(parts).encode("utf-8", "surrogatepass")).hexdigest()[:16]


@contextmanager
def there(paths: list[Path]) -> Iterator[list[Path]]:
    """`on_disk` of what lies on this disk anyway."""
    yield paths


@contextmanager
def _uploaded(upload: "UploadedFile") -> Iterator[list[Path]]:
    with on_disk(upload) as path:
        yield [path]
