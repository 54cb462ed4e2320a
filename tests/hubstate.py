"""A Hub of our own for tests: users, private and gated repositories, what was asked for, and what is to fail.

It keeps everything in memory, writes down every request with the token that came with it, and fails on demand: with a
status, in the middle of a body, or slowly. `tests.hubserver` answers for it.
"""

import hashlib
from dataclasses import dataclass, field
from typing import Any

from tests.leaks import MARK


@dataclass
class Commit:
    """A commit: its files by path."""

    oid: str
    title: str
    files: dict[str, bytes]


@dataclass
class Repo:
    """A repository; the last commit is the head of main."""

    sort: str = "model"
    private: bool = False
    gated: bool = False
    commits: list[Commit] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)
    proposed: list[Commit] = field(default_factory=list)

    def commit(self, files: dict[str, bytes], title: str = "a commit") -> Commit:
        """Add a commit with these files in the place of those of the same path."""
        made = self.on_top(files, title)
        self.commits.append(made)
        return made

    def on_top(self, files: dict[str, bytes], title: str) -> Commit:
        """The commit that would come next."""
        before = self.commits[-1].files if self.commits else {}
        oid = hashlib.sha1(f"{title}{len(self.commits)}{sorted(files)}".encode()).hexdigest()
        return Commit(oid, title, before | files)

    def find(self, revision: str) -> Commit | None:
        """The commit that a branch, tag or hash stands for."""
        wanted = self.commits[-1].oid if revision == "main" and self.commits else self.tags.get(revision, revision)
        return next((commit for commit in self.commits if commit.oid == wanted), None)


@dataclass
class Failure:
    """What happens to the next `times` requests that match; `cut`: bytes of the body after which the line goes dead."""

    method: str
    path: str
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = field(default_factory=dict)
    times: int = 1
    cut: int | None = None
    pause: float = 0.0  # seconds before every piece of the body


@dataclass(frozen=True)
class Request:
    """A request as it came. `token`: None if there was none."""

    method: str
    path: str
    token: str | None
    range: str | None
    cookie: str | None


class Hub:
    """The state of the server, changed by tests and requests alike."""

    def __init__(self) -> None:
        self.url = ""
        self.users: dict[str, tuple[str, list[str]]] = {}  # token: name, organisations
        self.repos: dict[str, Repo] = {}
        self.renamed: dict[str, str] = {}
        self.lfs: dict[str, bytes] = {}
        self.requests: list[Request] = []
        self.failures: list[Failure] = []

    def user(self, token: str, name: str, *organisations: str) -> str:
        """Let `token`, which must bear the mark by which it is found again, be the one of `name`; returns it."""
        assert token.startswith(MARK)
        self.users[token] = (name, list(organisations))
        return token

    def repo(self, repo_id: str, files: dict[str, bytes], **what: Any) -> Repo:
        """Make a repository with one commit."""
        made = self.repos[repo_id] = Repo(**what)
        made.commit(files, "initial commit")
        return made

    def fail(self, method: str, path: str, status: int = 0, **what: Any) -> Failure:
        """Let requests fail whose path contains `path`."""
        self.failures.append(Failure(method, path, status, **what))
        return self.failures[-1]

    def asked(self, method: str, path: str) -> list[Request]:
        """The requests that came whose path contains `path`."""
        return [request for request in self.requests if request.method == method and path in request.path]
