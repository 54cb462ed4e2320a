"""Predicting and generating for the API, with the models that the pages use, piece by piece."""

from collections.abc import AsyncIterator, Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING

from ulmfit_app import registry
from ulmfit_app.api.work import in_thread
from ulmfit_app.inference.cache import model_cache
from ulmfit_app.schema import GenerateAnswer, GenerateRequest, Prediction, PredictRequest, Sample, TextPiece

if TYPE_CHECKING:
    from ulmfit_app.inference.generator import Generator
    from ulmfit_app.inference.predictor import Predictor

PIECE = 20_000  # characters predicted at a time, or one text


async def predict(request: PredictRequest) -> tuple[Prediction, ...]:
    """The prediction of each text. Raises `AppError` if the model is not there, or is no classifier."""
    predictor = await in_thread(_predictor, request.model)
    found: list[Prediction] = []
    for texts in pieces(request.texts):
        found += await in_thread(predictor.predict_many, texts)
    return tuple(found)


def pieces(texts: Sequence[str]) -> Iterator[list[str]]:
    """`texts` in order, in lists of at most `PIECE` characters, or one text."""
    piece: list[str] = []
    size = 0
    for text in texts:
        if piece and size + len(text) > PIECE:
            yield piece
            piece, size = [], 0
        piece.append(text)
        size += len(text)
    yield piece


class Writing:
    """The texts of a request while they are written: `seed` of the first one, and the `samples` that are complete."""

    def __init__(self, request: GenerateRequest, generator: "Generator", seeds: Sequence[int]) -> None:
        self._request, self._generator, self._seeds = request, generator, seeds
        self.seed = seeds[0]
        self.samples: list[Sample] = []

    async def write(self) -> AsyncIterator[TextPiece]:
        """Yield the texts piece by piece, one after the other, each piece as soon as no later word can change it."""
        asked, generator = self._request, self._generator
        before = await in_thread(_words, generator, asked.prompt)
        for number, seed in enumerate(self._seeds):
            tokens: list[str] = []
            stream = generator.stream(asked.prompt, asked.n_words, asked.sampling, seed)
            texts = generator.pieces(chain(before, _kept(stream, tokens)))
            while (text := await in_thread(next, texts, None)) is not None:
                yield TextPiece(sample=number, text=text)
            self.samples.append(Sample(await in_thread(generator.decode, [*before, *tokens]), tokens))

    def answer(self) -> GenerateAnswer:
        """All of it, when `write` has ended."""
        return GenerateAnswer(model=self._request.model, seed=self.seed, samples=tuple(self.samples))


async def begin(asked: GenerateRequest) -> Writing:
    """The texts before their first word. Raises `AppError` if the model is not there, or is no language model."""
    generator = await in_thread(_generator, asked.model)
    from ulmfit_app.inference.generator import sample_seeds

    return Writing(asked, generator, sample_seeds(asked.seed, asked.samples))


def _kept(tokens: Iterator[str], into: list[str]) -> Iterator[str]:
    """`tokens`, each put `into` the list as it passes."""
    for token in tokens:
        into.append(token)
        yield token


def _words(generator: "Generator", prompt: str) -> list[str]:
    """The prompt in words of the model's vocabulary."""
    return [generator.vocab[number] for number in generator.numericalise(prompt)]


def _predictor(name: str) -> "Predictor":
    entry = registry.named(name)
    return model_cache().predictor(entry.path, entry.usable_config())


def _generator(name: str) -> "Generator":
    entry = registry.named(name)
    return model_cache().generator(entry.path, entry.usable_config())
