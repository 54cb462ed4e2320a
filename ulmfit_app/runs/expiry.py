"""Removing what visitors of a hosted server left.

What anonymous ones made goes a day after its last change, unless a run of theirs goes on; what others deleted, after a
week; the tokens of texts that nobody read for a day.
"""

import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import get_args

from ulmfit_app import access
from ulmfit_app.errors import AppError
from ulmfit_app.runs.folder import all_runs
from ulmfit_app.runs.queue import locked
from ulmfit_app.runs.state import LIVE, state_of
from ulmfit_app.settings import settings

KEPT_HOURS = 24  # the upload form says so
GONE = ".gone"  # in the trash: what is just being removed
DELETED_DAYS = 7  # as in the trash of models and datasets, which is emptied when it is looked at


def remove_expired() -> None:
    """Remove all of it; what cannot be removed stays until the next time. Raises `RunError`."""
    _forget_tokens()
    _empty_trash()
    gone = settings().home_path / "trash" / GONE
    for owner in sorted({owner for _, owner in _places()}):
        with locked(), access.acting_for(owner):
            if any(state_of(run) in LIVE for run in all_runs()):
                continue
            for place in [place for place, whose in _places() if whose == owner]:
                _clean(place, gone)
    shutil.rmtree(gone, ignore_errors=True)  # not while everybody waits for the lock


def _forget_tokens() -> None:
    tokens = settings().home_path / "cache" / "tokens"
    for folder in tokens.iterdir() if tokens.is_dir() else ():
        if time.time() - _changed(folder) > KEPT_HOURS * 3600:
            shutil.rmtree(folder, ignore_errors=True)


def _empty_trash() -> None:
    for things in get_args(access.Things):
        for place in access.place(things, access.LOCAL, deleted=True).glob("@*"):
            for thing in place.iterdir():  # its inode was changed when it was moved here
                if thing.name != access.OWNER_FILE and time.time() - thing.lstat().st_ctime > DELETED_DAYS * 86_400:
                    shutil.rmtree(thing, ignore_errors=True)


def _places() -> Iterator[tuple[Path, str]]:
    """Every folder of the things of an anonymous visitor, and who that is."""
    for things in get_args(access.Things):
        for deleted in (False, True):
            for place in access.places(things, deleted=deleted):
                with suppress(AppError):  # nobody's: left alone
                    if access.is_anonymous(owner := access.owner_of(place)):
                        yield place, owner


def _clean(place: Path, gone: Path) -> None:
    """Move what has expired in `place` to `gone`, and remove `place` itself a day after the last thing in it went."""
    empty_since = _changed(place, within=False)
    things = [path for path in place.iterdir() if path.name != access.OWNER_FILE]
    for thing in things:
        if time.time() - _changed(thing) > KEPT_HOURS * 3600:
            gone.mkdir(parents=True, exist_ok=True)
            with suppress(OSError):
                thing.rename(gone / secrets.token_hex(16))
    if not things and time.time() - empty_since > KEPT_HOURS * 3600:
        _remove_empty(place)


def _remove_empty(place: Path) -> None:
    """Remove `place` of who asks, unless something is put into it at this moment: then its owner is noted again."""
    try:
        (place / access.OWNER_FILE).unlink()
        place.rmdir()
    except OSError:
        access.claim(place)


def _changed(thing: Path, *, within: bool = True) -> float:
    """When `thing`, or anything `within` it, was changed last; now, if it goes at this moment."""
    try:
        return max(path.lstat().st_mtime for path in (thing, *(thing.rglob("*") if within else ())))
    except OSError:
        return time.time()
