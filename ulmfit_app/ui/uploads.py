"""A file that a person uploads, looked at before it is used: the first rows, and what its columns seem to mean."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import streamlit as st
from streamlit.runtime import get_instance
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager

from ulmfit_app import limits
from ulmfit_app.data.ingest import Preview, preview
from ulmfit_app.data.tablefile import SUFFIXES
from ulmfit_app.settings import settings

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile

LOOKED = "uploads-looked-at"
LONGEST_NAME = 200  # bytes; file systems take 255
SHOWN = 5


def held(session: str) -> tuple[int, int]:
    """Bytes of the uploaded files that the session of that id keeps, and that all sessions keep."""
    manager = get_instance().uploaded_file_mgr
    assert isinstance(manager, MemoryUploadedFileManager)  # what a server has; nothing else says whose a file is
    sizes = {key: sum(len(file.data) for file in [*files.values()]) for key, files in [*manager.file_storage.items()]}
    return sizes.get(session, 0), sum(sizes.values())


def pick_file(label: str, key: str) -> "UploadedFile | None":
    """Let the person upload a table file."""
    kinds = [suffix.removeprefix(".") for suffix in SUFFIXES]
    return st.file_uploader(label, type=kinds, max_upload_size=settings().max_file_mb, key=key)


def look(upload: "UploadedFile") -> Preview:
    """The first rows of `upload` and the guesses, read once for as long as it is the last one. Raises `DataError`."""
    kept: tuple[str, Preview] | None = st.session_state.get(LOOKED)
    if kept is None or kept[0] != upload.file_id:
        with limits.one_at_a_time(), on_disk(upload) as path:
            kept = st.session_state[LOOKED] = (upload.file_id, preview(path))
    return kept[1]


def draw_look(seen: Preview) -> None:
    """Draw the first rows as they were read."""
    rows = [dict(zip(seen.columns, row, strict=True)) for row in seen.rows[:SHOWN]]
    st.caption(f"The first {len(rows)} rows")
    st.dataframe(rows, hide_index=True)


@contextmanager
def on_disk(upload: "UploadedFile") -> Iterator[Path]:
    """The file under its own name, as far as a file can have it, for as long as the block takes."""
    with TemporaryDirectory(prefix="ulmfit-upload-") as folder:
        path = Path(folder) / safe_name(upload.name)
        path.write_bytes(upload.getbuffer())
        yield path


def safe_name(name: str) -> str:
    """`name` as the name of a file in one folder: its end where it is too long."""
    end = Path(name.replace("\0", "")).name.encode("utf-8", "replace")[-LONGEST_NAME:].decode("utf-8", "ignore")
    return end if end.strip(".") else "texts"
