"""The vocabulary of a model: built as fastai builds it, and how well a new one fits an old one."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ulmfit_app.schema import FAKE, SPECIAL_TOKENS, UNK


def make_vocab(counts: Counter[str], min_freq: int = 3, max_vocab: int = 60000) -> list[str]:
    """Special tokens first, then the words that occur `min_freq` times or more, most frequent first.

    Source: `fastai.text.data.make_vocab`. At most `max_vocab` words, then 1 to 8 `xxfake` up to a multiple of 8. Ties
    keep the order of `counts`.
    """
    special = set(SPECIAL_TOKENS)
    words = [w for w, count in counts.most_common(max_vocab) if count >= min_freq and w not in special]
    vocab = [*SPECIAL_TOKENS, *words][:max_vocab]
    return vocab + [FAKE] * (8 - len(vocab) % 8)


MIN_SHARE = 0.1  # of a new vocabulary that a parent must know


@dataclass(frozen=True, slots=True)
class Fit:
    """How many words of a new vocabulary the old one `kept`, how many are `new`, and the `share` kept (0 to 1).

    Special tokens and the padding words `xxfake` count on neither side: every vocabulary has them.
    """

    kept: int
    new: int
    share: float

    @property
    def too_small(self) -> bool:
        """True where a training refuses the parent: it would start with next to no word that it knows."""
        return self.share < MIN_SHARE


def vocabulary_fit(old: Sequence[str], new: Sequence[str]) -> Fit:
    """How well the vocabulary `old` of a parent covers the vocabulary `new`."""
    known = set(old)
    words = [word for word in new if word != FAKE and word not in SPECIAL_TOKENS]
    kept = sum(word in known for word in words)
    return Fit(kept=kept, new=len(words) - kept, share=kept / len(words) if words else 0.0)


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of some texts a vocabulary knows: of their different `words` those `kept`, of their `tokens` those
    `unknown`. What the tokenizer itself writes as `xxunk` is unknown to every vocabulary."""

    words: int
    kept: int
    tokens: int
    unknown: int

    @property
    def unknown_share(self) -> float:
        """The share of running tokens that become `xxunk`, 0 to 1."""
        return self.unknown / self.tokens if self.tokens else 0.0


def coverage(counts: Counter[str], vocab: Sequence[str]) -> Coverage:
    """How much of the texts with these word `counts` the vocabulary knows."""
    known = set(vocab) - {FAKE, UNK}
    kept = [count for word, count in counts.items() if word in known]
    total = counts.total()
    return Coverage(words=len(counts), kept=len(kept), tokens=total, unknown=total - sum(kept))


@dataclass(frozen=True, slots=True)
class WordRow:
    """A word of some texts: its `rank` by frequency from 1, its `count`, its `id` in a vocabulary (None: unknown)."""

    rank: int
    word: str
    count: int
    id: int | None


def find_words(
    ranked: Sequence[tuple[str, int]], vocab: Sequence[str], part: str, most: int
) -> tuple[list[WordRow], int]:
    """The first `most` of the words that contain `part`, in small letters, and how many do.

    `ranked`: words with their counts, the most frequent first (`Counter.most_common`).
    """
    part = part.strip().lower()
    found = [(rank, word, n) for rank, (word, n) in enumerate(ranked, start=1) if part in word]
    ids = {word: number for number, word in enumerate(vocab) if word != FAKE}
    return [WordRow(rank, word, n, ids.get(word)) for rank, word, n in found[:most]], len(found)
