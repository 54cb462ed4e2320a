"""The trash of one's own datasets, `<home>/trash/datasets`: what is deleted can be restored for a week.

An entry is called `<UTC time>-<four random digits>-<name of the dataset>`, as in the trash of models; that is its
token. Names are not checked here: `sources` does.
"""

import re
import secrets
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ulmfit_app.errors import AppError, NotFoundError
from ulmfit_app.settings import settings

KEPT = timedelta(days=7)
TOKEN = re.compile(r"(?P<time>\d{8}-\d{6})-[0-9a-f]{4}-(?P<name>[^/\0]+)")
TIME = "%Y%m%d-%H%M%S"


@dataclass(frozen=True, slots=True)
class DeletedDataset:
    """A dataset in the trash, `deleted` then (UTC)."""

    token: str
    name: str
    deleted: datetime


def discard(folder: Path) -> str:
    """Move a dataset folder, or the link to one, to the trash in one step; returns its token."""
    _empty()
    token = f"{datetime.now(UTC):{TIME}}-{secrets.token_hex(2)}-{folder.name}"
    try:
        _trash().mkdir(parents=True, exist_ok=True)
        folder.rename(_trash() / token)
    except OSError as error:
        raise AppError(
            f"“{folder.name}” could not be moved to the trash ({error.strerror}).",
            kept="It is unchanged.",
            todo="Check who may write in its folder.",
        ) from error
    return token


def find(token: str) -> DeletedDataset:
    """What `token` stands for. Raises NotFoundError."""
    found = next((dataset for dataset in deleted() if dataset.token == token), None)
    if found is None:
        raise NotFoundError(f"“{token}” is not in the trash.", todo=f"Datasets stay there for {KEPT.days} days.")
    return found


def bring_back(dataset: DeletedDataset, folder: Path) -> None:
    """Move what is in the trash to `folder`, which must not exist."""
    try:
        (_trash() / dataset.token).rename(folder)
    except OSError as error:
        raise AppError(
            f"“{dataset.name}” could not be brought back ({error.strerror}).", kept="It stays in the trash."
        ) from error


def deleted() -> list[DeletedDataset]:
    """What is in the trash, the last one deleted first."""
    found = [_entry(path) for path in _trash().iterdir()] if _trash().is_dir() else []
    return sorted(filter(None, found), key=lambda dataset: dataset.deleted, reverse=True)


def _empty() -> None:
    """Remove for good what was deleted more than a week ago. What cannot be removed stays until the next time."""
    for dataset in deleted():
        if datetime.now(UTC) - dataset.deleted > KEPT:
            path = _trash() / dataset.token
            path.unlink(missing_ok=True) if path.is_symlink() else shutil.rmtree(path, ignore_errors=True)


def _trash() -> Path:
    return settings().home_path / "trash" / "datasets"


def _entry(path: Path) -> DeletedDataset | None:
    """None for what no deletion of ours put there: it is never touched."""
    match = TOKEN.fullmatch(path.name)
    try:
        time = datetime.strptime(match["time"], TIME).replace(tzinfo=UTC) if match else None
    except ValueError:
        return None
    return DeletedDataset(path.name, match["name"], time) if match and time else None
