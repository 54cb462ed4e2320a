"""Deleting one's own models, and bringing them back from the trash."""

from ulmfit_app.errors import NameTakenError
from ulmfit_app.registry.folders import own_folder, own_models
from ulmfit_app.settings import settings
from ulmfit_app.trash import Trash

TRASH = Trash("models")


def delete(name: str) -> str:
    """Move one's own model, usable or not, to the trash in one step; returns the token that `restore` takes."""
    return TRASH.discard(own_folder(name))


def restore(token: str) -> str:
    """Bring a deleted model back and return its name. Raises `NotFoundError`, `NameTakenError`."""
    found = TRASH.find(token)
    target = own_models() / found.name
    if target.exists() or (settings().shipped_models / found.name).exists():
        raise NameTakenError(
            f"Another model is called '{found.name}' now.",
            kept="The deleted one stays in the trash.",
            todo="Rename the other one first.",
        )
    TRASH.bring_back(found, target)
    return found.name
