"""Texts of any length to one vector each: fastai's concat pooling, in batches that do not influence the result.

fastai pads on the left in chunks, so that its bulk results depend on the batch for long texts; here a text always gets
what fastai computes for it alone. Texts are padded on the right (the LSTM never looks ahead) and the padding is masked.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from ulmfit_app.inference.awd_lstm import AwdLstm, State, first_rows
from ulmfit_app.inference.numericaliser import Numericaliser
from ulmfit_app.schema import PAD_ID, Reading

Progress = Callable[[int, int], None]

BATCH_TOKENS = 262_144
MAX_ROWS = 128
BLOCK = 64  # tokens per call of the LSTM: bounds memory to MAX_ROWS x BLOCK positions however long the texts are
READ_AHEAD = 2048  # texts tokenised, sorted and batched at a time


class Pooler:
    """Concat pooling over `encoder` with fastai's `seq_len` (its bptt) and `max_len`. Thread-safe."""

    def __init__(self, encoder: AwdLstm, numericalise: Numericaliser, seq_len: int, max_len: int) -> None:
        self._encoder, self._numericalise = encoder, numericalise
        self._seq_len, self._max_len = seq_len, max_len
        self.width = 3 * encoder.embedding.shape[1]

    def read(self, text: str) -> Reading:
        """The tokens of `text`, and from which on they are pooled. The LSTM reads those before as well."""
        reading = self._numericalise.read(text)
        return replace(reading, start=window_start(len(reading.tokens), self._seq_len, self._max_len))

    def texts(
        self, texts: Sequence[str], on_progress: Progress | None = None, batch_tokens: int = BATCH_TOKENS
    ) -> Tensor:
        """(n, 3 * emb) of `texts`, in their order. A batch has at most `batch_tokens` tokens, padding included."""
        vectors = torch.empty(len(texts), self.width)
        done = 0
        for start in range(0, len(texts), READ_AHEAD):
            ids = [self._numericalise(text) for text in texts[start : start + READ_AHEAD]]
            for rows in buckets([len(text) for text in ids], batch_tokens):
                vectors[[start + row for row in rows]] = self.ids([ids[row] for row in rows])
                done += len(rows)
                if on_progress is not None:
                    on_progress(done, len(texts))
        return vectors

    @torch.inference_mode()
    def ids(self, texts: Sequence[Sequence[int]]) -> Tensor:
        """(n, 3 * emb) of texts given as ids, the longest first: last output, maximum, mean over the pooled window."""
        batch = _Batch(texts, self._seq_len, self._max_len)
        emb = self.width // 3
        last, total = torch.zeros(len(texts), emb), torch.zeros(len(texts), emb)
        maximum = torch.full((len(texts), emb), -torch.inf)
        state: State | None = None
        for start in range(0, batch.ids.shape[1], BLOCK):
            n = batch.rows_beyond(start)
            block = slice(start, start + BLOCK)
            output, state = self._encoder.forward(batch.ids[:n, block], None if state is None else first_rows(state, n))
            outside = ~batch.pooled[:n, block, None]
            total[:n] += output.masked_fill(outside, 0).sum(1)
            maximum[:n] = torch.maximum(maximum[:n], output.masked_fill(outside, -torch.inf).amax(1))
            rows = torch.nonzero(batch.last[:n] // BLOCK == start // BLOCK)[:, 0]
            last[rows] = output[rows, batch.last[rows] - start]
        counts = batch.pooled.sum(1, keepdim=True)
        return torch.cat([last, maximum.masked_fill(counts == 0, 0), total / counts.clamp(min=1)], 1)


class _Batch:
    """Texts padded on the right, and which positions fastai pools for each of them alone.

    A literal `xxpad` in a text is masked as fastai masks it. (Where one stands at a multiple of seq_len, fastai also
    drops the chunk and resets the state: an accident that is not reproduced.)
    """

    def __init__(self, texts: Sequence[Sequence[int]], seq_len: int, max_len: int) -> None:
        self.lengths = [len(text) for text in texts]
        self.ids = torch.full((len(texts), max(self.lengths)), PAD_ID)
        for row, text in enumerate(texts):
            self.ids[row, : len(text)] = torch.tensor(text)
        ends = torch.tensor(self.lengths)
        starts = torch.tensor([window_start(length, seq_len, max_len) for length in self.lengths])
        position = torch.arange(self.ids.shape[1])
        pads = self.ids == PAD_ID
        self.pooled = (position >= starts[:, None]) & (position < ends[:, None]) & ~pads
        tail = (position >= torch.maximum(starts, ends - seq_len)[:, None]) & (position < ends[:, None])
        self.last = (ends - 1 - (pads & tail).sum(1)).clamp(min=0)

    def rows_beyond(self, position: int) -> int:
        """How many texts, of which the longest come first, are longer than `position`."""
        return sum(length > position for length in self.lengths)


def window_start(length: int, seq_len: int, max_len: int) -> int:
    """First position that is pooled: fastai keeps the chunks of `seq_len` that begin at most `max_len` before the end.

    Source: `fastai.text.models.core.SentenceEncoder`. The last chunk is kept even if it is longer than `max_len`, where
    fastai fails.
    """
    first_kept = -(-max(0, length - max_len) // seq_len) * seq_len
    last_chunk = (length - 1) // seq_len * seq_len
    return min(first_kept, last_chunk)


def buckets(lengths: Sequence[int], batch_tokens: int) -> Iterator[list[int]]:
    """Rows in batches of similar length, the longest first, each of at most `batch_tokens` padded tokens or one row."""
    rows = sorted(range(len(lengths)), key=lambda row: -lengths[row])
    while rows:
        n = max(1, min(MAX_ROWS, batch_tokens // lengths[rows[0]]))
        yield rows[:n]
        rows = rows[n:]
