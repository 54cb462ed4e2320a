"""A language model: a text goes on, token by token. The state is kept, so every token costs one step."""

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence

import torch
from torch import Tensor

from ulmfit_app import modelfolder
from ulmfit_app.data.tokens import decode
from ulmfit_app.errors import AppError
from ulmfit_app.inference import half
from ulmfit_app.inference.awd_lstm import AwdLstm, State, repeated
from ulmfit_app.inference.numericaliser import Numericaliser
from ulmfit_app.inference.sampling import check, choose
from ulmfit_app.schema import BOS, PAD, ModelConfig, Reading, Sample, Sampling, Step

MAX_SAMPLES = 100
SEEDS = 2**32
BLOCK = 256  # tokens of a prompt per call of the LSTM, to bound memory
DEFAULT = Sampling()
EXPECTED = 5  # words shown of what the model expected


class Generator:
    """What `load_model` returns for a language model. Thread-safe: the state lives in the call."""

    def __init__(self, config: ModelConfig, vocab: Sequence[str], weights: Mapping[str, Tensor]) -> None:
        self.config, self.vocab = config, tuple(vocab)
        self.numericalise = Numericaliser(config.tokenizer, vocab)
        encoder = modelfolder.encoder_weights(weights, config.kind, config.part)
        self._lstm = AwdLstm(encoder, config.architecture.n_layers)
        self._bias = weights.get("1.decoder.bias")
        self._for_few = half.packed_linear(self._lstm.embedding, self._bias)

    def stream(
        self, prompt: str, n_words: int = 30, sampling: Sampling = DEFAULT, seed: int | None = None
    ) -> Iterator[str]:
        """The `n_words` vocabulary tokens that follow `prompt`, each as soon as it is drawn.

        The same `seed` gives the same tokens as the first sample of `generate`. Raises `AppError` for bad values at
        once, before a token is asked for.
        """
        _check(n_words, sampling)
        steps = self._steps(prompt, n_words, sampling, sample_seeds(seed, 1))
        return (self.vocab[ids[0]] for ids, _ in steps)

    def steps(
        self, prompt: str, n_words: int = 30, sampling: Sampling = DEFAULT, seed: int | None = None
    ) -> Iterator[Step]:
        """What `stream` yields, each token with what the model expected in its place. Raises as `stream`."""
        _check(n_words, sampling)
        steps = self._steps(prompt, n_words, sampling, sample_seeds(seed, 1))
        return (self._step(ids[0], logits[0]) for ids, logits in steps)

    def read(self, prompt: str) -> Reading:
        """`prompt` as the model reads it."""
        return self.numericalise.read(prompt)

    def generate(
        self,
        prompt: str,
        n_words: int = 30,
        samples: int = 1,
        sampling: Sampling = DEFAULT,
        seed: int | None = None,
    ) -> list[Sample]:
        """`samples` independent continuations of `prompt` by `n_words` tokens, seeded by `sample_seeds`.

        Raises `AppError` for bad values.
        """
        _check(n_words, sampling)
        steps = [ids for ids, _ in self._steps(prompt, n_words, sampling, sample_seeds(seed, samples))]
        return [self._sample(prompt, [self.vocab[ids[number]] for ids in steps]) for number in range(samples)]

    def decode(self, tokens: Sequence[str]) -> str:
        """Readable text of vocabulary `tokens`, without `xxbos` and `xxpad`, as fastai's `LMLearner.predict` ends."""
        return decode(token for token in tokens if token not in (BOS, PAD))

    def pieces(self, tokens: Iterable[str]) -> Iterator[str]:
        """The text of `tokens` piece by piece, each as soon as no later token can change it.

        Joined, they are `decode(tokens)` (but for spaces at its end); `xxmaj` and the like wait for what they act upon.
        """
        waiting, space = [], ""
        for token in tokens:
            waiting.append(token)
            if text := self.decode(waiting):
                yield space + text
                waiting, space = [], " "

    @torch.inference_mode()
    def logits(self, ids: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Scores of the token after each of `ids` (b, t), given the `state` before: (b, t, words), new state."""
        output, state = self._lstm.forward(ids, state)
        if self._for_few is not None and output.shape[:2].numel() <= half.FEW:
            return half.linear(output, self._for_few), state
        return torch.nn.functional.linear(output, self._lstm.embedding, self._bias), state

    def _sample(self, prompt: str, tokens: list[str]) -> Sample:
        before = [self.vocab[number] for number in self.numericalise(prompt)]
        return Sample(self.decode([*before, *tokens]), tokens)

    def _step(self, drawn: int, logits: Tensor) -> Step:
        """The token `drawn` where the model gave `logits` (words,)."""
        chances = logits.softmax(0)
        best = chances.topk(min(EXPECTED, len(chances)))
        expected = zip(best.indices.tolist(), best.values.tolist(), strict=True)
        words = tuple((self.vocab[number], chance) for number, chance in expected)
        return Step(self.vocab[drawn], float(chances[drawn]), words)

    def _steps(
        self, prompt: str, n_words: int, sampling: Sampling, seeds: Sequence[int]
    ) -> Iterator[tuple[list[int], Tensor]]:
        """Yield `n_words` times the next token of every sample and the logits (samples, words) it was drawn from.

        There is one row and one random generator for each seed.
        """
        ids = torch.tensor(self.numericalise(prompt))
        generators = [torch.Generator().manual_seed(seed) for seed in seeds]
        seen = torch.zeros(len(seeds), len(self.vocab), dtype=torch.bool)
        seen[:, ids] = True
        logits, state = self._after_prompt(ids, len(seeds))
        for left in reversed(range(n_words)):
            rows = zip(logits, seen, generators, strict=True)
            drawn = torch.tensor([choose(row, sampling, words, generator) for row, words, generator in rows])
            seen[torch.arange(len(seeds)), drawn] = True
            yield drawn.tolist(), logits
            if left:
                logits, state = self._next(drawn, state)

    def _after_prompt(self, ids: Tensor, samples: int) -> tuple[Tensor, State]:
        """Logits (samples, words) and state after the prompt `ids` (t,), which is read once."""
        state: State | None = None
        for block in ids[:-1].split(BLOCK):
            if len(block):
                _, state = self._lstm.forward(block[None], state)
        logits, state = self.logits(ids[None, -1:], state)
        return logits[:, -1].expand(samples, -1), repeated(state, samples)

    def _next(self, drawn: Tensor, state: State) -> tuple[Tensor, State]:
        logits, state = self.logits(drawn[:, None], state)
        return logits[:, -1], state


def sample_seeds(seed: int | None, samples: int) -> list[int]:
    """The seed of each sample: `seed` (None: drawn) plus its number, modulo 2**32. Raises `AppError` for bad values."""
    if not 1 <= samples <= MAX_SAMPLES:
        raise AppError(f"Between 1 and {MAX_SAMPLES} samples can be drawn at once.")
    if seed is not None and not 0 <= seed < SEEDS:
        raise AppError(f"The seed must lie between 0 and {SEEDS - 1:,}.")
    first = random.randrange(SEEDS) if seed is None else seed
    return [(first + number) % SEEDS for number in range(samples)]


def _check(n_words: int, sampling: Sampling) -> None:
    check(sampling)
    if n_words < 0:
        raise AppError("The number of words to generate cannot be negative.")
