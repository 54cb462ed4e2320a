"""The table files of a dataset repository, downloaded for as long as somebody reads them. Reads no row itself."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ulmfit_app.errors import DataError
from ulmfit_app.hub.account import Account
from ulmfit_app.hub.repository import RemoteFile, Repository
from ulmfit_app.hub.stage import staged
from ulmfit_app.hub.transfer import Progress
from ulmfit_app.settings import settings

SUFFIXES = (".parquet", ".csv", ".tsv", ".jsonl")
LONGEST = 120  # characters of a file's name here


def data_files(repo: Repository) -> list[RemoteFile]:
    """The files of `repo` that hold rows, by path. Raises `DataError` if there are none."""
    holding = (file for file in repo.files if file.path.lower().endswith(SUFFIXES) and ".." not in file.path.split("/"))
    found = sorted(holding, key=lambda file: file.path)
    if not found:
        raise DataError(
            f"{repo.id} has no file that ends in {', '.join(SUFFIXES)}.",
            todo="Many datasets have their rows as Parquet on the branch refs/convert/parquet: ask for that revision.",
        )
    return found


@contextmanager
def downloaded(
    repo: Repository, files: Sequence[RemoteFile], account: Account, on_progress: Progress | None = None
) -> Iterator[list[Path]]:
    """The chosen `files` on this disk, in their order, for as long as the block takes.

    Raises as `fetch`, and `DataError` for a file, or files together, over the limits of the settings.
    """
    limit, together = settings().max_file_mb, settings().max_unpacked_mb
    if (size := sum(file.size for file in files)) > together * 1_000_000:
        raise DataError(
            f"Together the files have {size / 1e6:,.0f} MB; at most {together:,} are read.",
            kept="Nothing was downloaded.",
            todo="Choose fewer files, or set ULMFIT_MAX_UNPACKED_MB.",
        )
    for file in files:
        if file.size > limit * 1_000_000:
            raise DataError(
                f"{file.path} has {file.size / 1e6:,.0f} MB; at most {limit} are read.",
                kept="Nothing was downloaded.",
                todo="Choose a smaller file, or set ULMFIT_MAX_FILE_MB.",
            )
    named = {f"{number}-{_safe(file.path)}": file for number, file in enumerate(files, start=1)}
    with staged(repo, named, account, on_progress) as folder:
        yield [folder / name for name in named]


def _safe(path: str) -> str:
    """A path in a repository as the name of a file in one folder; the suffix stays."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", path)[-LONGEST:]
