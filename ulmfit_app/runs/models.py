"""Where the models of a run lie: the one it uses, its parent, its result. What is inside them is the engine's business.

The registry, which lists and names models, is not imported by runs; submitters ask it and pass names that it knows.
"""

from pathlib import Path

from ulmfit_app import access
from ulmfit_app.errors import NotFoundError, ParentError
from ulmfit_app.settings import settings


def result_folder(name: str) -> Path:
    """Where the model called `name` will be."""
    return access.place("models") / name


def model_folder(name_or_path: str) -> Path:
    """Folder of an own or shipped model, or the absolute path of one; `NotFoundError` if there is none."""
    for root in (access.place("models"), settings().shipped_models):
        if (root / name_or_path).is_dir() and access.readable(root / name_or_path):
            return root / name_or_path
    raise NotFoundError(f"The model '{name_or_path}' is not there.", todo="Choose another model.")


def parent_folder(name_or_path: str) -> Path:
    """`model_folder` of a training's parent; `ParentError` if it has gone meanwhile."""
    try:
        return model_folder(name_or_path)
    except NotFoundError as error:
        raise ParentError(
            f"The parent model '{name_or_path}' is not there any more.", todo="Start the run again with another parent."
        ) from error
