"""Pushing a model or its encoder: its four files in one commit, with a card written for the Hub; private by default."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from io import BufferedReader, FileIO
from pathlib import Path
from tempfile import TemporaryDirectory

from ulmfit_app import modelfolder
from ulmfit_app.errors import AppError, HubError, NotFoundError, OfflineError
from ulmfit_app.hub.account import Account
from ulmfit_app.hub.pull import PICKLED
from ulmfit_app.hub.repository import Repository, look, repo_id_of
from ulmfit_app.hub.transfer import Progress
from ulmfit_app.modelfolder import CARD, CONFIG, VOCAB, WEIGHTS

UNCHANGED = "Nothing was changed on the Hub."
UNKNOWN = "Whether the model has arrived is not known."
EMPTY = "The new repository is there, without the model."


@dataclass(frozen=True, slots=True)
class Pushed:
    """What a push made. `address`: of the commit, or of the pull request; `commit` is the commit's hash."""

    repo_id: str
    commit: str
    address: str
    created: bool
    tag: str | None


class _Counted(BufferedReader):
    """A file that tells how far it was read."""

    def __init__(self, path: Path) -> None:
        super().__init__(FileIO(path))
        self.counted: Callable[[int], None] | None = None

    def read(self, size: int | None = -1, /) -> bytes:
        piece = super().read(size)
        if self.counted:
            self.counted(self.tell())
        return piece


def push(
    folder: Path,
    repo_id: str,
    account: Account,
    *,
    encoder: bool = False,
    public: bool = False,
    message: str = "",
    tag: str | None = None,
    pull_request: bool = False,
    on_progress: Progress | None = None,
) -> Pushed:
    """Push the model in `folder` to `repo_id`, which is made, private unless `public`, if it is not there.

    A repository that is public already gets nothing that is not `public`. `encoder`: without the head; `tag`: a name
    for the commit; `pull_request`: propose the change instead. Raising from `on_progress` ends it before the commit.
    Raises `HubError`, `NotFoundError`, `OfflineError`, `ModelFolderError`.
    """
    repo_id = repo_id_of(repo_id)
    if account.token is None:
        raise HubError("Nobody is signed in to the Hub.", todo="Run `hf auth login`, set HF_TOKEN, or type a token.")
    if pull_request and tag:
        raise HubError(
            "A pull request has no tag: its commit is not part of the repository yet.", todo="Leave one out."
        )
    with TemporaryDirectory(prefix="ulmfit-push-") as between:
        source = folder
        if encoder:
            source = Path(between) / folder.name
            modelfolder.to_encoder(folder, source)
        modelfolder.verify(source)
        there = _there(repo_id, account, public, pull_request)
        if there is None:
            _create(repo_id, account, public)
        try:
            commit, address = _commit(source, repo_id, account, there, message, pull_request, on_progress)
        except OfflineError as error:  # perhaps only the answer was lost
            raise OfflineError(error.what, kept=UNKNOWN, todo=f"Look at {repo_id}, then push again.") from None
    if tag:
        _tag(repo_id, account, tag, commit)
    return Pushed(repo_id, commit, address, there is None, tag)


def _there(repo_id: str, account: Account, public: bool, pull_request: bool) -> Repository | None:
    """The repository that is pushed to, if it exists and is one to push a model to."""
    try:
        there = look(repo_id, account)
    except NotFoundError:
        if pull_request:
            raise
        return None
    if there.renamed:
        raise HubError(f"{repo_id} is called {there.id} now.", kept=UNCHANGED, todo=f"Push to {there.id}.")
    names = {file.path for file in there.files}
    if PICKLED in names or (WEIGHTS in names and not {CONFIG, VOCAB, WEIGHTS} <= names):
        what = f"{repo_id} holds another kind of model."
        raise HubError(what, kept=UNCHANGED, todo="Push to another repository.")
    if not there.private and not public:  # what a pull request proposes can be read there too
        what = f"{repo_id} is public: everyone could read what is pushed there."
        raise HubError(what, kept=UNCHANGED, todo="Push it as public, or to another repository.")
    return there


def _create(repo_id: str, account: Account, public: bool) -> None:
    from ulmfit_app.hub.client import api, calling

    with calling(repo_id, account, UNCHANGED):
        api(account).create_repo(repo_id, private=not public, token=account.token)


def _commit(
    source: Path,
    repo_id: str,
    account: Account,
    there: Repository | None,
    message: str,
    pull_request: bool,
    on_progress: Progress | None,
) -> tuple[str, str]:
    """Send the files and commit them, on top of what `there` was looked at; the commit and its address."""
    from huggingface_hub import CommitOperationAdd

    from ulmfit_app.hub.client import api, calling

    size = (source / WEIGHTS).stat().st_size
    with calling(repo_id, account, UNCHANGED if there else EMPTY), ExitStack() as opened:
        weights = opened.enter_context(_Counted(source / WEIGHTS))
        operations = [
            CommitOperationAdd(CONFIG, source / CONFIG),
            CommitOperationAdd(VOCAB, source / VOCAB),
            CommitOperationAdd(CARD, card(source, repo_id).encode()),
            CommitOperationAdd(WEIGHTS, weights),
        ]
        if on_progress:
            on_progress(0, size)
            weights.counted = lambda done: on_progress(done, size)
        made = api(account).create_commit(
            repo_id,
            operations,
            commit_message=message.strip() or f"Push {source.name} with ULMFiT Studio",
            parent_commit=there.commit if there else None,
            create_pr=pull_request,
            token=account.token,
        )
        return made.oid, made.pr_url or made.commit_url


def card(folder: Path, repo_id: str) -> str:
    """The card of the model in `folder` as `repo_id` gets it, with the notes of the present one."""
    notes = modelfolder.notes_of(modelfolder.read_card(folder))
    return modelfolder.render(repo_id.partition("/")[2], modelfolder.read_config(folder), notes, repo_id)


def _tag(repo_id: str, account: Account, tag: str, commit: str) -> None:
    from ulmfit_app.hub.client import api, calling

    kept = f"The model was pushed as commit {commit[:8]}; it has no tag."
    try:
        with calling(repo_id, account, kept):
            api(account).create_tag(repo_id, tag=tag, revision=commit, token=account.token)
    except HubError as error:
        raise AppError(f"The tag “{tag}” could not be made. {error.what}", kept=kept, todo="Use another tag.") from None
