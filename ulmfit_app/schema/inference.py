"""What predicting and generating take and give."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Prediction:
    """What `learn.predict` returns: the label, its index, and the probability of every label, in label order."""

    label: str
    index: int
    probabilities: dict[str, float]


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the next token is drawn, in this order: no_unk, repetition penalty, temperature, top-k, top-p, min-p."""

    temperature: float = 0.75
    top_k: int | None = None
    top_p: float | None = None
    min_p: float | None = None
    repetition_penalty: float = 1.0
    no_unk: bool = True


@dataclass(frozen=True, slots=True)
class Sample:
    """A generated text: the decoded `text` with its prompt, and the new `tokens` as they are in the vocabulary."""

    text: str
    tokens: list[str]


@dataclass(frozen=True, slots=True)
class Step:
    """A drawn `token`, the `probability` that the model gave it, and the tokens that it `expected` most.

    Probabilities are the model's own, before `Sampling` changes them; `expected` begins with the most probable.
    """

    token: str
    probability: float
    expected: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """A text as a model reads it: its `tokens`, `xxbos` first, and those of them that are `unknown` to the model.

    `start`: the token from which on a classifier judges; 0 unless the text is longer than its max_len.
    """

    tokens: tuple[str, ...]
    unknown: frozenset[str]
    start: int = 0
