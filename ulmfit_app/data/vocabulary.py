"""The vocabulary of a model: built as fastai builds it, and how well a new one fits an old one."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ulmfit_app.schema import FAKE, SPECIAL_TOKENS


def make_vocab(counts: Counter[str], min_freq: int = 3, max_vocab: int = 60000) -> list[str]:
    """Special tokens first, then the words that occur `min_freq` times or more, most frequent first.

    Source: `fastai.text.data.make_vocab`. At most `max_vocab` words, then 1 to 8 `xxfake` up to a multiple of 8. Ties
    keep the order of `counts`.
    """
    special = set(SPECIAL_TOKENS)
    words = [w for w, count in counts.most_common(max_vocab) if count >= min_freq and w not in special]
    vocab = [*SPECIAL_TOKENS, *words][:max_vocab]
    return vocab + [FAKE] * (8 - len(vocab) % 8)


@dataclass(frozen=True, slots=True)
class Fit:
    """How many words of a new vocabulary the old one `kept`, how many are `new`, and the `share` kept (0 to 1).

    The padding words `xxfake` count on neither side.
    """

    kept: int
    new: int
    share: float


def vocabulary_fit(old: Sequence[str], new: Sequence[str]) -> Fit:
    """How well the vocabulary `old` of a parent covers the vocabulary `new`."""
    known = set(old)
    words = [word for word in new if word != FAKE]
    kept = sum(word in known for word in words)
    return Fit(kept=kept, new=len(words) - kept, share=kept / len(words) if words else 0.0)
