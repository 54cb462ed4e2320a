"""Where downloads lie until they are whole: `<home>/cache/hub/<account>/<repository>@<commit>/`.

One folder per account (hosted: of one visitor) and commit, used by one download at a time, removed after its use. What
broke off stays for a week, hosted for a day, to be gone on with. It is read only after the Hub has shown the commit to
the same account.
"""

import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

from filelock import FileLock, Timeout

from ulmfit_app import access, quota
from ulmfit_app.errors import HubError
from ulmfit_app.hub.account import Account
from ulmfit_app.hub.repository import RemoteFile, Repository
from ulmfit_app.hub.transfer import Progress, fetch
from ulmfit_app.settings import settings

KEPT_DAYS = {"local": 7, "hosted": 1}
FILES = "files"


def cache() -> Path:
    """The folder of all accounts; may not exist yet."""
    return settings().home_path / "cache" / "hub"


@contextmanager
def staged(
    repo: Repository, named: Mapping[str, RemoteFile], account: Account, on_progress: Progress | None
) -> Iterator[Path]:
    """A folder with the files of `repo`, under the names in `named`; removed if the block ends well, or by `discard`.

    Raises as `fetch`, `HubError` if the same account downloads the same commit at this moment, and `AppError` if it is
    more than a visitor may keep.
    """
    quota.refuse_full(sum(file.size for file in named.values()))
    forget_old()
    place = _place(repo, account)
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(f"{place}.lock", timeout=0):
            fetch(repo, named, place / FILES, account, on_progress)
            yield place / FILES
            shutil.rmtree(place, ignore_errors=True)
    except Timeout:
        raise HubError(f"{repo.id} is being downloaded already.", todo="Wait for that.") from None


def parked() -> Path:
    """A new folder for files of whoever asks that were downloaded and wait to be read; the caller removes it.

    A visitor's count as theirs (`quota`), and what a crash leaves is forgotten as the rest here.
    """
    owner = access.current()
    folder = cache() / ("parked" if owner == access.LOCAL else f"{access.folder_name(owner)}-parked")
    folder.mkdir(parents=True, exist_ok=True)
    return Path(mkdtemp(dir=folder))


def discard(files: Path) -> None:
    """Remove what is in the folder that `staged` gave: it is not to be trusted."""
    shutil.rmtree(files.parent, ignore_errors=True)


def forget_old() -> None:
    """Remove what nobody has gone on with."""
    kept = KEPT_DAYS[settings().mode] * 86_400
    for path in cache().glob("*/*"):
        try:
            old = time.time() - path.stat().st_mtime > kept
        except OSError:  # gone meanwhile
            continue
        if old:
            path.unlink(missing_ok=True) if path.is_file() else shutil.rmtree(path, ignore_errors=True)


def _place(repo: Repository, account: Account) -> Path:
    owner, prefix = access.current(), "datasets--" if repo.sort == "dataset" else ""
    folder = account.folder if owner == access.LOCAL else f"{access.folder_name(owner)}-{account.folder}"
    return cache() / folder / f"{prefix}{repo.id.lower().replace('/', '--')}@{repo.commit}"
