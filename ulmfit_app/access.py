"""Who may see what: whose things are asked for now, where they lie, and what of a list for all is theirs.

Every owner has folders of their own, so what lists or opens things by name sees one owner's only. What is kept in one
list for all owners (the queue, the models in memory) passes `visible`. No cookies here: who asks is told to this module
by the pages (`ui.visitor`), the API and the worker. A hosted process in which nobody has said so is refused.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from hashlib import sha256
from pathlib import Path
from typing import Literal, Protocol, TypeVar

from ulmfit_app.errors import AppError
from ulmfit_app.settings import settings

LOCAL = "local"
OWNER_FILE = ".owner"

Things = Literal["models", "datasets", "runs"]


class Owned(Protocol):
    """Something in a list for all owners."""

    @property
    def owner(self) -> str:
        """Whose it is."""


AnyOwned = TypeVar("AnyOwned", bound=Owned)

_acting: ContextVar[str | None] = ContextVar("owner", default=None)
_ask: Callable[[], str] | None = None


def identify(ask: Callable[[], str]) -> None:
    """From now on `ask` says who asks, wherever `acting_for` does not. In local mode nobody is asked."""
    global _ask
    _ask = ask


@contextmanager
def acting_for(owner: str) -> Iterator[None]:
    """Do what is inside, in this thread or task, with the things of `owner`."""
    token = _acting.set(owner)
    try:
        yield
    finally:
        _acting.reset(token)


def current() -> str:
    """Who asks: `local`, `hf:<user>` or `anon:<random>`. Raises `AppError` on a server that does not know."""
    owner = _acting.get()
    if owner is not None:
        return owner
    if settings().mode == "local":
        return LOCAL
    if _ask is None:
        raise AppError("The server does not know who asks.", kept="Nothing was shown or changed.")
    return _ask()


def place(things: Things, owner: str | None = None, *, deleted: bool = False) -> Path:
    """The folder of the `things` of `owner`, by default of who asks; of the `deleted` ones. May not exist yet."""
    owner = current() if owner is None else owner
    root = _root(things, deleted)
    return root if owner == LOCAL else root / folder_name(owner)


def places(things: Things, *, deleted: bool = False) -> list[Path]:
    """The folders of the `things` of all owners: for the dispatcher and the cleaner, never to show."""
    root = _root(things, deleted)
    return [root, *sorted(root.glob("@*"))]


def folder_name(owner: str) -> str:
    """The name of the folders of `owner`, from which nobody can tell who it is."""
    return f"@{sha256(owner.encode()).hexdigest()[:32]}"


def claim(folder: Path) -> None:
    """Create `folder`, one of `place`, and note in it whose it is. Raises `OSError`."""
    folder.mkdir(parents=True, exist_ok=True)
    if folder.name.startswith("@") and not (folder / OWNER_FILE).exists():
        owner = current()
        assert folder.name == folder_name(owner)
        (folder / OWNER_FILE).write_text(owner, encoding="utf-8")


def owner_of(folder: Path) -> str:
    """Whose `folder`, one of `places`, is. Raises `AppError` if that cannot be told."""
    if not folder.name.startswith("@"):
        return LOCAL
    try:
        owner = (folder / OWNER_FILE).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        owner = ""
    if folder_name(owner) != folder.name:
        raise AppError("It cannot be told whose this is.", kept="It was left alone.")
    return owner


def is_anonymous(owner: str) -> bool:
    """Whether `owner` is known by a cookie only; what is theirs goes after a day (`runs.expiry`)."""
    return owner.startswith("anon:")


def visible(owner: str, things: Iterable[AnyOwned]) -> list[AnyOwned]:
    """Those of `things` that `owner` may see, in the same order."""
    return [thing for thing in things if thing.owner == owner]


def owned(path: Path) -> bool:
    """Whether who asks may change the model, dataset or run at `path`: it lies in a folder of theirs."""
    parent = path.resolve().parent
    return any(parent == place(things).resolve() for things in ("models", "datasets", "runs"))


def readable(model: Path) -> bool:
    """Whether who asks may read the model folder at `model`: a visitor their own and the shipped ones."""
    shipped = settings().shipped_models.resolve()
    return current() == LOCAL or owned(model) or model.resolve().parent == shipped


def _root(things: Things, deleted: bool) -> Path:
    home = settings().home_path
    return home / "trash" / things if deleted else home / things
