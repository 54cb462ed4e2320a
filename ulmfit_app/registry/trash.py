"""The trash of one's own models, `<home>/trash/models`: what is deleted can be restored for a week.

An entry is called `<UTC time>-<four random digits>-<name of the model>`; that is its token.
"""

import re
import secrets
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ulmfit_app.errors import AppError, NameTakenError, NotFoundError
from ulmfit_app.registry.folders import own_folder, own_models
from ulmfit_app.settings import settings

KEPT = timedelta(days=7)
TOKEN = re.compile(r"(?P<time>\d{8}-\d{6})-[0-9a-f]{4}-(?P<name>[^/\0]+)")
TIME = "%Y%m%d-%H%M%S"


@dataclass(frozen=True, slots=True)
class DeletedModel:
    """A model in the trash, `deleted` then (UTC)."""

    token: str
    name: str
    deleted: datetime


def delete(name: str) -> str:
    """Move one's own model, usable or not, to the trash in one step; returns the token that `restore` takes."""
    folder = own_folder(name)
    empty_trash()
    token = f"{datetime.now(UTC):{TIME}}-{secrets.token_hex(2)}-{name}"
    try:
        _trash().mkdir(parents=True, exist_ok=True)
        folder.replace(_trash() / token)
    except OSError as error:
        raise AppError(
            f"'{name}' could not be moved to the trash ({error.strerror}).",
            kept="It is unchanged.",
            todo="Check who may write in its folder.",
        ) from error
    return token


def restore(token: str) -> str:
    """Bring a deleted model back and return its name. Raises `NotFoundError`, `NameTakenError`."""
    found = next((model for model in deleted() if model.token == token), None)
    if found is None:
        raise NotFoundError("This model is not in the trash any more.", todo=f"Models stay there for {KEPT.days} days.")
    target = own_models() / found.name
    if target.exists() or (settings().shipped_models / found.name).exists():
        raise NameTakenError(
            f"Another model is called '{found.name}' now.",
            kept="The deleted one stays in the trash.",
            todo="Rename the other one first.",
        )
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        (_trash() / token).replace(target)
    except OSError as error:
        raise AppError(
            f"'{found.name}' could not be brought back ({error.strerror}).", kept="It stays in the trash."
        ) from error
    return found.name


def deleted() -> list[DeletedModel]:
    """What is in the trash, the last one deleted first."""
    found = [_entry(path) for path in _trash().iterdir()] if _trash().is_dir() else []
    return sorted(filter(None, found), key=lambda model: model.deleted, reverse=True)


def empty_trash() -> None:
    """Remove for good what was deleted more than a week ago. What cannot be removed stays until the next time."""
    for model in deleted():
        if datetime.now(UTC) - model.deleted > KEPT:
            path = _trash() / model.token
            path.unlink(missing_ok=True) if path.is_symlink() else shutil.rmtree(path, ignore_errors=True)


def _trash() -> Path:
    return settings().home_path / "trash" / "models"


def _entry(path: Path) -> DeletedModel | None:
    """None for what no deletion of ours put there: it is never touched."""
    match = TOKEN.fullmatch(path.name)
    try:
        time = datetime.strptime(match["time"], TIME).replace(tzinfo=UTC) if match else None
    except ValueError:
        return None
    return DeletedModel(path.name, match["name"], time) if match and time else None
