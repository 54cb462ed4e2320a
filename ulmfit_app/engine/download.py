"""Downloads fastai's datasets with `untar_data`, into the home's cache instead of `~/.fastai`.

The archive is fetched first, with progress; `untar_data` finds it in place, checks its size and hash and unpacks it.
"""

import shutil
from collections.abc import Callable
from http.client import HTTPException
from pathlib import Path
from tempfile import mkdtemp

from filelock import FileLock

from ulmfit_app.data.progress import Progress
from ulmfit_app.data.sources import OFFLINE, downloaded_folder
from ulmfit_app.errors import DataError, OfflineError

TIMEOUT = 30  # seconds without an answer


def fetch(name: str, on_progress: Progress | None = None) -> Path:
    """The folder of the dataset `name` ("imdb-full", "imdb-sample"), downloaded and unpacked if it is not there.

    `on_progress` hears of bytes. Raises OfflineError without a network, DataError for an archive that is damaged.
    """
    from fastai.data.external import URLs, untar_data

    url = {"imdb-full": URLs.IMDB, "imdb-sample": URLs.IMDB_SAMPLE}[name]
    folder = downloaded_folder(name)
    archives = folder.parent / "archive"
    archives.mkdir(parents=True, exist_ok=True)
    with FileLock(archives / f"{folder.name}.lock"):
        if folder.is_dir():
            return folder
        todo = f"Use the dataset “{OFFLINE}”, which needs no network, or try again later."
        archive = downloaded(name, url, archives, on_progress, todo)
        beside = Path(mkdtemp(dir=folder.parent, prefix=".making-"))
        try:
            unpacked = untar_data(url, archive=archives, data=beside, base=str(archives))
            unpacked.rename(folder)
        # untar_data raises a bare Exception for a wrong hash, shutil and tarfile their own for a damaged archive.
        except Exception as error:
            archive.unlink(missing_ok=True)
            raise DataError(
                f"The archive of “{name}” cannot be unpacked ({error}).", todo="Start again: it is downloaded anew."
            ) from None
        finally:
            shutil.rmtree(beside, ignore_errors=True)
    return folder


def downloaded(name: str, url: str, archives: Path, on_progress: Progress | None, todo: str) -> Path:
    """The archive at `url`, in `archives`; beside and renamed, so that it is whole or absent.

    Raises OfflineError, which says what is `todo` without `name`.
    """
    from fastcore.net import urldest, urlsave

    archive = Path(urldest(url, archives))
    if archive.exists():
        return archive
    part = archive.with_name(f"{archive.name}.part")
    try:
        urlsave(url, part, _hook(on_progress), timeout=TIMEOUT)
        part.replace(archive)
    except (OSError, HTTPException) as error:
        reason = next(iter(str(getattr(error, "reason", error)).splitlines()), type(error).__name__)
        raise OfflineError(
            f"“{name}” has to be downloaded and cannot be ({reason}).",
            kept="Nothing was kept.",
            todo=todo,
        ) from None
    finally:
        part.unlink(missing_ok=True)
    return archive


def _hook(on_progress: Progress | None) -> Callable[[int, int, int], None]:
    """`on_progress` as urllib's reporthook(blocks, bytes per block, bytes in all or -1)."""

    def report(blocks: int, block_size: int, total: int) -> None:
        if on_progress and total > 0:
            on_progress(min(blocks * block_size, total), total)

    return report
