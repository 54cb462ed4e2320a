"""The output layer and its loss as one operation, against fastai's own two."""

import copy

import pytest
import torch
from fastai.losses import CrossEntropyLossFlat

from tests.unit.engine import courses
from ulmfit_app.engine import devices, learners, lm_output
from ulmfit_app.engine.lm_output import LazyCrossEntropy, Undecoded


def parts(dtype: torch.dtype, n: int, bias: bool) -> tuple[list[torch.Tensor | None], torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    shapes = ((3, n, 16), (50, 16), (50,))
    tensors = [torch.randn(shape, generator=generator) for shape in shapes]
    tensors[0] = tensors[0].to(dtype)
    made = [tensor.requires_grad_() for tensor in tensors]
    return [made[0], made[1], made[2] if bias else None], torch.randint(0, 50, (3, n), generator=generator)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("n", [7, 3 * lm_output.ROWS, 100])
def test_loss_and_gradients_are_fastais(n: int, bias: bool) -> None:
    (hidden, weight, shift), targets = parts(torch.float32, n, bias)
    assert hidden is not None and weight is not None
    plain = CrossEntropyLossFlat()(torch.nn.functional.linear(hidden, weight, shift), targets)
    (3 * plain).backward()
    wanted = [tensor.grad.clone() for tensor in (hidden, weight, shift) if tensor is not None]
    for tensor in (hidden, weight, shift):
        if tensor is not None:
            tensor.grad = None
    loss = LazyCrossEntropy()(Undecoded(hidden, weight, shift), targets)
    (3 * loss).backward()
    found = [tensor.grad for tensor in (hidden, weight, shift) if tensor is not None]
    assert loss.item() == pytest.approx(plain.item(), rel=1e-6)
    for one, other in zip(found, wanted, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-6)


def test_in_bf16_the_loss_is_close_and_the_gradients_of_weights_are_fp32() -> None:
    (hidden, weight, shift), targets = parts(torch.bfloat16, 40, True)
    assert hidden is not None and weight is not None and shift is not None
    exact = CrossEntropyLossFlat()(torch.nn.functional.linear(hidden.float(), weight, shift), targets)
    loss = LazyCrossEntropy()(Undecoded(hidden, weight, shift), targets)
    loss.backward()
    assert loss.item() == pytest.approx(exact.item(), rel=1e-2)
    assert (hidden.grad.dtype, weight.grad.dtype, shift.grad.dtype) == (torch.bfloat16, torch.float32, torch.float32)


def test_large_logits_do_not_overflow() -> None:
    hidden, weight = torch.full((1, 2, 4), 100.0), torch.randn(9, 4) * 100
    targets = torch.tensor([[3, 5]])
    loss = LazyCrossEntropy()(Undecoded(hidden, weight.requires_grad_(), None), targets)
    plain = CrossEntropyLossFlat()(hidden @ weight.T, targets)
    assert torch.isfinite(loss) and loss.item() == pytest.approx(plain.item(), rel=1e-5)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_fused_learner_trains_as_a_plain_one(precision: str) -> None:
    from fastai.callback import schedule  # noqa: F401

    trained = []
    for fused in (False, True):
        learner = courses.learner()
        names = list(learner.model.state_dict())
        if fused:
            lm_output.fuse(learner)
        assert list(learner.model.state_dict()) == names
        learner.add_cbs(devices.Device("cpu", precision).callbacks())
        devices.seed_everything(1)
        learner.fit_one_cycle(1, 1e-2)
        trained.append((copy.deepcopy(learners.weights_of(learner)), learner.recorder.values[-1]))
    (plain, plain_values), (lazy, lazy_values) = trained
    tolerance = 1e-4 if precision == "fp32" else 5e-2
    for name, tensor in plain.items():
        torch.testing.assert_close(lazy[name], tensor, rtol=tolerance, atol=tolerance)
    assert list(lazy_values) == pytest.approx(list(plain_values), rel=tolerance)
