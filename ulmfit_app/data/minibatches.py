"""What fastai's dataloaders put into a minibatch, and in which order, in numpy.

Orders are one epoch's: fastai draws a new one for each. Nothing here knows words, labels or files.
"""

import random
from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ulmfit_app.schema import PAD_ID

Ids = NDArray[np.int64]

CHUNK = 50  # minibatches that `SortedDL` sorts by length together


class Stream(Protocol):
    """Ids end to end, as an array of one dimension has them."""

    def __len__(self) -> int:
        """Tokens in the stream."""
        ...

    def __getitem__(self, part: slice) -> Ids:
        """The tokens from `part.start` to `part.stop`."""
        ...


def lm_order(texts: int, seed: int) -> Ids:
    """The order of the texts in the stream. Source: `ReindexCollection.shuffle`, after `random.seed(seed)`."""
    order = list(range(texts))
    random.Random(seed).shuffle(order)
    return np.array(order, np.int64)


def lm_batch_count(tokens: int, bs: int = 64, seq_len: int = 72) -> int:
    """Language-model minibatches in a stream of `tokens`; none in fewer than `bs` + 1."""
    return -(-_row_len(tokens, bs) // seq_len)


def lm_batch(stream: Stream, index: int, bs: int = 64, seq_len: int = 72) -> tuple[Ids, Ids]:
    """Input and target of minibatch `index` (from 0), each (bs, seq_len), in the last one fewer tokens.

    Source: `fastai.text.data.LMDataLoader`. The stream is cut into `bs` rows of equal length that go on from minibatch
    to minibatch; what does not fill a row is left out.
    """
    length = _row_len(len(stream), bs)
    start, stop = index * seq_len, min((index + 1) * seq_len, length)
    cut = np.stack([stream[row * length + start : row * length + stop + 1] for row in range(bs)])
    return cut[:, :-1], cut[:, 1:]


def lm_positions(tokens: int, index: int, bs: int = 64, seq_len: int = 72) -> Ids:
    """Where in the stream the rows of minibatch `index` start, (bs,)."""
    return np.arange(bs) * _row_len(tokens, bs) + index * seq_len


def is_shifted(x: Ids, y: Ids) -> bool:
    """True if the target `y` is the input `x` moved on by one token, as in every language-model minibatch."""
    return x.shape == y.shape and bool(np.array_equal(y[:, :-1], x[:, 1:]))


def goes_on(before: Ids, x: Ids) -> bool:
    """True if every row of the input `x` begins with the last token of the target `before`, one minibatch earlier."""
    return bool(np.array_equal(before[:, -1], x[:, 0]))


def classifier_order(lengths: Ids, seed: int, bs: int = 64) -> Ids:
    """The texts in the order of a training epoch, the longest first. `lengths`: tokens of each text (at least one).

    Source: `fastai.text.data.SortedDL.shuffle_fn`, after `numpy.random.seed(seed)`.
    """
    drawn = np.random.RandomState(seed)
    order = drawn.permutation(len(lengths))
    longest = np.flatnonzero(order == np.argmax(lengths))[0]
    order[0], order[longest] = order[longest], order[0]
    chunks = [order[start : start + CHUNK * bs] for start in range(0, len(order), CHUNK * bs)]
    order = np.concatenate([chunk[np.argsort(-lengths[chunk], kind="stable")] for chunk in chunks])
    batches = [order[start : start + bs] for start in range(0, len(order), bs)]
    if len(batches) > 2:
        batches[1:-1] = drawn.permutation(batches[1:-1])
    return np.concatenate(batches)


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


def _row_len(tokens: int, bs: int) -> int:
    return max(0, tokens - 1) // bs
