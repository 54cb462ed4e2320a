"""Word vectors that a language model without a parent can start from: word2vec on its own training texts.

gensim does the work (CBOW; Mikolov et al. 2013, arXiv:1301.3781). It is an optional dependency, for this alone.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ulmfit_app.data.progress import Progress
from ulmfit_app.errors import TrainingError

PASSES = 2
RATE, LAST_RATE = 0.025, 0.0001  # gensim's defaults: the rate falls linearly over all passes
SENTENCE = 1_000  # tokens; gensim leaves out what comes after the 10,000th of a text
TEXTS_AT_ONCE = 200  # between two reports of progress
SPREAD = 0.1  # standard deviation of the vectors: of the order of fastai's own random start, uniform in +-0.1


def vectors(
    texts: Sequence[np.ndarray], vocab: Sequence[str], size: int, *, seed: int, on_progress: Progress
) -> Tensor:
    """Vectors (vocab, size), centred and scaled; those of words that do not occur are 0.

    `texts`: ids, each an array (tokens,). `on_progress` gets texts done and in all; what it raises ends the work.
    Equal seeds give equal vectors: one thread. Raises `TrainingError` if gensim is not installed.
    """
    word2vec = _word2vec(texts, vocab, size, seed)
    starts = [*range(0, len(texts), TEXTS_AT_ONCE)] * PASSES
    rates = np.linspace(RATE, LAST_RATE, len(starts) + 1)
    done = 0
    for number, start in enumerate(starts):
        on_progress(done, PASSES * len(texts))
        piece = texts[start : start + TEXTS_AT_ONCE]
        sentences = list(_sentences(piece, vocab))
        word2vec.train(
            sentences, total_examples=len(sentences), epochs=1, start_alpha=rates[number], end_alpha=rates[number + 1]
        )
        done += len(piece)
    on_progress(done, done)
    return _as_embedding(word2vec, vocab)


def _word2vec(texts: Sequence[np.ndarray], vocab: Sequence[str], size: int, seed: int) -> Any:
    """An untrained gensim model that knows the words of `vocab` that occur."""
    try:
        from gensim.models import Word2Vec
    except ImportError as error:
        raise TrainingError(
            "Starting from word2vec needs the package gensim, which is not installed here.",
            todo="Install it (pip install gensim), or train with embedding=random.",
        ) from error
    counts = sum((np.bincount(ids, minlength=len(vocab)) for ids in texts), np.zeros(len(vocab), dtype=np.int64))
    word2vec = Word2Vec(vector_size=size, min_count=1, sg=0, workers=1, seed=seed)
    word2vec.build_vocab_from_freq({vocab[i]: int(counts[i]) for i in np.flatnonzero(counts).tolist()})
    return word2vec


def _sentences(texts: Sequence[np.ndarray], vocab: Sequence[str]) -> Iterator[list[str]]:
    for ids in texts:
        for start in range(0, len(ids), SENTENCE):
            yield [vocab[i] for i in ids[start : start + SENTENCE]]


def _as_embedding(word2vec: Any, vocab: Sequence[str]) -> Tensor:
    known = word2vec.wv.vectors
    known = (known - known.mean(0)) * (SPREAD / (known - known.mean(0)).std())
    rows = [word2vec.wv.key_to_index.get(word, -1) for word in vocab]
    padded = np.concatenate([known, np.zeros((1, known.shape[1]), dtype=known.dtype)])  # -1 is its last row
    return torch.from_numpy(padded[rows])
