"""Errors whose text is written for the person who sees it.

Every message says what happened, then what was kept (if anything could have been lost), then what to do.
A page or command prints `str(error)` and nothing else; anything that is not an `AppError` is a bug of ours.
"""


class AppError(Exception):
    """An expected failure. `what` happened, what was `kept`, what `todo` next: whole sentences."""

    def __init__(self, what: str, *, kept: str = "", todo: str = "") -> None:
        super().__init__(what, kept, todo)
        self.what, self.kept, self.todo = what, kept, todo

    def __str__(self) -> str:
        """The whole message. Not from `args`: fastai rewrites those of an exception that passes through a callback."""
        parts = [part for part in (self.what, self.kept, self.todo) if part]
        return "".join(part if part.endswith("\n") else f"{part} " for part in parts).rstrip(" ")


class NotFoundError(AppError):
    """A dataset, model, run or checkpoint of that name does not exist."""


class NameTakenError(AppError):
    """The name is not allowed or already in use."""


class DataError(AppError):
    """A file or dataset cannot be used as it is."""


class RecipeError(AppError):
    """A recipe, an override, or a recipe and dataset that do not fit together."""


class ModelFolderError(AppError):
    """A model folder is corrupt, unsafe, or not of our format."""


class ParentError(AppError):
    """The parent model does not fit the run."""


class TrainingError(AppError):
    """A training that cannot go on: out of memory, NaN loss, nothing to train on."""


class DeviceError(AppError):
    """A device or precision that this machine does not have."""


class OfflineError(AppError):
    """Something has to be downloaded and cannot be."""


class HubError(AppError):
    """The Hub refused something, or what it sent cannot be used."""


class CancelledError(AppError):
    """A person ended what was going on."""


class RunError(AppError):
    """A run that cannot be submitted, started or read."""


class MissingExtraError(AppError):
    """An optional part of the package is not installed."""
