"""A file of results, made in one step: refused before the work if it exists, absent if the work fails."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from ulmfit_app.errors import AppError, NameTakenError


@contextmanager
def new_file(path: Path) -> Iterator[TextIO]:
    """A text file (UTF-8, line ends as written) that becomes `path` at the end of the block.

    Raises `NameTakenError` if something is there, before the block and again before it would be replaced; `AppError` if
    the folder is missing or may not be written. Nothing is left if the block fails.
    """
    _refuse_taken(path)
    if not path.parent.is_dir():
        raise AppError(f"There is no folder {path.parent}.", todo="Make it first, or write the file elsewhere.")
    beside = path.with_name(f".ulmfit-{uuid.uuid4().hex[:8]}")
    try:
        with _opened(beside, path) as file:
            yield file
        _refuse_taken(path)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def _refuse_taken(path: Path) -> None:
    if path.exists() or path.is_symlink():
        raise NameTakenError(f"{path} is already there.", kept="It is unchanged.", todo="Give another name.")


def _opened(beside: Path, path: Path) -> TextIO:
    try:
        return beside.open("x", encoding="utf-8", newline="")  # not mkstemp, whose files only their owner can read
    except OSError as error:
        raise AppError(
            f"{path} cannot be written ({error.strerror}).", todo="Choose a folder that may be written."
        ) from error
