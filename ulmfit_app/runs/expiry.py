"""Removing what anonymous visitors made, a day after its last change. Nothing of a visitor whose run goes on."""

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

KEPT_HOURS = 24  # the upload form says so


def remove_expired() -> None:
    """Remove what was not changed for a day; what cannot be removed stays until the next time. Raises `RunError`."""
    for owner in sorted({access.owner_of(place) for place in _places()}):
        with locked(), access.acting_for(owner):
            if any(state_of(run) in LIVE for run in all_runs()):
                continue
            for place in _places():
                if access.owner_of(place) == owner:
                    _clean(place)


def _places() -> Iterator[Path]:
    """Every folder of the things of an anonymous visitor."""
    for things in get_args(access.Things):
        for deleted in (False, True):
            for place in access.places(things, deleted=deleted):
                with suppress(AppError):  # nobody's: left alone
                    if access.is_anonymous(access.owner_of(place)):
                        yield place


def _clean(place: Path) -> None:
    """Remove what has expired in `place`, and itself a day after the last thing in it went."""
    empty_since = place.stat().st_mtime
    things = [path for path in place.iterdir() if path.name != access.OWNER_FILE]
    for thing in things:
        if time.time() - _changed(thing) > KEPT_HOURS * 3600:
            shutil.rmtree(thing, ignore_errors=True)
    if not things and time.time() - empty_since > KEPT_HOURS * 3600:
        shutil.rmtree(place, ignore_errors=True)


def _changed(thing: Path) -> float:
    """When `thing` or anything in it was changed last."""
    return max(path.lstat().st_mtime for path in (thing, *thing.rglob("*")))
