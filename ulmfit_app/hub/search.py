"""Searching the Hub for models that this app can use: those whose card names it as their library."""

from dataclasses import dataclass

from ulmfit_app.hub.account import Account
from ulmfit_app.hub.repository import is_repo_id

MOST = 30


@dataclass(frozen=True, slots=True)
class Found:
    """A repository that was found. `updated`: the day, ISO 8601, or empty."""

    repo_id: str
    task: str
    private: bool
    downloads: int
    updated: str


def search(text: str, account: Account) -> list[Found]:
    """At most MOST repositories whose name contains `text`, the ones with most downloads first.

    Not by `HfApi.list_models`, which asks a Hub that cannot be reached six times (2.4). Raises `HubError`,
    `OfflineError`.
    """
    from ulmfit_app.hub.client import LIBRARY, calling, get_session, headers, hf_raise_for_status, site

    asked: dict[str, str | int] = {
        "filter": LIBRARY,
        "search": text.strip()[:100],
        "sort": "downloads",
        "limit": MOST,
        "full": True,
    }
    with calling(account=account):
        answer = get_session().get(f"{site()}/api/models", params=asked, headers=headers(account))
        hf_raise_for_status(answer)
        return [
            Found(
                repo_id=item["id"],
                task=str(item.get("pipeline_tag") or ""),
                private=bool(item.get("private")),
                downloads=int(item.get("downloads") or 0),
                updated=str(item.get("lastModified") or "")[:10],
            )
            for item in answer.json()[:MOST]
            if is_repo_id(item["id"])
        ]
