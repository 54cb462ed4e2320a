"""The revisions of a repository: branches, tags, commits; and whether there is a newer one than what was pulled."""

from dataclasses import dataclass
from itertools import islice
from typing import Literal

from ulmfit_app.hub.account import Account
from ulmfit_app.hub.repository import COMMIT, Repository, Sort, look, repo_id_of
from ulmfit_app.schema import Origin

MOST = 50  # commits that are listed


@dataclass(frozen=True, slots=True)
class Ref:
    """Something that can be asked for as a revision. `says`: the title of a commit, empty for others."""

    name: str
    kind: Literal["branch", "tag", "commit"]
    commit: str
    says: str = ""


def refs(repo_id: str, account: Account, sort: Sort = "model") -> list[Ref]:
    """Branches, then tags, then the newest commits of the main branch. Raises as `look`."""
    repo_id = repo_id_of(repo_id)
    from ulmfit_app.hub.client import api, calling

    with calling(repo_id, account):
        client = api(account)
        named = client.list_repo_refs(repo_id, repo_type=sort, token=account.sent)
        commits = client.list_repo_commits(repo_id, repo_type=sort, token=account.sent)
        return [
            *(Ref(item.name, "branch", item.target_commit) for item in named.branches),
            *(Ref(item.name, "tag", item.target_commit) for item in named.tags),
            *(Ref(item.commit_id, "commit", item.commit_id, item.title) for item in islice(commits, MOST)),
        ]


def newer(origin: Origin, account: Account) -> Repository | None:
    """What the revision that was pulled stands for now, if that is another commit. A commit never changes.

    Raises as `look`.
    """
    if COMMIT.fullmatch(origin.revision):
        return None
    now = look(origin.repo_id, account, origin.revision)
    return None if now.commit == origin.commit else now
