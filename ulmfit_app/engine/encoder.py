"""fastai's AWD-LSTM encoder with the same numbers for less work: what a frozen layer or an unread word costs.

The names of its weights, the random numbers it draws and what it computes are fastai's (`AWD_LSTM`, 2.8.12).
"""

from typing import Any

import torch
from fastai.text.learner import _model_meta
from fastai.text.models.awdlstm import AWD_LSTM, EmbeddingDropout, WeightDropout, dropout_mask
from torch import Tensor, nn


class Encoder(AWD_LSTM):
    """An `AWD_LSTM` for `language_model_learner` and `text_classifier_learner`."""

    def __init__(self, vocab_sz: int, emb_sz: int, n_hid: int, n_layers: int, **config: Any) -> None:
        super().__init__(vocab_sz, emb_sz, n_hid, n_layers, **config)
        self.encoder_dp = _WordDropout(self.encoder, self.encoder_dp.embed_p)

    def _one_rnn(self, n_in: int, n_out: int, bidir: bool, weight_p: float, layer: int) -> WeightDropout:
        return _Layer(nn.LSTM(n_in, n_out, 1, batch_first=True, bidirectional=bidir), weight_p)


# fastai looks up an architecture's configuration, splitter and weights by its class.
_model_meta[Encoder] = _model_meta[AWD_LSTM]


class _WordDropout(EmbeddingDropout):
    """Drops words (all their occurrences in the minibatch), touching the vectors of the words read only."""

    def forward(self, words: Tensor) -> Tensor:
        vectors: Tensor = self.emb(words)
        if not self.training or self.embed_p == 0:
            return vectors
        mask = dropout_mask(self.emb.weight.data, (len(self.emb.weight), 1), self.embed_p)
        return vectors * mask[words]


class _Layer(WeightDropout):
    """An LSTM that does not prepare for a backward pass which will not come: it and all below are frozen."""

    def forward(self, inputs: Tensor, state: tuple[Tensor, Tensor]) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        trains = inputs.requires_grad or any(parameter.requires_grad for parameter in self.parameters())
        with torch.set_grad_enabled(trains and torch.is_grad_enabled()):
            result: tuple[Tensor, tuple[Tensor, Tensor]] = super().forward(inputs, state)
        return result
