"""The forward pass of fastai's AWD_LSTM in evaluation mode, with the state passed in and out.

fastai's module keeps its hidden state and rewrites its weights on every call, so two threads sharing one get wrong
answers; this one is never changed by a call. No dropout, no gradients, no fastai.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

State = tuple[tuple[Tensor, Tensor], ...]  # (h, c) per layer, each (1, b, units)


class AwdLstm:
    """An embedding and a stack of LSTMs built from `weights` under the names of fastai's bare `AWD_LSTM`."""

    def __init__(self, weights: Mapping[str, Tensor], n_layers: int) -> None:
        self._embedding = weights["encoder.weight"]
        self._layers = [_Layer(weights, number) for number in range(n_layers)]
        # nn.LSTM (torch 2.13) notices replaced weights in its first forward and then writes to itself; after this
        # call it only reads. (Two tokens: one would not go through it.)
        self.forward(torch.zeros(1, 2, dtype=torch.int64))

    @property
    def embedding(self) -> Tensor:
        """The embedding matrix (words, emb), to which a language model's decoder is tied."""
        return self._embedding

    @torch.inference_mode()
    def forward(self, ids: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Run `ids` (b, t) on from `state` (None: zeros): the last layer's output (b, t, emb) and the new state."""
        output = torch.nn.functional.embedding(ids, self._embedding)
        new_state = []
        for number, layer in enumerate(self._layers):
            output, after = layer.forward(output, None if state is None else state[number])
            new_state.append(after)
        return output, tuple(new_state)


def first_rows(state: State, n: int) -> State:
    """The state of the first `n` rows of a batch."""
    return tuple((h[:, :n].contiguous(), c[:, :n].contiguous()) for h, c in state)


def repeated(state: State, n: int) -> State:
    """The state of a batch of one, `n` times."""
    return tuple((h.expand(-1, n, -1).contiguous(), c.expand(-1, n, -1).contiguous()) for h, c in state)


class _Layer:
    """One LSTM. A single token goes through an `LSTMCell` on the same weights: oneDNN rearranges an LSTM's weights on
    every call, which makes one step with it several times slower (torch 2.13, CPU)."""

    def __init__(self, weights: Mapping[str, Tensor], number: int) -> None:
        prefix = f"rnns.{number}."
        tensors = {
            "weight_ih": weights[f"{prefix}module.weight_ih_l0"],
            "weight_hh": weights[f"{prefix}weight_hh_l0_raw"],
            "bias_ih": weights[f"{prefix}module.bias_ih_l0"],
            "bias_hh": weights[f"{prefix}module.bias_hh_l0"],
        }
        gates, n_in = tensors["weight_ih"].shape
        self._lstm = torch.nn.LSTM(n_in, gates // 4, batch_first=True, device="meta")  # meta: draws no random weights
        self._lstm.load_state_dict({f"{name}_l0": tensor for name, tensor in tensors.items()}, assign=True)
        self._cell = torch.nn.LSTMCell(n_in, gates // 4, device="meta")
        self._cell.load_state_dict(tensors, assign=True)

    def forward(self, inputs: Tensor, state: tuple[Tensor, Tensor] | None) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Run `inputs` (b, t, n_in): output (b, t, units) and the state after, each (1, b, units)."""
        if inputs.shape[1] > 1:
            output, after = self._lstm(inputs, state)
            return output, after
        h, c = self._cell(inputs[:, 0], None if state is None else (state[0][0], state[1][0]))
        return h[:, None], (h[None], c[None])
