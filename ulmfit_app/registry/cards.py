"""The card (README.md) of a model by its name, and the notes in it, which are their owner's to write."""

from ulmfit_app import modelfolder
from ulmfit_app.errors import AppError
from ulmfit_app.registry.folders import folder_of, own_folder

MAX_NOTES = 20_000  # characters; a card has at most 1 MiB


def read_card(name: str) -> str:
    """The card as it lies in the folder, empty if there is none. Raises as `folder_of`, and `ModelFolderError`."""
    return modelfolder.read_card(folder_of(name))


def read_notes(name: str) -> str:
    """The notes in the card. Raises as `read_card`."""
    return modelfolder.notes_of(read_card(name))


def write_notes(name: str, notes: str) -> None:
    """Replace the notes of one's own model and render its card anew; the old card stays until the new one is whole.

    Raises `NotFoundError`, `AppError` for a shipped model or too many characters, `ModelFolderError`.
    """
    if len(notes) > MAX_NOTES:
        raise AppError(f"Notes have at most {MAX_NOTES:,} characters; these have {len(notes):,}.", todo="Shorten them.")
    modelfolder.rewrite_card(own_folder(name), notes)
