"""Our encoder gives fastai's numbers and gradients, and builds no graph for what is frozen."""

import pytest
import torch
from fastai.text.models.awdlstm import AWD_LSTM
from torch import Tensor

from ulmfit_app.engine.encoder import Encoder

WORDS = torch.tensor([[2, 5, 1, 5], [3, 9, 9, 2]])
SHAPE = {"vocab_sz": 10, "emb_sz": 6, "n_hid": 8, "n_layers": 3}


def pair(**dropouts: float) -> tuple[AWD_LSTM, Encoder]:
    """fastai's encoder and ours with the same weights."""
    torch.manual_seed(1)
    plain, ours = AWD_LSTM(**SHAPE, **dropouts), Encoder(**SHAPE, **dropouts)
    ours.load_state_dict(plain.state_dict())
    return plain, ours


def outputs(encoder: AWD_LSTM, calls: int = 2) -> Tensor:
    """Of `calls` calls that carry the state on, with the same random numbers for every encoder."""
    torch.manual_seed(7)
    encoder.reset()
    return torch.cat([encoder(WORDS) for _ in range(calls)], 1)


@pytest.mark.parametrize("train", [True, False])
def test_same_outputs_and_gradients_as_fastais(train: bool) -> None:
    plain, ours = (encoder.train(train) for encoder in pair(embed_p=0.4))
    results = [outputs(encoder) for encoder in (plain, ours)]
    torch.testing.assert_close(results[1], results[0], rtol=0, atol=0)
    for result in results:
        result.square().sum().backward()
    gradients = {name: parameter.grad for name, parameter in plain.named_parameters()}
    assert gradients.keys() == dict(ours.named_parameters()).keys()
    for name, parameter in ours.named_parameters():
        torch.testing.assert_close(parameter.grad, gradients[name], rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("trains", [0, 1, 2])
def test_frozen_layers_below_the_first_that_trains_have_no_graph(trains: int) -> None:
    plain, ours = pair()
    for encoder in (plain, ours):
        for group in (encoder.encoder, *encoder.rnns[:trains]):
            group.requires_grad_(False)
    graphs: list[bool] = []
    for layer in ours.rnns:
        layer.register_forward_hook(lambda module, inputs, output: graphs.append(output[0].requires_grad))
    result = outputs(ours, calls=1)
    assert graphs == [index >= trains for index in range(3)]
    torch.testing.assert_close(result, outputs(plain, calls=1), rtol=1e-5, atol=1e-7)  # another oneDNN primitive
    result.sum().backward()
    assert [layer.weight_hh_l0_raw.grad is not None for layer in ours.rnns] == graphs


def test_the_vectors_of_words_that_were_not_read_are_left_alone() -> None:
    _, ours = pair(embed_p=0.5)
    outputs(ours).sum().backward()
    read = sorted(set(WORDS.flatten().tolist()) - {ours.pad_token})
    changed = ours.encoder.weight.grad.abs().sum(1).nonzero().flatten().tolist()
    assert set(changed) <= set(read)
