"""Copies of a model for elsewhere: whole, in 16 bits, without its head, for fastai, or as one zip file to download."""

import io
import tempfile
import zipfile
from pathlib import Path

from ulmfit_app import modelfolder
from ulmfit_app.errors import NameTakenError
from ulmfit_app.registry.folders import folder_of, new_folder, own_models
from ulmfit_app.settings import settings


def export(
    name_or_path: str | Path, target: Path, *, half: bool = False, encoder: bool = False, fastai: bool = False
) -> None:
    """Write the model to `target`, which must not exist: a model folder, or with `fastai` a `.pth` of its encoder.

    `half`: weights in fp16; `encoder`: without the head. Raises as `folder_of` and the functions of `modelfolder`, and
    `NameTakenError` for a target among the models whose name is not valid and free.
    """
    folder = folder_of(name_or_path)
    _refuse_bad_place(target)
    with tempfile.TemporaryDirectory() as between:
        if fastai:
            modelfolder.export_fastai(folder, target)
        elif encoder and half:
            modelfolder.to_encoder(folder, Path(between) / folder.name)
            modelfolder.half(Path(between) / folder.name, target)
        elif encoder:
            modelfolder.to_encoder(folder, target)
        elif half:
            modelfolder.half(folder, target)
        else:
            modelfolder.copy(folder, target)


def zipped(name: str, *, half: bool = False, encoder: bool = False) -> bytes:
    """The export as a zip file of one folder, called as the model (`…-encoder`); stored: weights hardly shrink.

    Raises as `export`.
    """
    packed, called = io.BytesIO(), f"{name}-encoder" if encoder else name
    with tempfile.TemporaryDirectory() as between:
        folder = Path(between) / called
        export(name, folder, half=half, encoder=encoder)
        with zipfile.ZipFile(packed, "w") as archive:
            for path in sorted(folder.iterdir()):
                archive.write(path, f"{called}/{path.name}")
    return packed.getvalue()


def encoder_file(name: str) -> bytes:
    """The `.pth` that fastai's `load_encoder` reads. Raises as `export`."""
    with tempfile.TemporaryDirectory() as between:
        target = Path(between) / f"{name}.pth"
        export(name, target, fastai=True)
        return target.read_bytes()


def _refuse_bad_place(target: Path) -> None:
    """Raise `NameTakenError` if `target` lies among the models but could not be a model there."""
    place = target.parent.resolve()
    for models_folder in (own_models().resolve(), settings().shipped_models.resolve()):
        if place == models_folder:
            new_folder(target.name)
        elif (place / target.name).is_relative_to(models_folder):
            raise NameTakenError(
                f"{target} lies in the folder of the models, but is no place for one.",
                todo=f"Use {models_folder}/NAME, or a folder elsewhere.",
            )
