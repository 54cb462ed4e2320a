"""Products with weights in 16 bits give what torch gives in 32, and are only made of weights that lose nothing."""

import pytest
import torch
from torch.nn.functional import linear

from ulmfit_app.inference import half

WEIGHT = torch.randn(300, 70, generator=torch.Generator().manual_seed(0)).half().float()
BIAS = torch.randn(300, generator=torch.Generator().manual_seed(1))
ON_X86 = torch.backends.quantized.engine in ("x86", "fbgemm")


@pytest.fixture(autouse=True)
def small_ones_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is fast is another question: see the benchmarks."""
    monkeypatch.setattr(half, "LARGE", 1000)


pytestmark = pytest.mark.skipif(not ON_X86, reason="torch has no FBGEMM for this processor")


@pytest.mark.parametrize("bias", [None, BIAS])
def test_a_product_is_that_of_32_bits(bias: torch.Tensor | None) -> None:
    inputs = torch.randn(2, 3, 70)
    packed = half.packed_linear(WEIGHT, bias)
    assert packed is not None
    torch.testing.assert_close(half.linear(inputs, packed), linear(inputs, WEIGHT, bias), atol=2e-5, rtol=1e-5)


def test_an_lstm_is_that_of_32_bits_and_goes_on_from_its_state() -> None:
    plain = torch.nn.LSTM(20, 30)
    for matrix in (plain.weight_ih_l0, plain.weight_hh_l0):
        matrix.data = matrix.data.half().float()
    weights = [parameter.data for parameter in plain.parameters()]
    packed, inputs = half.packed_lstm(*weights), torch.randn(9, 4, 20)
    assert packed is not None
    state = torch.zeros(1, 4, 30), torch.zeros(1, 4, 30)
    with torch.inference_mode():
        first, h, c = half.lstm(inputs[:5], state, packed)
        second, h, c = half.lstm(inputs[5:], (h, c), packed)
        expected, (expected_h, expected_c) = plain(inputs)
    for found, wanted in ((torch.cat([first, second]), expected), (h, expected_h), (c, expected_c)):
        torch.testing.assert_close(found, wanted, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("value", [0.1, 1e6, 1e-9, float("nan")])
def test_weights_that_16_bits_do_not_hold_exactly_are_not_taken(value: float) -> None:
    other = WEIGHT.clone()
    other[5, 5] = value
    assert half.packed_linear(other, BIAS) is None
    assert half.packed_lstm(WEIGHT, other, BIAS, BIAS) is None and half.packed_lstm(other, WEIGHT, BIAS, BIAS) is None


def test_small_matrices_are_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(half, "LARGE", 2 * WEIGHT.numel())
    assert half.packed_linear(WEIGHT, BIAS) is None
    assert half.packed_lstm(WEIGHT, WEIGHT, BIAS, BIAS) is not None


def test_without_the_library_nothing_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(half, "_available", lambda: False)
    assert half.packed_linear(WEIGHT, BIAS) is None and half.packed_lstm(WEIGHT, WEIGHT, BIAS, BIAS) is None
