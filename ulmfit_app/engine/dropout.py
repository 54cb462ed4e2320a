"""AWD_LSTM's dropout of weights and of words, faster on the CPU: the same probabilities from cheaper random numbers.

fastai draws a mask for the recurrent weights (5 million numbers at the compact size) for every minibatch, in a
classifier for every 72 tokens of one. torch's `bernoulli_` takes 10 ns a number on the CPU, a third of the head stage's
time. Here a number takes 16 bits of the same generator; the masks are others than fastai's, as with another seed.
"""

import torch
from fastai.learner import Learner
from fastai.text.models.awdlstm import AWD_LSTM, EmbeddingDropout, WeightDropout, dropout_mask
from torch import Tensor
from torch.nn.functional import dropout, embedding

LEVELS = 2**16  # a probability is rounded to one of them; the kept weights are scaled by the rounded one


class QuickWeightDropout(WeightDropout):
    """fastai's `WeightDropout` over the same parameters."""

    def __init__(self, plain: WeightDropout) -> None:
        self.module, self.weight_p, self.layer_names = plain.module, plain.weight_p, plain.layer_names
        for layer in self.layer_names:
            self.register_parameter(f"{layer}_raw", getattr(plain, f"{layer}_raw"))

    def _setweights(self) -> None:
        if not self.training:
            return super()._setweights()
        for layer in self.layer_names:
            setattr(self.module, layer, dropped(getattr(self, f"{layer}_raw"), self.weight_p))


class QuickEmbeddingDropout(EmbeddingDropout):
    """fastai's `EmbeddingDropout` with its masks; multiplies the vectors of the minibatch, not the whole table."""

    def forward(self, words: Tensor, scale: float | None = None) -> Tensor:
        """The vectors (bs, seq_len, emb) of `words` (bs, seq_len), those of dropped words zero."""
        if not self.training or not self.embed_p or scale:
            return super().forward(words, scale)
        table = self.emb.weight
        mask = dropout_mask(table.data, (len(table), 1), self.embed_p)
        return embedding(words, table, self.emb.padding_idx) * mask[words]


def quicken(learner: Learner) -> None:
    """Put these in the place of fastai's. Names and values of the weights stay as they are."""
    (awd_lstm,) = (module for module in learner.model.modules() if isinstance(module, AWD_LSTM))
    awd_lstm.encoder_dp = QuickEmbeddingDropout(awd_lstm.encoder, awd_lstm.encoder_dp.embed_p)
    for number, plain in enumerate(awd_lstm.rnns):
        awd_lstm.rnns[number] = QuickWeightDropout(plain)


def dropped(weight: Tensor, p: float) -> Tensor:
    """As `F.dropout` in training: each number of `weight` is zero with probability `p`, the others are scaled up."""
    level = round(p * LEVELS)
    if level >= LEVELS:
        return dropout(weight, p)
    bits = torch.empty(-(-weight.numel() // 4), dtype=torch.int64).random_(-(2**63), None)  # all 64 of them
    kept = bits.view(torch.int16)[: weight.numel()].view_as(weight) >= level - LEVELS // 2
    return weight * kept.to(weight.dtype).mul_(LEVELS / (LEVELS - level))
