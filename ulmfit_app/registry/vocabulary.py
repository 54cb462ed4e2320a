"""The words that a model knows, without its weights."""

from pathlib import Path

from ulmfit_app import modelfolder
from ulmfit_app.registry.folders import folder_of


def read_vocab(name_or_path: str | Path) -> list[str]:
    """The words of the model, position = token id. Raises as `folder_of`, and `ModelFolderError`."""
    return modelfolder.read_vocab(folder_of(name_or_path))
