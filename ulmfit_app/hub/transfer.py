"""Bytes from the Hub into a folder: with progress, resumed where they broke off, checked against the Hub's hashes.

Not by `hf_hub_download`: since huggingface_hub 2 it throws away a file that did not arrive whole, and it counts and can
be ended only every 10 MB. Raising from the progress callback ends a download; the next one goes on from there.
"""

import hashlib
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import quote

from ulmfit_app.errors import AppError, HubError
from ulmfit_app.hub.account import Account
from ulmfit_app.hub.repository import RemoteFile, Repository

# Called with (bytes done, bytes in all). Raising from it ends the work.
Progress = Callable[[int, int], None]

ATTEMPTS, PAUSE = 4, 1.0  # tries of a file whose connection is cut, seconds between two
PIECE = 1 << 16
PARTS = "parts"
RESUMED = "What has arrived is kept: the next try goes on from there."


def fetch(
    repo: Repository, named: Mapping[str, RemoteFile], folder: Path, account: Account, on_progress: Progress | None
) -> None:
    """Download files of the commit of `repo` into `folder`, under the names that `named` gives them.

    Whole files are renamed into `folder` and not fetched again; unfinished ones lie in `<folder>/../parts`. Raises
    `HubError`, `NotFoundError`, `OfflineError`.
    """
    from ulmfit_app.hub.client import calling

    parts = folder.parent / PARTS
    try:
        with calling(repo.id, account):
            for place in (folder, parts):
                place.mkdir(parents=True, exist_ok=True)
            _refuse_full_disk(folder, sum(file.size for file in named.values()) - _there(folder, parts, named))
            _fetch_all(repo, named, folder, parts, account, on_progress)
    except AppError as error:
        if not error.kept and _there(folder, parts, named):
            error.kept = RESUMED
        raise


def _fetch_all(
    repo: Repository,
    named: Mapping[str, RemoteFile],
    folder: Path,
    parts: Path,
    account: Account,
    on_progress: Progress | None,
) -> None:
    """The small files first: what is refused is mostly refused because of them."""
    done, total = 0, sum(file.size for file in named.values())
    for name, file in sorted(named.items(), key=lambda item: item[1].size):
        if not (folder / name).exists():
            _fetch_file(repo, file, parts / name, account, _counter(done, total, on_progress))
            _refuse_damaged(parts / name, file)
            (parts / name).replace(folder / name)
        done += file.size
        _counter(done, total, on_progress)(0)


def _fetch_file(
    repo: Repository, file: RemoteFile, part: Path, account: Account, counted: Callable[[int], None]
) -> None:
    """Fill `part` to the size of `file`, as often as the connection is cut."""
    from ulmfit_app.hub.client import CUT

    for attempt in range(1, ATTEMPTS + 1):
        try:
            return _stream(repo, file, part, account, counted)
        except CUT:
            if attempt == ATTEMPTS:
                raise
            time.sleep(PAUSE)


def _stream(repo: Repository, file: RemoteFile, part: Path, account: Account, counted: Callable[[int], None]) -> None:
    from ulmfit_app.hub.client import get_session, headers, hf_raise_for_status, site

    have = part.stat().st_size if part.exists() else 0
    if have == file.size and have:
        return
    asked = headers(account) | {"Accept-Encoding": "identity"}  # a range of what is not compressed on the way
    if 0 < have < file.size:
        asked["Range"] = f"bytes={have}-"
    prefix = "datasets/" if repo.sort == "dataset" else ""
    url = f"{site()}/{prefix}{repo.id}/resolve/{repo.commit}/{quote(file.path)}"
    with get_session().stream("GET", url, headers=asked) as answer:
        hf_raise_for_status(answer)
        have = have if answer.status_code == 206 else 0
        counted(have)
        with part.open("ab" if have else "wb") as out:
            for piece in answer.iter_bytes():  # as it comes: a piece of a set size is lost when it is cut
                have += len(piece)
                if have > file.size:
                    raise HubError(f"{file.path} is longer than the Hub says.", todo="Try again later.")
                out.write(piece)
                out.flush()
                counted(have)
    if have < file.size:
        part.unlink()
        raise HubError(f"{file.path} is shorter than the Hub says.", todo="Try again later.")


def _counter(done: int, total: int, on_progress: Progress | None) -> Callable[[int], None]:
    """What tells `on_progress` of the bytes of one file, when `done` were there before it."""

    def counted(have: int) -> None:
        if on_progress:
            on_progress(done + have, total)

    return counted


def _there(folder: Path, parts: Path, named: Mapping[str, RemoteFile]) -> int:
    """Bytes that need not be fetched."""
    places = [place / name for name in named for place in (folder, parts)]
    return sum(path.stat().st_size for path in places if path.exists())


def _refuse_full_disk(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise HubError(
            f"This needs {needed / 1e6:,.0f} MB of the disk, and {free / 1e6:,.0f} MB are free.",
            kept="Nothing was downloaded.",
            todo="Free some space, then try again.",
        )


def _refuse_damaged(part: Path, file: RemoteFile) -> None:
    """Compare `part` with the hash that the Hub gave before; what differs is removed."""
    with part.open("rb") as opened:
        if file.sha256:
            good = hashlib.file_digest(opened, "sha256").hexdigest() == file.sha256
        elif file.blob_id:  # git's name of a file's content
            digest = hashlib.sha1(b"blob %d\0" % file.size, usedforsecurity=False)
            while piece := opened.read(PIECE):
                digest.update(piece)
            good = digest.hexdigest() == file.blob_id
        else:  # a mirror that tells no hashes; a model has its own
            good = part.stat().st_size == file.size
    if not good:
        part.unlink()
        raise HubError(f"{file.path} arrived damaged.", kept="It was removed.", todo="Try again.")
