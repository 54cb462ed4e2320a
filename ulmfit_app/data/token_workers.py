"""Tokenising texts in chunks, here or in worker processes; results come in order.

A chunk's result carries each word once (`Chunk`), so that little travels between processes and the caller needs no
Python step per token.
"""

import os
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from ulmfit_app.data.child import Context, settle
from ulmfit_app.data.tokens import Tokenizer
from ulmfit_app.errors import DataError

CHUNK = 500
IN_PROCESS = 1000
AHEAD = 2


@dataclass(frozen=True, slots=True)
class Chunk:
    """Tokenised texts: the different `words` in order of appearance, `ids` into them, `lengths` in tokens per text."""

    words: list[str]
    ids: NDArray[np.uint32]
    lengths: NDArray[np.int64]


Chunks = Generator[Chunk, None, None]


def tokenise_chunk(texts: Sequence[str], language: str = "en") -> Chunk:
    """The tokens of a few texts."""
    tokenizer = Tokenizer(language)
    index: dict[str, int] = {}
    ids: list[int] = []
    lengths: list[int] = []
    for text in texts:
        tokens = tokenizer(text)
        ids.extend(index.setdefault(token, len(index)) for token in tokens)
        lengths.append(len(tokens))
    return Chunk(list(index), np.array(ids, np.uint32), np.array(lengths, np.int64))


def tokenised_chunks(texts: Sequence[str], language: str, workers: int | None) -> Chunks:
    """The chunks of `texts` in order; above `IN_PROCESS` texts from `workers` processes (default: one per core).

    Leaving the loop early ends the processes. Raises DataError if the system killed one of them.
    """
    parts = (texts[start : start + CHUNK] for start in range(0, len(texts), CHUNK))
    workers = workers or usable_cores()
    if len(texts) <= IN_PROCESS or workers == 1:
        return (tokenise_chunk(part, language) for part in parts)
    return _from_pool(parts, language, workers)


def usable_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _from_pool(parts: Iterator[Sequence[str]], language: str, workers: int) -> Chunks:
    pool = ProcessPoolExecutor(workers, mp_context=Context(), initializer=settle)
    waiting: deque[Future[Chunk]] = deque()
    try:
        for part in islice(parts, workers * AHEAD):
            waiting.append(pool.submit(tokenise_chunk, part, language))
        while waiting:
            chunk = waiting.popleft().result()
            for part in islice(parts, 1):
                waiting.append(pool.submit(tokenise_chunk, part, language))
            yield chunk
    except BrokenProcessPool:
        raise DataError(
            "A process that split texts into tokens was ended from outside, probably for want of memory.",
            kept="Nothing was written.",
            todo="Free some memory, or use fewer or shorter texts, and start again.",
        ) from None
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
