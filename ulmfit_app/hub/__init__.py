"""The Hugging Face Hub: models pushed and pulled, datasets downloaded, repositories looked at and searched.

The only package that imports huggingface_hub, and only inside functions: a page or command that does not use the Hub
does not pay for it. Nothing here knows the registry: what is pulled is handed over as a verified folder. Every call is
told whose token it sends (`Account`), and every failure becomes an `AppError`.
"""

from ulmfit_app.hub.account import ANONYMOUS, Account, own_token, sign_in
from ulmfit_app.hub.dataset import data_files, downloaded
from ulmfit_app.hub.pull import Pulled, pulled
from ulmfit_app.hub.push import Pushed, push
from ulmfit_app.hub.refs import Ref, newer, refs
from ulmfit_app.hub.repository import RemoteFile, Repository, Sort, is_repo_id, look, repo_id_of
from ulmfit_app.hub.search import Found, search
from ulmfit_app.hub.stage import forget_old, parked

__all__ = [
    "ANONYMOUS",
    "Account",
    "Found",
    "Pulled",
    "Pushed",
    "Ref",
    "RemoteFile",
    "Repository",
    "Sort",
    "data_files",
    "downloaded",
    "forget_old",
    "is_repo_id",
    "look",
    "newer",
    "own_token",
    "parked",
    "pulled",
    "push",
    "refs",
    "repo_id_of",
    "search",
    "sign_in",
]
