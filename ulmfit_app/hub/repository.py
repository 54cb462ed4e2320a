"""A repository of the Hub as one account sees it: its commit and its files with sizes and hashes. Downloads nothing."""

import re
from dataclasses import dataclass
from typing import Literal

from ulmfit_app.errors import HubError
from ulmfit_app.hub.account import Account

REPO_ID = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}", re.ASCII)
COMMIT = re.compile(r"[0-9a-f]{40}")
ADDRESS = re.compile(r"https?://[^/\s]+/")
MAIN = "main"

Sort = Literal["model", "dataset"]


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file of a commit. `sha256` is known of large files, `blob_id` (git's) of the others; either may be missing."""

    path: str
    size: int
    sha256: str | None
    blob_id: str | None


@dataclass(frozen=True, slots=True)
class Repository:
    """One commit of a repository. `asked`: the name that was asked for; another one than `id` if it was renamed."""

    id: str
    asked: str
    sort: Sort
    revision: str
    commit: str
    private: bool
    gated: bool
    library: str | None
    files: tuple[RemoteFile, ...]

    @property
    def renamed(self) -> bool:
        """True if it has another name now; the Hub leads there from the old one."""
        return self.id.lower() != self.asked.lower()


def is_repo_id(text: str) -> bool:
    """True if `text` is written as the name of a repository, `owner/name`."""
    return REPO_ID.fullmatch(text) is not None and "--" not in text and ".." not in text


def repo_id_of(text: str) -> str:
    """The repository in `text`: `owner/name`, or the address of its page. Raises `HubError`."""
    path = ADDRESS.sub("", text.strip(), count=1).removeprefix("datasets/").removeprefix("models/")
    repo_id = "/".join(path.split("?")[0].strip("/").split("/")[:2])
    if not is_repo_id(repo_id) or (repo_id != path.strip("/") and not ADDRESS.match(text.strip())):
        raise HubError(f"“{text.strip()[:100]}” is not the name of a repository.", todo="Write it as owner/name.")
    return repo_id


def look(repo_id: str, account: Account, revision: str | None = None, sort: Sort = "model") -> Repository:
    """The commit that `revision` (default: main) stands for now.

    Always asks the Hub, with the token of `account`: that is what keeps private files from others. Raises
    `NotFoundError`, `HubError`, `OfflineError`.
    """
    repo_id = repo_id_of(repo_id)
    from ulmfit_app.hub.client import api, calling

    with calling(repo_id, account):
        client = api(account)
        ask = client.dataset_info if sort == "dataset" else client.model_info
        info = ask(repo_id, revision=revision or MAIN, files_metadata=True, token=account.sent)
        return Repository(
            id=repo_id_of(info.id),
            asked=repo_id,
            sort=sort,
            revision=revision or MAIN,
            commit=_commit(info.sha),
            private=bool(info.private),
            gated=bool(info.gated),
            library=getattr(info, "library_name", None),
            files=tuple(
                RemoteFile(str(file.rfilename), _size(file.size), file.lfs.sha256 if file.lfs else None, file.blob_id)
                for file in info.siblings or ()
            ),
        )


def _size(told: object) -> int:
    if not isinstance(told, int) or told < 0:
        raise ValueError("no size")
    return told


def _commit(sha: str | None) -> str:
    """Part of the name of a folder later on, so looked at."""
    if sha is None or not COMMIT.fullmatch(sha):
        raise HubError("The Hub does not say which commit this is.", todo="Try again later.")
    return sha
