"""The language model's output layer and cross-entropy as one operation, for training on the CPU.

fastai computes all logits of a minibatch (4,608 x 20,000 numbers at its defaults), their log-softmax and its gradient,
each a pass over hundreds of MB. Here they are made in blocks of rows that stay in the processor's cache, and the
gradients are taken in the same pass. The loss and the gradients are fastai's up to the order of summation.
"""

from dataclasses import dataclass
from typing import Any

import torch
from fastai.losses import CrossEntropyLossFlat
from fastai.text.learner import LMLearner
from fastai.text.models.core import LinearDecoder
from fastai.torch_core import Module
from torch import Tensor

ROWS = 128  # of a block: 128 x 20,000 logits are 10 MB


@dataclass(frozen=True, slots=True, eq=False)
class Undecoded:
    """What the logits are made of: `hidden` (bs, seq_len, emb), `weight` (vocab, emb), `bias` (vocab,) or None."""

    hidden: Tensor
    weight: Tensor
    bias: Tensor | None


class LazyDecoder(Module):
    """fastai's `LinearDecoder` over the same parameters; in training it leaves the logits to the loss."""

    def __init__(self, plain: LinearDecoder) -> None:
        self.decoder, self.output_dp = plain.decoder, plain.output_dp

    def forward(self, hidden: Tensor) -> tuple[Undecoded | Tensor, Tensor, Tensor]:
        """As `LinearDecoder`: the logits (in training what they are made of), the input, the input after dropout."""
        dropped = self.output_dp(hidden)
        if self.training:
            return Undecoded(dropped, self.decoder.weight, self.decoder.bias), hidden, dropped
        return self.decoder(dropped), hidden, dropped


class LazyCrossEntropy(CrossEntropyLossFlat):
    """fastai's loss of a language model, also of an `Undecoded`."""

    def __call__(self, inp: Any, targ: Tensor, **kwargs: Any) -> Tensor:
        """The mean loss in nats, a scalar."""
        if not isinstance(inp, Undecoded):
            return super().__call__(inp, targ, **kwargs)
        rows = inp.hidden.flatten(0, -2).as_subclass(Tensor)
        loss: Tensor = _OutputLoss.apply(rows, inp.weight, inp.bias, targ.flatten().as_subclass(Tensor))
        return loss


def fuse(learner: LMLearner) -> None:
    """Make `learner` train with the one operation. Names and values of its weights stay as they are."""
    learner.model[1] = LazyDecoder(learner.model[1])
    learner.loss_func = LazyCrossEntropy()


class _OutputLoss(torch.autograd.Function):
    """Mean cross-entropy of `rows @ weight.T + bias` against `targets` (n,); gradients are ready after `forward`.

    The matrix products are in the type of `rows` (bf16 under autocast), everything else is in fp32.
    """

    @staticmethod
    def forward(ctx: Any, rows: Tensor, weight: Tensor, bias: Tensor | None, targets: Tensor) -> Tensor:
        narrow = weight.to(rows.dtype)
        of_rows = torch.empty_like(rows)
        of_weight, of_bias = torch.zeros_like(weight), torch.zeros(len(weight), device=weight.device)
        total = torch.zeros((), device=rows.device)
        for start in range(0, len(rows), ROWS):
            block = rows[start : start + ROWS]
            errors, loss = _errors(block @ narrow.T, bias, targets[start : start + ROWS])
            total += loss
            of_bias += errors.sum(0)
            errors = errors.div_(len(rows)).to(rows.dtype)
            of_rows[start : start + ROWS] = errors @ narrow
            if rows.dtype == weight.dtype:
                of_weight.addmm_(errors.T, block)
            else:
                of_weight += errors.T @ block
        ctx.save_for_backward(of_rows, of_weight, of_bias.div_(len(rows)) if bias is not None else None)
        return total / len(rows)

    @staticmethod
    def backward(ctx: Any, *above: Tensor) -> tuple[Tensor | None, ...]:
        of_rows, of_weight, of_bias = ctx.saved_tensors
        scale = above[0]
        return of_rows * scale, of_weight * scale, None if of_bias is None else of_bias * scale, None


def _errors(logits: Tensor, bias: Tensor | None, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Softmax minus one at the target, (n, vocab), in the memory of the logits, and the summed loss of the block."""
    logits = logits.float()
    if bias is not None:
        logits += bias
    logits -= logits.amax(1, keepdim=True)
    of_targets = logits.gather(1, targets[:, None])
    logits.exp_()
    sums = logits.sum(1, keepdim=True)
    loss = (sums.log() - of_targets).sum()
    logits /= sums
    logits.scatter_add_(1, targets[:, None], logits.new_full((len(targets), 1), -1.0))
    return logits, loss
