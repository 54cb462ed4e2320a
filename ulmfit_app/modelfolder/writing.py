"""Writing a model folder: made beside its place, then moved there in one step. Torch is imported inside."""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from ulmfit_app.errors import ModelFolderError, NameTakenError
from ulmfit_app.modelfolder.card import notes_of, render
from ulmfit_app.modelfolder.tensors import Part, check_names_and_shapes, from_state_dict
from ulmfit_app.modelfolder.verification import CARD, CONFIG, MAX_BYTES, VOCAB, WEIGHTS, check_vocab, read_config
from ulmfit_app.schema import Architecture, Kind, Lineage, Metric, ModelConfig, TokenizerConfig

if TYPE_CHECKING:
    from torch import Tensor


def write(
    folder: Path,
    *,
    kind: Kind,
    part: Part = "full",
    architecture: Architecture,
    tokenizer: TokenizerConfig,
    vocab: Sequence[str],
    labels: Sequence[str] = (),
    seq_len: int = 72,
    max_len: int = 1440,
    lineage: Lineage,
    metrics: Mapping[str, Metric] | None = None,
    partial: bool = False,
    weights: Mapping[str, "Tensor"],
    notes: str = "",
    half: bool = False,
) -> ModelConfig:
    """Write a model to `folder`, which must not exist, and return its configuration.

    `weights` are a fastai state dict (tied duplicates and counters are left out) or a folder's own tensors; `half`
    stores them in fp16. Equal weights give equal bytes. Raises `NameTakenError`, or `ModelFolderError` if the parts do
    not fit together, the weights are not finite or the disk refuses them; nothing is left behind then.
    """
    vocab_bytes = _json(list(vocab))
    tensors = _storable(from_state_dict(weights), half)
    weight_bytes = _serialised(tensors)
    try:
        config = ModelConfig(
            kind=kind,
            part=part,
            partial=partial,
            architecture=architecture,
            tokenizer=tokenizer,
            vocab_size=len(vocab),
            labels=tuple(labels),
            seq_len=seq_len,
            max_len=max_len,
            dtype="float16" if half else "float32",
            created=datetime.now(UTC).isoformat(timespec="milliseconds"),
            lineage=lineage,
            metrics=dict(metrics or {}),
            vocab_sha256=hashlib.sha256(vocab_bytes).hexdigest(),
            weights_sha256=hashlib.sha256(weight_bytes).hexdigest(),
        )
    except ValidationError as error:
        raise ModelFolderError(f"The model cannot be saved: {error.errors()[0]['msg']}.") from error
    check_vocab(vocab, config.vocab_size)
    check_names_and_shapes({name: tuple(tensor.shape) for name, tensor in tensors.items()}, config)
    with _beside(folder) as new:
        _store(new / CONFIG, config.model_dump_json(indent=1).encode())
        _store(new / VOCAB, vocab_bytes)
        _store(new / WEIGHTS, weight_bytes)
        _store(new / CARD, render(folder.name, config, notes).encode())
    return config


def rewrite_card(folder: Path, notes: str | None = None) -> None:
    """Render the card of `folder` again, under its present name, with other `notes` or those that it has.

    Raises `ModelFolderError`.
    """
    card = render(folder.name, read_config(folder), notes_of(read_card(folder)) if notes is None else notes)
    beside = folder.parent / f".{folder.name}.{CARD}"
    try:
        _store(beside, card.encode())
        beside.replace(folder / CARD)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise ModelFolderError(
            f"The card of '{folder.name}' could not be written ({error.strerror}).", kept="The old card is unchanged."
        ) from error


def read_card(folder: Path) -> str:
    """The card of `folder`; empty without one, or without a readable one."""
    try:
        with (folder / CARD).open("rb") as file:
            return file.read(MAX_BYTES[CARD]).decode(errors="replace")
    except OSError:
        return ""


@contextmanager
def _beside(target: Path) -> Iterator[Path]:
    """A new folder beside `target` that becomes `target` at the end of the block, or vanishes if the block fails."""
    if target.exists() or target.is_symlink():
        raise NameTakenError(f"There is already something called '{target.name}'.", todo="Choose another name.")
    new: Path | None = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        new = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
        new.chmod(0o755)
        yield new
        new.replace(target)
    except OSError as error:
        raise ModelFolderError(
            f"The model '{target.name}' could not be written ({error.strerror}).",
            kept="Nothing was left behind.",
            todo="Free some space, or check that the folder may be written.",
        ) from error
    finally:
        if new is not None:
            shutil.rmtree(new, ignore_errors=True)


def _store(path: Path, data: bytes) -> None:
    """Write `data` and wait until it is on the disk, so that the rename that follows never shows an empty file."""
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _json(words: list[str]) -> bytes:
    try:
        return json.dumps(words, ensure_ascii=False, indent=0).encode()
    except UnicodeEncodeError as error:
        raise ModelFolderError("The vocabulary has a word that is no valid text.") from error


def _storable(tensors: Mapping[str, "Tensor"], half: bool) -> dict[str, "Tensor"]:
    """Copies on the CPU in the type that is stored. Raises `ModelFolderError` if one is not finite."""
    import torch

    dtype = torch.float16 if half else torch.float32
    copies = {name: tensor.detach().to("cpu", dtype, copy=True).contiguous() for name, tensor in tensors.items()}
    for name, tensor in copies.items():
        if not torch.isfinite(tensor).all():
            raise ModelFolderError(
                f"The tensor '{name}' holds numbers that are not finite{' in 16 bits' if half else ''}.",
                kept="Nothing was saved.",
            )
    return copies


def _serialised(tensors: dict[str, "Tensor"]) -> bytes:
    from safetensors.torch import save

    return save(tensors)
