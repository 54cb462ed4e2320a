"""What fastai's dataloaders put into a minibatch, in numpy: given numericalised texts in their order.

Which texts come in which order (shuffling, `SortedDL`'s sorting) is the caller's choice.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from ulmfit_app.schema import PAD_ID

Ids = NDArray[np.int64]


def lm_batches(ids: Sequence[Ids], bs: int = 64, seq_len: int = 72) -> Iterator[tuple[Ids, Ids]]:
    """Language-model minibatches: pairs of input and target, each (bs, seq_len), the last one shorter.

    Source: `fastai.text.data.LMDataLoader`. The texts become one stream, cut into `bs` equal rows that go on from
    minibatch to minibatch; what does not fill a row is left out. Nothing comes out of fewer than `bs` + 1 tokens.
    """
    stream = np.concatenate([np.empty(0, np.int64), *ids])
    row_len = (len(stream) - 1) // bs
    if row_len < 1:
        return
    inputs = stream[: row_len * bs].reshape(bs, row_len)
    targets = stream[1 : row_len * bs + 1].reshape(bs, row_len)
    for start in range(0, row_len, seq_len):
        yield inputs[:, start : start + seq_len], targets[:, start : start + seq_len]


def is_shifted(x: Ids, y: Ids) -> bool:
    """True if the target `y` is the input `x` moved on by one token, as in every language-model minibatch."""
    return x.shape == y.shape and bool(np.array_equal(y[:, :-1], x[:, 1:]))


def pad_chunk(ids: Ids, pad_len: int, seq_len: int = 72) -> Ids:
    """`ids` padded to `pad_len`: whole chunks of `seq_len` in front, the rest at the end.

    Source: `fastai.text.data.pad_chunk`: a leading chunk of nothing but padding costs the model no step.
    """
    chunks, rest = divmod(pad_len - len(ids), seq_len)
    return np.pad(ids, (chunks * seq_len, rest), constant_values=PAD_ID)


def classifier_batch(ids: Sequence[Ids], seq_len: int = 72) -> Ids:
    """One classifier minibatch, (texts, longest text). Source: `fastai.text.data.Pad_Chunk`."""
    longest = max(len(text) for text in ids)
    return np.stack([pad_chunk(text, longest, seq_len) for text in ids])
