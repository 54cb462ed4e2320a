"""Products with weights in 16 bits, for few rows: they take as long as reading the weights, and these are half as long.

The weights go through FBGEMM, which multiplies them with activations in 32 bits and adds up in 32 bits. Only weights
that 16 bits hold exactly are taken, as those of a model stored in fp16 are: the results are those of 32 bits but for
the order of the sums. Where torch has no FBGEMM (other processors than x86) nothing is taken, nor are small matrices:
they stay in the processor's cache, and FBGEMM's LSTM calls a dozen operators for a token where oneDNN's calls one.
"""

import torch
from torch import ScriptObject, Tensor

FEW = 8  # rows up to which this is not slower (1.3 to 2 times as fast with one to four; torch 2.13, AVX-512)
LARGE = 900_000  # numbers from which it is faster (a layer of 256 units on 256: half as fast; of 384: 1.4 times)


def packed_linear(weight: Tensor, bias: Tensor | None) -> ScriptObject | None:
    """For `linear`: `weight` (n_out, n_in) in FBGEMM's order; None if it cannot be taken."""
    return _packed(weight, bias) if _are_taken(weight) else None


def linear(inputs: Tensor, packed: ScriptObject) -> Tensor:
    """`inputs` (…, n_in) to (…, n_out)."""
    output: Tensor = torch.ops.quantized.linear_dynamic_fp16(inputs, packed)
    return output


def packed_lstm(w_ih: Tensor, w_hh: Tensor, b_ih: Tensor, b_hh: Tensor) -> ScriptObject | None:
    """For `lstm`: the weights of one layer under torch's names; None if they cannot be taken."""
    if not _are_taken(w_ih, w_hh):
        return None
    packed: ScriptObject = torch.ops.quantized.make_quantized_cell_params_fp16(_packed(w_ih, b_ih), _packed(w_hh, b_hh))
    return packed


def lstm(inputs: Tensor, state: tuple[Tensor, Tensor], packed: ScriptObject) -> tuple[Tensor, Tensor, Tensor]:
    """`inputs` (t, b, n_in) on from `state` (h, c), each (1, b, units): output (t, b, units) and the new h and c."""
    output, h, c = torch.quantized_lstm(
        inputs, list(state), [packed], True, 1, 0.0, False, False, False, dtype=torch.float16, use_dynamic=True
    )
    return output, h, c


def _packed(weight: Tensor, bias: Tensor | None) -> ScriptObject:
    packed: ScriptObject = torch.ops.quantized.linear_prepack_fp16(weight, bias)
    return packed


def _are_taken(*matrices: Tensor) -> bool:
    large = sum(matrix.numel() for matrix in matrices) >= LARGE
    return _available() and large and all(torch.equal(matrix.half().float(), matrix) for matrix in matrices)


def _available() -> bool:
    return torch.backends.quantized.engine in ("x86", "fbgemm")
