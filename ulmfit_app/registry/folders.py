"""Names and folders: lists the models, finds one, gives names. Changes nothing inside a folder but its card's title."""

import contextlib
import difflib
import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from ulmfit_app import access, modelfolder
from ulmfit_app.errors import AppError, ModelFolderError, NameTakenError, NotFoundError
from ulmfit_app.schema import MAX_NAME, Kind, ModelConfig, is_name
from ulmfit_app.settings import settings

CHOICES = 12  # names that a message lists at most


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """A model in the list. A broken one has no `config` and says in `problem` what is wrong with it."""

    name: str
    path: Path
    shipped: bool
    config: ModelConfig | None
    problem: str = ""

    def usable_config(self) -> ModelConfig:
        """The configuration; `ModelFolderError` with the problem if the model is broken."""
        if self.config is None:
            raise ModelFolderError(f"The model '{self.name}' cannot be read: {self.problem}")
        return self.config


def models(kind: Kind | None = None) -> list[ModelEntry]:
    """All models, own ones first, each group by name; with `kind` only the usable ones of that kind.

    Files are not hashed here: that happens when a model is loaded.
    """
    shipped = _folders_in(settings().shipped_models)
    own = [_entry(path, shipped=False, taken=path.name in shipped) for path in _folders_in(own_models()).values()]
    entries = own + [_entry(path, shipped=True, taken=False) for path in shipped.values()]
    return [entry for entry in entries if kind is None or (entry.config is not None and entry.config.kind is kind)]


def folder_of(name_or_path: str | Path) -> Path:
    """The folder of the model of that name, or the folder at that path.

    Raises `NotFoundError` naming similar models, `NameTakenError` if the name is both shipped and one's own.
    """
    try:
        return _by_name(str(name_or_path))
    except NotFoundError:
        if access.current() != access.LOCAL or not _is_folder(str(name_or_path)):  # a visitor gives no paths
            raise
        return Path(name_or_path).expanduser().resolve()


def new_folder(name: str) -> Path:
    """The place of a new model of one's own; not created. Raises `NameTakenError` for a bad or taken name."""
    if not is_name(name):
        raise NameTakenError(
            f"'{name}' cannot be the name of a model.",
            todo="Use small letters and digits, with single dots, dashes or underscores between, at most "
            f"{MAX_NAME} characters.",
        )
    if (settings().shipped_models / name).exists():
        raise NameTakenError(f"A shipped model is called '{name}'.", todo="Choose another name.")
    folder = own_models() / name
    if folder.exists():
        raise NameTakenError(f"You already have a model called '{name}'.", todo="Choose another name, or delete it.")
    return folder


def rename(name: str, new_name: str) -> Path:
    """Give one's own model a new name and return its new folder; the card follows, its notes stay."""
    folder, target = own_folder(name), new_folder(new_name)
    try:
        folder.replace(target)
    except OSError as error:
        raise AppError(f"'{name}' could not be renamed ({error.strerror}).", kept="It is unchanged.") from error
    with contextlib.suppress(OSError):  # most models were not pulled
        origin_file(name).replace(origin_file(new_name))
    with contextlib.suppress(ModelFolderError):  # a broken folder can be renamed, but there is nothing to render
        modelfolder.rewrite_card(target)
    return target


def entry(name_or_path: str | Path) -> ModelEntry:
    """The model of that name or in that folder, usable or not. Raises as `folder_of`."""
    folder = folder_of(name_or_path)
    return _entry(folder, shipped=folder.parent == settings().shipped_models, taken=False)


def named(name: str) -> ModelEntry:
    """The model of that name, usable or not. A path is none, so a stranger may give the name. Raises as `folder_of`."""
    folder = _by_name(name)
    return _entry(folder, shipped=folder.parent == settings().shipped_models, taken=False)


def disk_use(folder: Path) -> int:
    """Bytes of the files in `folder`, of a model or of whatever lies in its place."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file())


def origin_file(name: str) -> Path:
    """The record of where the model of that name was pulled from; most have none."""
    return own_models() / ".origins" / f"{name}.json"


def own_models() -> Path:
    """The folder of one's own models; may not exist yet."""
    return access.place("models")


def _by_name(name: str) -> Path:
    shipped, own = _folders_in(settings().shipped_models), _folders_in(own_models())
    if name in shipped and name in own:
        raise NameTakenError(
            f"'{name}' is a shipped model and one of your own.",
            kept="Both are unchanged.",
            todo=f"Rename yours: models rename {name} NEW-NAME.",
        )
    found = shipped.get(name) or own.get(name)
    if found is None:
        raise _not_found(name, sorted({*shipped, *own}))
    return found


def _folders_in(place: Path) -> dict[str, Path]:
    """Name -> folder, sorted. Hidden siblings and other owners' folders (`@…`) are left out."""
    if not place.is_dir():
        return {}
    return {path.name: path for path in sorted(place.iterdir()) if path.is_dir() and path.name[0] not in ".@"}


def _is_folder(path: str) -> bool:
    try:
        return path != "" and Path(path).expanduser().is_dir()
    except (OSError, RuntimeError):  # a name too long for a path, or the home of nobody
        return False


def _entry(path: Path, *, shipped: bool, taken: bool) -> ModelEntry:
    if taken:
        return ModelEntry(path.name, path, shipped, None, "A shipped model has the same name: rename yours to use it.")
    return _read(path, shipped, _state_of(path))


def _state_of(path: Path) -> tuple[tuple[str, int, int, int], ...]:
    """Changes when a file of the folder does: names, inodes, sizes and times; empty if it cannot be listed."""
    try:
        with os.scandir(path) as files:
            found = [(file.name, file.stat(follow_symlinks=False)) for file in files]
    except OSError:
        return ()
    return tuple(sorted((name, stat.st_ino, stat.st_size, stat.st_mtime_ns) for name, stat in found))


@lru_cache(maxsize=1000)
def _read(path: Path, shipped: bool, _state: tuple[tuple[str, int, int, int], ...]) -> ModelEntry:
    """Read once for each state of the folder: a page asks for all models several times."""
    try:
        return ModelEntry(path.name, path, shipped, modelfolder.verify(path, hashes=False))
    except ModelFolderError as error:
        return ModelEntry(path.name, path, shipped, None, str(error))


def own_folder(name: str) -> Path:
    """The folder of one's own model, usable or not. Raises `NotFoundError`, or `AppError` for a shipped one."""
    shipped, own = _folders_in(settings().shipped_models), _folders_in(own_models())
    if name in own:
        return own[name]
    if name in shipped:
        raise AppError(f"'{name}' is a shipped model: it can be neither renamed nor deleted.")
    raise _not_found(name, list(own))


def _not_found(name: str, names: list[str]) -> NotFoundError:
    near = difflib.get_close_matches(name, names, n=3)
    if near:
        todo = f"Did you mean {' or '.join(near)}?"
    elif names:
        todo = f"There are: {', '.join(names[:CHOICES])}{', …' if len(names) > CHOICES else ''}."
    else:
        todo = "There are no models yet: train one."
    if not settings().in_checkout:
        todo += " The shipped models come with a checkout of ULMFiT Studio (git clone), which this is not."
    return NotFoundError(f"There is no model or model folder called '{name}'.", todo=todo)
