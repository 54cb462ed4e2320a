"""The forward pass of fastai's AWD_LSTM in evaluation mode, with the state passed in and out.

fastai's module keeps its hidden state and rewrites its weights on every call, so two threads sharing one get wrong
answers; this one is never changed by a call. No dropout, no gradients, no fastai.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from ulmfit_app.inference import half

LSTM = 2  # oneDNN's number of it among recurrent layers, as torch passes it
TYPICAL = (64, 128)  # (t, b) of a bulk prediction, for which oneDNN's order is chosen; it serves any other

State = tuple[tuple[Tensor, Tensor], ...]  # (h, c) per layer, each (1, b, units)


class AwdLstm:
    """An embedding and a stack of LSTMs built from `weights` under the names of fastai's bare `AWD_LSTM`."""

    def __init__(self, weights: Mapping[str, Tensor], n_layers: int) -> None:
        self._embedding = weights["encoder.weight"]
        self._layers = [_Layer(weights, number) for number in range(n_layers)]

    @property
    def embedding(self) -> Tensor:
        """The embedding matrix (words, emb), to which a language model's decoder is tied."""
        return self._embedding

    @torch.inference_mode()
    def forward(self, ids: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Run `ids` (b, t) on from `state` (None: zeros): the last layer's output (b, t, emb) and the new state."""
        output = torch.nn.functional.embedding(ids.T, self._embedding)
        new_state = []
        for number, layer in enumerate(self._layers):
            output, after = layer.forward(output, None if state is None else state[number])
            new_state.append(after)
        return output.transpose(0, 1), tuple(new_state)


def first_rows(state: State, n: int) -> State:
    """The state of the first `n` rows of a batch."""
    return tuple((h[:, :n].contiguous(), c[:, :n].contiguous()) for h, c in state)


def repeated(state: State, n: int) -> State:
    """The state of a batch of one, `n` times."""
    return tuple((h.expand(-1, n, -1).contiguous(), c.expand(-1, n, -1).contiguous()) for h, c in state)


class _Layer:
    """One LSTM. Where torch has oneDNN, its weights are put into oneDNN's order once; few rows go through `half`.

    `nn.LSTM` does that in every call, which takes longer than the arithmetic of a short text (torch 2.13, CPU). The
    results are the same to the last bit.
    """

    def __init__(self, weights: Mapping[str, Tensor], number: int) -> None:
        prefix = f"rnns.{number}."
        matrices = weights[f"{prefix}module.weight_ih_l0"], weights[f"{prefix}weight_hh_l0_raw"]
        biases = weights[f"{prefix}module.bias_ih_l0"], weights[f"{prefix}module.bias_hh_l0"]
        self._units, n_in = matrices[1].shape[1], matrices[0].shape[1]
        self._for_few = half.packed_lstm(*matrices, *biases)
        self._by_onednn = torch.backends.mkldnn.is_available()
        if self._by_onednn:
            matrices = torch.ops.mkldnn._reorder_mkldnn_rnn_layer_weight(
                *matrices, self._units, False, True, False, [*TYPICAL, n_in]
            )
        self._weights = (*matrices, *biases)

    def forward(self, inputs: Tensor, state: tuple[Tensor, Tensor] | None) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Run `inputs` (t, b, n_in): output (t, b, units) and the state after, each (1, b, units)."""
        if state is None:
            zeros = inputs.new_zeros(1, inputs.shape[1], self._units)
            state = zeros, zeros
        if self._for_few is not None and inputs.shape[1] <= half.FEW:
            output, h, c = half.lstm(inputs, state, self._for_few)
        elif self._by_onednn:
            output, h, c, _ = torch.ops.aten.mkldnn_rnn_layer(
                inputs, *self._weights, state[0][0], state[1][0], False, [], LSTM, self._units, 1, True, False, False,
                False,
            )  # fmt: skip
        else:
            output, h, c = torch._VF.lstm(inputs, state, self._weights, True, 1, 0.0, False, False, False)
        return output, (h.view_as(state[0]), c.view_as(state[1]))
