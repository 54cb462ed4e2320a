"""The trash of one's own models and datasets, `<home>/trash/<kind>`: what is deleted can be restored for a week.

An entry is called `<UTC time>-<four random digits>-<name>`; that is its token. Names are not checked here: whoever
moves something out of the trash does. Runs have a trash of their own, in `runs`: their names are their ids.
"""

import re
import secrets
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from ulmfit_app import access
from ulmfit_app.errors import AppError, NotFoundError

KEPT = timedelta(days=7)
TOKEN = re.compile(r"(?P<time>\d{8}-\d{6})-[0-9a-f]{4}-(?P<name>[^/\0]+)")
TIME = "%Y%m%d-%H%M%S"


@dataclass(frozen=True, slots=True)
class Deleted:
    """What is in the trash, `deleted` then (UTC)."""

    token: str
    name: str
    deleted: datetime


@dataclass(frozen=True, slots=True)
class Trash:
    """The trash of one kind of folder."""

    kind: Literal["models", "datasets"]

    @property
    def path(self) -> Path:
        """Its folder; may not exist yet."""
        return access.place(self.kind, deleted=True)

    def discard(self, folder: Path) -> str:
        """Move `folder`, or the link to one, here in one step; returns its token."""
        self.empty()
        token = f"{datetime.now(UTC):{TIME}}-{secrets.token_hex(2)}-{folder.name}"
        try:
            access.claim(self.path)
            folder.replace(self.path / token)
        except OSError as error:
            raise AppError(
                f"“{folder.name}” could not be moved to the trash ({error.strerror}).",
                kept="It is unchanged.",
                todo="Check who may write in its folder.",
            ) from error
        return token

    def find(self, token: str) -> Deleted:
        """What `token` stands for. Raises `NotFoundError`."""
        found = next((item for item in self.deleted() if item.token == token), None)
        if found is None:
            todo = f"{self.kind.capitalize()} stay there for {KEPT.days} days."
            raise NotFoundError(f"“{token}” is not in the trash.", todo=todo)
        return found

    def bring_back(self, item: Deleted, folder: Path) -> None:
        """Move what is in the trash to `folder`, which must not exist."""
        try:
            access.claim(folder.parent)
            (self.path / item.token).replace(folder)
        except OSError as error:
            raise AppError(
                f"“{item.name}” could not be brought back ({error.strerror}).", kept="It stays in the trash."
            ) from error

    def deleted(self) -> list[Deleted]:
        """What is in the trash, the last one deleted first."""
        found = [_entry(path) for path in self.path.iterdir()] if self.path.is_dir() else []
        return sorted(filter(None, found), key=lambda item: item.deleted, reverse=True)

    def empty(self) -> None:
        """Remove for good what was deleted more than a week ago. What cannot be removed stays until the next time."""
        for item in self.deleted():
            if datetime.now(UTC) - item.deleted > KEPT:
                path = self.path / item.token
                path.unlink(missing_ok=True) if path.is_symlink() else shutil.rmtree(path, ignore_errors=True)


def _entry(path: Path) -> Deleted | None:
    """None for what no deletion of ours put there: it is never touched."""
    match = TOKEN.fullmatch(path.name)
    try:
        time = datetime.strptime(match["time"], TIME).replace(tzinfo=UTC) if match else None
    except ValueError:
        return None
    return Deleted(path.name, match["name"], time) if match and time else None
