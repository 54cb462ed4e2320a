"""The stateless forward pass: cutting a stream anywhere, or adding rows, changes nothing; nor does a call."""

import pytest
import torch

from tests.fixtures import ARCHITECTURE, VOCAB, random_weights
from ulmfit_app.inference import half
from ulmfit_app.inference.awd_lstm import AwdLstm, State, first_rows, repeated
from ulmfit_app.modelfolder.tensors import encoder_shapes

IDS = torch.randint(0, len(VOCAB), (3, 20), generator=torch.Generator().manual_seed(1))


@pytest.fixture(scope="module", params=["in 32 bits", "as if stored in 16 bits"])
def lstm(request: pytest.FixtureRequest) -> AwdLstm:
    weights = random_weights(encoder_shapes(ARCHITECTURE, len(VOCAB)), torch.Generator().manual_seed(0))
    if request.param == "as if stored in 16 bits":
        weights = {name: tensor.half().float() for name, tensor in weights.items()}
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(half, "LARGE", 0)  # these are as small as tests are
        lstm = AwdLstm(weights, 3)
    stored_so = half._available() and request.param != "in 32 bits"
    assert {layer._for_few is not None for layer in lstm._layers} == {stored_so}
    return lstm


@pytest.mark.parametrize("size", [1, 2, 7])
def test_a_stream_may_be_cut_anywhere(size: int, lstm: AwdLstm) -> None:
    whole, end = lstm.forward(IDS)
    state: State | None = None
    parts = []
    for part in IDS.split(size, dim=1):
        output, state = lstm.forward(part, state)
        parts.append(output)
    assert torch.allclose(torch.cat(parts, 1), whole, atol=1e-6)
    assert state is not None
    for found, expected in zip(state, end, strict=True):
        assert all(torch.allclose(one, other, atol=1e-6) for one, other in zip(found, expected, strict=True))


def test_rows_do_not_influence_each_other(lstm: AwdLstm) -> None:
    together, state = lstm.forward(IDS)
    alone, _ = lstm.forward(IDS[:2])
    assert torch.allclose(together[:2], alone, atol=1e-6)
    onwards, _ = lstm.forward(IDS, state)
    fewer, _ = lstm.forward(IDS[:2], first_rows(state, 2))
    assert torch.allclose(onwards[:2], fewer, atol=1e-6)


def test_a_repeated_state_is_that_of_equal_rows(lstm: AwdLstm) -> None:
    _, one = lstm.forward(IDS[:1])
    _, four = lstm.forward(IDS[:1].expand(4, -1))
    for found, expected in zip(repeated(one, 4), four, strict=True):
        assert all(torch.allclose(a, b, atol=1e-6) for a, b in zip(found, expected, strict=True))


def test_a_call_changes_neither_the_model_nor_the_state_it_is_given(lstm: AwdLstm) -> None:
    first, state = lstm.forward(IDS)
    kept = [tensor.clone() for layer in state for tensor in layer]
    again = [lstm.forward(IDS[:, :1], state)[0] for _ in range(2)]
    assert torch.equal(*again)
    assert all(torch.equal(a, b) for a, b in zip(kept, [t for layer in state for t in layer], strict=True))
    assert torch.equal(lstm.forward(IDS)[0], first)


def test_building_draws_no_random_numbers() -> None:
    weights = random_weights(encoder_shapes(ARCHITECTURE, len(VOCAB)), torch.Generator().manual_seed(0))
    before = torch.get_rng_state()
    AwdLstm(weights, 3)
    assert torch.equal(torch.get_rng_state(), before)
