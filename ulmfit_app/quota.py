"""How much one visitor of a hosted server may keep. Whoever keeps the server may keep what the disk holds."""

import os
import shutil
from pathlib import Path
from typing import get_args

from ulmfit_app import access
from ulmfit_app.errors import AppError
from ulmfit_app.settings import settings


def refuse_full(more: int = 0) -> None:
    """Raise `AppError` if whoever asks has as much as a visitor may, or the disk is nearly full.

    `more`: bytes that are known to come; without them, what is added now may pass the limit a little.
    """
    limit, home = settings().visitor_mb, settings().home_path
    if access.current() == access.LOCAL:
        return
    home.mkdir(parents=True, exist_ok=True)
    if shutil.disk_usage(home).free - more < settings().free_mb * 1_000_000:
        raise AppError("This server's disk is nearly full.", kept="Nothing was added.", todo="Try again later.")
    if used() + more >= limit * 1_000_000:
        passed = "With that you would pass" if more else "You have used"
        raise AppError(
            f"{passed} the {limit:,} MB that this server keeps for one visitor.",
            kept="Nothing was added.",
            todo="Delete something, or run ULMFiT Studio on your own machine.",
        )


def overdrawn() -> str:
    """Why a run of whoever asks may not go on, as a sentence; empty if it may. A fifth more is let pass."""
    limit, home = settings().visitor_mb, settings().home_path
    if access.current() == access.LOCAL:
        return ""
    if shutil.disk_usage(home).free < settings().free_mb * 1_000_000:
        return "Stopped because this server's disk is nearly full."
    if used() > 1.2 * limit * 1_000_000:
        return f"Stopped because you have passed the {limit:,} MB that this server keeps for one visitor."
    return ""


def used() -> int:
    """Bytes of all that whoever asks has: deleted things, which stay for a week, and unfinished downloads too."""
    places = [access.place(things, deleted=deleted) for things in get_args(access.Things) for deleted in (False, True)]
    places += settings().home_path.glob(f"cache/hub/{access.folder_name(access.current())}-*")
    found = (Path(folder) / name for place in places for folder, _, names in os.walk(place) for name in names)
    return sum(map(_bytes, found))  # os.walk passes by what goes meanwhile


def _bytes(path: Path) -> int:
    try:
        return path.lstat().st_size if path.is_file() else 0
    except OSError:  # gone meanwhile
        return 0
