"""Reading a model folder, and refusing one that cannot be trusted. Torch is imported by `read_weights` alone.

Every function checks what it reads: nothing is returned from a file whose hash, size or shape is not as config.json
says, and nothing is allocated before the sizes are known to be right.
"""

import hashlib
import os
import stat
from collections.abc import Sequence
from io import BufferedReader
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, TypeAdapter, ValidationError

from ulmfit_app.errors import ModelFolderError
from ulmfit_app.modelfolder.tensors import check_header, header_length
from ulmfit_app.schema import FAKE, SPECIAL_TOKENS, ModelConfig

if TYPE_CHECKING:
    from torch import Tensor

CONFIG, VOCAB, WEIGHTS, CARD = "config.json", "vocab.json", "model.safetensors", "README.md"
MAX_BYTES = {CONFIG: 1 << 20, VOCAB: 64 << 20, WEIGHTS: 2 << 30, CARD: 1 << 20}
PICKLES = (".pkl", ".pickle", ".pth", ".pt", ".bin", ".ckpt")
FORMAT = 1

_WORDS = TypeAdapter(list[str])
_DOWNLOAD_AGAIN = "Copy or download the model again, or delete it."


class _Format(BaseModel):
    """The one field of config.json that is read before the rest."""

    format: int


def verify(folder: Path, hashes: bool = True) -> ModelConfig:
    """Check `folder` as a whole without loading it and return its configuration.

    `hashes=False` leaves out what needs whole files to be read: the hashes and the words of the vocabulary.
    Raises `ModelFolderError` with the reason.
    """
    config = read_config(folder)
    if hashes:
        read_vocab(folder)
    with _opened(folder, WEIGHTS) as file:
        _check_weights_header(folder, file, config)
        if hashes:
            file.seek(0)
            _check_hash(folder, WEIGHTS, hashlib.file_digest(file, "sha256").hexdigest(), config.weights_sha256)
    return config


def read_config(folder: Path) -> ModelConfig:
    """The configuration of `folder`, whose list of files is checked too. Raises `ModelFolderError`."""
    check_listing(folder)
    raw = _read(folder, CONFIG)
    try:
        found = _Format.model_validate_json(raw, strict=True).format
        if found > FORMAT:
            raise _refusal(
                folder,
                f"was written by a newer version of ULMFiT Studio (format {found}; this one reads {FORMAT}).",
                "Update ULMFiT Studio to use it.",
            )
        return ModelConfig.model_validate_json(raw, strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])[:80] or "file"
        raise _refusal(folder, f"has a config.json that cannot be used ({where}: {first['msg']}).") from error


def read_vocab(folder: Path) -> list[str]:
    """The words of `folder`, position = token id. Raises `ModelFolderError`."""
    config = read_config(folder)
    raw = _read(folder, VOCAB)
    _check_hash(folder, VOCAB, hashlib.sha256(raw).hexdigest(), config.vocab_sha256)
    try:
        vocab = _WORDS.validate_json(raw, strict=True)
        check_vocab(vocab, config.vocab_size)
    except ValidationError as error:
        raise _refusal(folder, "has a vocab.json that is not a list of words.") from error
    except ModelFolderError as error:
        raise _refusal(folder, f"cannot be used. {error.what}") from error
    return vocab


def read_weights(folder: Path) -> dict[str, "Tensor"]:
    """The tensors of `folder` by name, in fp32 whatever the file holds. Raises `ModelFolderError`."""
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load

    config = read_config(folder)
    with _opened(folder, WEIGHTS) as file:
        _check_weights_header(folder, file, config)
        file.seek(0)
        data = file.read()
    _check_hash(folder, WEIGHTS, hashlib.sha256(data).hexdigest(), config.weights_sha256)
    try:
        weights = {name: tensor.float() for name, tensor in load(data).items()}
    except SafetensorError as error:
        raise _refusal(folder, f"has weights that cannot be read ({error}).") from error
    for name, tensor in weights.items():
        if not torch.isfinite(tensor).all():
            raise _refusal(folder, f"holds numbers that are not finite, in the tensor '{name}'.", "Train it again.")
    return weights


def check_listing(folder: Path) -> None:
    """Raise `ModelFolderError` unless `folder` holds plain files of the four known names, none of them too large."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise _refusal(folder, f"cannot be read ({error.strerror}).", "Check the path.") from error
    for entry in entries:
        _check_entry(folder, entry)
    missing = {CONFIG, VOCAB, WEIGHTS} - {entry.name for entry in entries}
    if missing:
        raise _refusal(folder, f"lacks {', '.join(sorted(missing))}.")


def check_vocab(vocab: Sequence[str], size: int) -> None:
    """Raise `ModelFolderError` unless `vocab` has `size` different words after the special tokens (padding apart)."""
    words = [word for word in vocab if word != FAKE]
    if len(vocab) != size:
        raise ModelFolderError(f"The vocabulary has {len(vocab):,} words; config.json says {size:,}.")
    if tuple(vocab[: len(SPECIAL_TOKENS)]) != SPECIAL_TOKENS:
        raise ModelFolderError(f"The vocabulary does not begin with the special tokens {' '.join(SPECIAL_TOKENS)}.")
    if len(set(words)) != len(words):
        raise ModelFolderError("The vocabulary has the same word twice.")


def _check_entry(folder: Path, entry: os.DirEntry[str]) -> None:
    name = entry.name
    if name.lower().endswith(PICKLES):
        raise _refusal(
            folder,
            f"contains '{name[:80]}', a pickle. Loading a pickle runs whatever program it carries, so none is ever "
            "opened here.",
            "Ask its author for the weights as safetensors, or train the model with this app.",
        )
    if name not in MAX_BYTES:
        raise _refusal(folder, f"contains '{name[:80]}', which is no part of a model.", "Remove it.")
    try:
        info = entry.stat(follow_symlinks=False)
    except OSError as error:
        raise _refusal(folder, f"has a {name} that cannot be read ({error.strerror}).") from error
    if not stat.S_ISREG(info.st_mode):
        raise _refusal(folder, f"has a link or folder in the place of {name}.", "Put the file itself there.")
    if info.st_size > MAX_BYTES[name]:
        raise _refusal(folder, f"has a {name} of {info.st_size:,} bytes; at most {MAX_BYTES[name]:,} are read.")


def _check_weights_header(folder: Path, file: BufferedReader, config: ModelConfig) -> None:
    """Check the header of `file`, which is at its beginning, against `config` and the size of the file."""
    try:
        header = file.read(header_length(file.read(8)))
        check_header(header, os.fstat(file.fileno()).st_size, config)
    except ModelFolderError as error:
        raise _refusal(folder, f"cannot be used. {error.what}") from error


def _check_hash(folder: Path, name: str, found: str, expected: str) -> None:
    if found != expected:
        raise _refusal(folder, f"has a {name} that is not the one its config.json describes (the hashes differ).")


def _opened(folder: Path, name: str) -> BufferedReader:
    try:
        return (folder / name).open("rb")
    except OSError as error:
        raise _refusal(folder, f"has a {name} that cannot be read ({error.strerror}).") from error


def _read(folder: Path, name: str) -> bytes:
    with _opened(folder, name) as file:
        return file.read(MAX_BYTES[name] + 1)


def _refusal(folder: Path, reason: str, todo: str = _DOWNLOAD_AGAIN) -> ModelFolderError:
    return ModelFolderError(f"The model folder '{folder.name}' {reason}", todo=todo)
