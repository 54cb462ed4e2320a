"""Making another file from a model folder: a copy, a 16-bit one, its encoder, a `.pth` for fastai."""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ulmfit_app.errors import ModelFolderError, NameTakenError
from ulmfit_app.modelfolder.card import notes_of
from ulmfit_app.modelfolder.tensors import encoder_weights
from ulmfit_app.modelfolder.verification import read_config, read_vocab, read_weights
from ulmfit_app.modelfolder.writing import read_card, write
from ulmfit_app.schema import ModelConfig

if TYPE_CHECKING:
    from torch import Tensor


def to_encoder(folder: Path, target: Path) -> ModelConfig:
    """Write the encoder of `folder` as a model folder `target`, in the same number type.

    Labels and metrics stay behind: they belong to the head.
    """
    config = read_config(folder)
    weights = encoder_weights(read_weights(folder), config.kind, config.part)
    headless = config.model_copy(update={"part": "encoder", "labels": (), "metrics": {}})
    return _write(folder, target, headless, weights)


def half(folder: Path, target: Path) -> ModelConfig:
    """Write a copy of `folder` as `target` whose weights are stored in fp16."""
    config = read_config(folder).model_copy(update={"dtype": "float16"})
    return _write(folder, target, config, read_weights(folder))


def copy(folder: Path, target: Path) -> ModelConfig:
    """Write a verified copy of `folder` as `target`."""
    return _write(folder, target, read_config(folder), read_weights(folder))


def _write(folder: Path, target: Path, config: ModelConfig, weights: Mapping[str, "Tensor"]) -> ModelConfig:
    """Write `target` as `config` says, with `weights` and the words and notes of `folder`."""
    return write(
        target,
        kind=config.kind,
        part=config.part,
        architecture=config.architecture,
        tokenizer=config.tokenizer,
        vocab=read_vocab(folder),
        labels=config.labels,
        seq_len=config.seq_len,
        max_len=config.max_len,
        lineage=config.lineage,
        metrics=config.metrics,
        partial=config.partial,
        weights=weights,
        notes=notes_of(read_card(folder)),
        half=config.dtype == "float16",
    )


def export_fastai(folder: Path, target: Path) -> None:
    """Write the encoder of `folder` as a `.pth` file that fastai's `learn.load_encoder` accepts.

    The learner needs the vocabulary of `folder` and the same architecture. Raises `NameTakenError` if `target` exists.
    """
    import torch

    if target.exists():
        raise NameTakenError(f"There is already a file '{target.name}'.", todo="Choose another name.")
    config = read_config(folder)
    encoder = encoder_weights(read_weights(folder), config.kind, config.part)
    encoder["encoder_dp.emb.weight"] = encoder["encoder.weight"]
    beside: Path | None = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        os.close(handle)
        beside = Path(name)
        torch.save(encoder, beside)
        beside.replace(target)
    except (OSError, RuntimeError) as error:
        raise ModelFolderError(
            f"'{target.name}' could not be written ({error}).",
            kept="Nothing was left behind.",
            todo="Free some space, or check that the folder may be written.",
        ) from error
    finally:
        if beside is not None:
            beside.unlink(missing_ok=True)
