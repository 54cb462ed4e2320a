"""Names and shapes of a model's tensors, and the check of a safetensors header against them. Imports no torch."""

import itertools
import math
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, TypeVar

from pydantic import NonNegativeInt, TypeAdapter, ValidationError

from ulmfit_app.errors import ModelFolderError
from ulmfit_app.schema import Architecture, Kind, ModelConfig, Record

if TYPE_CHECKING:
    from torch import Tensor

T = TypeVar("T")
Part = Literal["full", "encoder"]

MAX_HEADER = 1 << 20
PREFIX = {(Kind.LM, "full"): "0.", (Kind.CLASSIFIER, "full"): "0.module."}
DTYPES = {"float32": ("F32", 4), "float16": ("F16", 2)}

# Present in fastai's state dicts, absent from a folder: tied to `encoder.weight`, or a counter that nothing reads.
_LEFT_OUT = re.compile(r".*(encoder_dp\.emb\.weight|num_batches_tracked)|1\.decoder\.weight")
_LINEAR_WITHOUT_DROPOUT = re.compile(r"(1\.layers\.\d+)\.1\.weight")


class TensorEntry(Record):
    """What a safetensors header says of one tensor; offsets count bytes from the end of the header."""

    dtype: str
    shape: tuple[NonNegativeInt, ...]
    data_offsets: tuple[NonNegativeInt, NonNegativeInt]


_HEADER = TypeAdapter(dict[str, TensorEntry])


def encoder_shapes(architecture: Architecture, vocab_size: int) -> dict[str, tuple[int, ...]]:
    """Name -> shape of a bare `AWD_LSTM`; the last layer has `emb_sz` hidden units, the others `n_hid`."""
    emb, hid, n_layers = architecture.emb_sz, architecture.n_hid, architecture.n_layers
    shapes: dict[str, tuple[int, ...]] = {"encoder.weight": (vocab_size, emb)}
    for layer in range(n_layers):
        n_in = emb if layer == 0 else hid
        n_out = emb if layer == n_layers - 1 else hid
        shapes[f"rnns.{layer}.weight_hh_l0_raw"] = (4 * n_out, n_out)
        shapes[f"rnns.{layer}.module.weight_ih_l0"] = (4 * n_out, n_in)
        shapes[f"rnns.{layer}.module.bias_ih_l0"] = (4 * n_out,)
        shapes[f"rnns.{layer}.module.bias_hh_l0"] = (4 * n_out,)
    return shapes


def head_shapes(architecture: Architecture, n_labels: int) -> dict[str, tuple[int, ...]]:
    """Name -> shape of fastai's `PoolingLinearClassifier`: batch norm, dropout, linear without bias, per block."""
    sizes = (3 * architecture.emb_sz, *architecture.lin_ftrs, n_labels)
    shapes: dict[str, tuple[int, ...]] = {}
    for block, (n_in, n_out) in enumerate(itertools.pairwise(sizes)):
        for name in ("weight", "bias", "running_mean", "running_var"):
            shapes[f"1.layers.{block}.0.{name}"] = (n_in,)
        shapes[f"1.layers.{block}.2.weight"] = (n_out, n_in)
    return shapes


def expected_shapes(config: ModelConfig) -> dict[str, tuple[int, ...]]:
    """Name -> shape of every tensor that a folder of this configuration holds, no more and no fewer."""
    prefix = PREFIX.get((config.kind, config.part), "")
    encoder = encoder_shapes(config.architecture, config.vocab_size)
    shapes = {prefix + name: shape for name, shape in encoder.items()}
    if config.part == "encoder":
        return shapes
    if config.kind is Kind.CLASSIFIER:
        return shapes | head_shapes(config.architecture, len(config.labels))
    return shapes | ({"1.decoder.bias": (config.vocab_size,)} if config.architecture.out_bias else {})


def from_state_dict(state: Mapping[str, T]) -> dict[str, T]:
    """The tensors of a fastai state dict that go into a folder, under the folder's names.

    fastai's `LinBnDrop` leaves the dropout layer out where its probability is 0, which moves the linear layer from
    position 2 to 1; a folder always says 2.
    """
    kept = {name: tensor for name, tensor in state.items() if not _LEFT_OUT.fullmatch(name)}
    return {_LINEAR_WITHOUT_DROPOUT.sub(r"\1.2.weight", name): tensor for name, tensor in kept.items()}


def encoder_weights(weights: Mapping[str, "Tensor"], kind: Kind, part: Part) -> dict[str, "Tensor"]:
    """The encoder's tensors among a folder's `weights`, under the names of a bare `AWD_LSTM`."""
    prefix = PREFIX.get((kind, part), "")
    inside = {name.removeprefix(prefix): tensor for name, tensor in weights.items() if name.startswith(prefix)}
    return {name: tensor for name, tensor in inside.items() if name.startswith(("encoder.", "rnns."))}


def check_names_and_shapes(found: Mapping[str, tuple[int, ...]], config: ModelConfig) -> None:
    """Raise `ModelFolderError` unless `found` is exactly `expected_shapes(config)`."""
    expected = expected_shapes(config)
    for name in sorted(expected.keys() | found.keys()):
        if name not in found:
            raise ModelFolderError(f"The weights lack the tensor '{name}', which config.json calls for.")
        if name not in expected:
            raise ModelFolderError(f"The weights hold a tensor '{name[:80]}' that config.json does not call for.")
        if found[name] != expected[name]:
            raise ModelFolderError(
                f"The tensor '{name}' has the shape {list(found[name])}; by config.json it is {list(expected[name])}."
            )


def header_length(first_bytes: bytes) -> int:
    """Length of the JSON header from the `first_bytes` (8, little endian) of a safetensors file."""
    length = int.from_bytes(first_bytes[:8], "little")
    if len(first_bytes) < 8 or not 2 <= length <= MAX_HEADER:
        raise ModelFolderError("model.safetensors does not begin with a safetensors header.")
    return length


def check_header(header: bytes, file_size: int, config: ModelConfig) -> None:
    """Check the JSON `header` of a safetensors file of `file_size` bytes: names, shapes, type, and no gap between."""
    try:
        entries = _HEADER.validate_json(header, strict=True)
    except ValidationError as error:
        raise ModelFolderError("The header of model.safetensors is damaged.") from error
    check_names_and_shapes({name: entry.shape for name, entry in entries.items()}, config)
    code, itemsize = DTYPES[config.dtype]
    position = 0
    for name, entry in sorted(entries.items(), key=lambda item: item[1].data_offsets):
        if entry.dtype != code:
            raise ModelFolderError(f"The tensor '{name}' is of type {entry.dtype[:20]}; by config.json it is {code}.")
        begin, end = entry.data_offsets
        if begin != position or end - begin != math.prod(entry.shape) * itemsize:
            raise ModelFolderError(f"The tensor '{name}' does not lie where its shape says.")
        position = end
    if 8 + len(header) + position != file_size:
        raise ModelFolderError(
            f"model.safetensors is {file_size:,} bytes long and should be {8 + len(header) + position:,}: it was cut "
            "short, or something was added."
        )
