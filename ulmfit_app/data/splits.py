"""Which texts are held out for validation, and which are drawn when a run reads only some.

Holding out orders texts by a hash of seed and text: the same on every machine and version, whatever the order of the
file, and exact duplicates cannot end up on both sides.
"""

from collections.abc import Iterable
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

SEED = 42


def hold_out(texts: Iterable[str], label_ids: NDArray[np.int64], share: float, seed: int = SEED) -> NDArray[np.bool_]:
    """True for the rows held out: `share` of each label's rows, identical texts together.

    Every label with two different texts gets at least one row on either side. A text that has several labels counts
    for the label of its first row.
    """
    held_out = np.zeros(len(label_ids), bool)
    by_label: dict[int, list[list[int]]] = {}
    for rows in _same_text(texts, seed):
        by_label.setdefault(int(label_ids[rows[0]]), []).append(rows)
    for groups in by_label.values():
        wanted = max(1, round(share * sum(map(len, groups))))
        for rows in groups[:-1]:
            if len(rows) <= wanted:
                held_out[rows] = True
                wanted -= len(rows)
    return held_out


def _same_text(texts: Iterable[str], seed: int) -> list[list[int]]:
    """The rows of each different text, in the order that `seed` gives."""
    groups: dict[bytes, list[int]] = {}
    for row, text in enumerate(texts):
        key = blake2b(f"{seed}\0{text}".encode("utf-8", "surrogatepass"), digest_size=16).digest()
        groups.setdefault(key, []).append(row)
    return [groups[key] for key in sorted(groups)]


def draw(label_ids: NDArray[np.int64], n: int, seed: int) -> NDArray[np.int64]:
    """`n` positions in `label_ids` (all if there are fewer), ascending, each label with its share and at least one.

    `RandomState` because numpy keeps its stream the same for ever.
    """
    if n >= len(label_ids):
        return np.arange(len(label_ids))
    random = np.random.RandomState(seed)
    labels, counts = np.unique(label_ids, return_counts=True)
    drawn = [
        random.permutation(np.flatnonzero(label_ids == label))[:quota]
        for label, quota in zip(labels, _apportion(counts, n), strict=True)
    ]
    return np.sort(np.concatenate(drawn))


def _apportion(counts: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    """`n` < sum(`counts`) seats by largest remainder, at least one each while the seats last, at most `counts`."""
    exact = n * counts / counts.sum()
    quotas = np.maximum(np.floor(exact).astype(np.int64), 1)
    least = 1 if n >= len(counts) else 0
    while quotas.sum() > n:
        quotas[np.argmax(np.where(quotas > least, quotas - exact, -np.inf))] -= 1
    while quotas.sum() < n:
        quotas[np.argmax(np.where(quotas < counts, exact - quotas, -np.inf))] += 1
    return quotas
