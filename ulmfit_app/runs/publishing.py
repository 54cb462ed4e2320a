"""Giving a finished model its place among the models, once, whenever the worker is killed.

The engine writes the model into the run's own folder, the worker then writes result.json, and only then the model moves
to its place in one step. So a resumed worker sees how far the one before came: no result -> the model, if there is one,
is made again from the last checkpoint; a result and a model in the run's folder -> it has to move; a result alone ->
it has moved. The run and the models therefore have to lie on one disk.
"""

import errno
import shutil
from pathlib import Path

from ulmfit_app import access
from ulmfit_app.errors import NameTakenError
from ulmfit_app.runs.folder import RunFolder
from ulmfit_app.runs.models import result_folder


def staging(folder: RunFolder, name: str) -> Path:
    """Where the engine writes the model called `name`; empty now, as there is no result yet."""
    shutil.rmtree(folder.model, ignore_errors=True)
    return folder.model / name


def is_published(folder: RunFolder, name: str) -> bool:
    """True if a worker gave the model its place, even if it was killed before it could say so."""
    return folder.result() is not None and not (folder.model / name).exists()


def publish(folder: RunFolder, name: str) -> None:
    """Move the model to its place, unless that is done. Raises `NameTakenError`; the model then stays where it is."""
    if is_published(folder, name):
        return
    staged, target = folder.model / name, result_folder(name)
    access.claim(target.parent)
    try:
        if target.exists():  # an empty folder would be replaced
            raise OSError(errno.EEXIST, "")
        staged.rename(target)
    except OSError as error:
        if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
            raise
        raise NameTakenError(
            f"While the run worked, something else was called '{name}'.",
            kept="The model is finished and lies in the run's folder.",
            todo=f"Rename or delete the other '{name}', then resume: the model gets its place without training again.",
        ) from error
