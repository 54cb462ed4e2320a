"""Products with weights in 16 bits, for few rows: they take as long as reading the weights, and these are half as long.

The weights go through FBGEMM, which multiplies them with activations in 32 bits and adds up in 32 bits. Only weights
that 16 bits hold exactly are taken, as those of a model stored in fp16 are: the results are those of 32 bits but for
the order of the sums. Where torch has no FBGEMM (other processors than x86) nothing is taken.
"""

import torch
from torch import ScriptObject, Tensor

FEW = 8  # rows up to which this is faster (two to three times with one to four; torch 2.13, AVX-512)


def packed_linear(weight: Tensor, bias: Tensor | None) -> ScriptObject | None:
    """For `linear`: `weight` (n_out, n_in) in FBGEMM's order; None if it cannot be taken."""
    if not (_available() and _fits(weight)):
        return None
    packed: ScriptObject = torch.ops.quantized.linear_prepack_fp16(weight, bias)
    return packed


def linear(inputs: Tensor, packed: ScriptObject) -> Tensor:
    """`inputs` (…, n_in) to (…, n_out)."""
    output: Tensor = torch.ops.quantized.linear_dynamic_fp16(inputs, packed)
    return output


def packed_lstm(w_ih: Tensor, w_hh: Tensor, b_ih: Tensor, b_hh: Tensor) -> ScriptObject | None:
    """For `lstm`: the weights of one layer under torch's names; None if they cannot be taken."""
    parts = packed_linear(w_ih, b_ih), packed_linear(w_hh, b_hh)
    if any(part is None for part in parts):
        return None
    packed: ScriptObject = torch.ops.quantized.make_quantized_cell_params_fp16(*parts)
    return packed


def lstm(inputs: Tensor, state: tuple[Tensor, Tensor], packed: ScriptObject) -> tuple[Tensor, Tensor, Tensor]:
    """`inputs` (t, b, n_in) on from `state` (h, c), each (1, b, units): output (t, b, units) and the new h and c."""
    output, h, c = torch.quantized_lstm(
        inputs, list(state), [packed], True, 1, 0.0, False, False, False, dtype=torch.float16, use_dynamic=True
    )
    return output, h, c


def _available() -> bool:
    return torch.backends.quantized.engine in ("x86", "fbgemm")


def _fits(weight: Tensor) -> bool:
    return torch.equal(weight.half().float(), weight)
