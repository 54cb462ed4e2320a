"""Handing a model of one's own to another owner: the folder, and where it was pulled from."""

import contextlib

from ulmfit_app import access, modelfolder
from ulmfit_app.errors import AppError, ModelFolderError
from ulmfit_app.registry.folders import origin_file, own_folder, own_models


def hand_over(name: str, to: str, called: str) -> None:
    """Move one's own model, usable or not, in one step to the owner `to`, who must have none that is `called` so.

    The card follows the name; that of a pulled model stays as it was verified. Raises `NotFoundError`, and `AppError`
    if the disk refuses it; the model stays then.
    """
    folder, origin = own_folder(name), origin_file(name)
    with access.acting_for(to):
        target, its_origin = own_models() / called, origin_file(called)
        try:
            access.claim(own_models())
            if origin.exists():  # first: it counts only for these weights
                its_origin.parent.mkdir(exist_ok=True)
                origin.replace(its_origin)
            folder.rename(target)
        except OSError as error:
            raise AppError(f"'{name}' could not be moved ({error.strerror}).", kept="It is where it was.") from error
        if called != name and not its_origin.exists():
            with contextlib.suppress(ModelFolderError):  # a broken folder is moved, but there is nothing to render
                modelfolder.rewrite_card(target)
