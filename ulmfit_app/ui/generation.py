"""A generation: what was asked, and its texts as far as they are written. Draws nothing; at its end it holds no model.

It lives in the session while it grows. Whatever a person does on the page interrupts the script that writes; the next
one goes on at the same word. Only `stop` ends a generation early, and keeps what is there.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ulmfit_app.schema import Reading, Sampling, Step

if TYPE_CHECKING:
    from ulmfit_app.inference.generator import Generator


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of `models`, one or two by name. `seed`: that of the first sample, the next ones follow it."""

    models: tuple[str, ...]
    prompt: str
    n_words: int
    samples: int
    sampling: Sampling
    seed: int


@dataclass(slots=True)
class Text:
    """One text of a `model`. `start`: the prompt as it reads it, `before`: the tokens of that; `words`: all so far."""

    model: str
    seed: int
    reading: Reading
    before: tuple[str, ...]
    start: str
    words: str
    steps: list[Step] = field(default_factory=list)

    @property
    def tokens(self) -> tuple[str, ...]:
        """Those of the prompt, in words that the model knows, and the new ones."""
        return (*self.before, *(step.token for step in self.steps))


@dataclass(slots=True)
class Generation:
    """The `texts` of a `request`, sample by sample, in each of them model by model."""

    request: Request
    texts: list[Text]
    _writing: Iterator[None] | None

    @property
    def growing(self) -> bool:
        """False from the last word, or from `stop`."""
        return self._writing is not None

    @property
    def complete(self) -> bool:
        """True if every text has all its words."""
        return all(len(text.steps) == self.request.n_words for text in self.texts)

    def grow(self) -> Iterator[None]:
        """Write on; yields after every word of every model. Can be left at any time, and called again."""
        while self._writing is not None:
            try:
                next(self._writing)
            except StopIteration:
                self._writing = None
            else:
                yield

    def stop(self) -> None:
        """End it where it is."""
        self._writing = None


def begin(request: Request, generators: Sequence["Generator"]) -> Generation:
    """A generation before its first word; `generators` are the models of `request`. `AppError` for bad values."""
    from ulmfit_app.inference.generator import sample_seeds

    rows = []
    for seed in sample_seeds(request.seed, request.samples):
        pairs = zip(request.models, generators, strict=True)
        rows.append([(_text(name, seed, request.prompt, generator), generator) for name, generator in pairs])
    writers = [[_write(text, generator, request) for text, generator in row] for row in rows]
    return Generation(request, [text for row in rows for text, _ in row], _abreast(writers))


def _text(name: str, seed: int, prompt: str, generator: "Generator") -> Text:
    reading = generator.read(prompt)
    before = tuple(generator.vocab[number] for number in generator.numericalise(prompt))
    start = generator.decode(before)
    return Text(name, seed, reading, before, start, start)


def _write(text: Text, generator: "Generator", request: Request) -> Iterator[None]:
    """Add word by word to `text`. Checks the values at once, before a word is asked for."""
    steps = generator.steps(request.prompt, request.n_words, request.sampling, text.seed)

    def write() -> Iterator[None]:
        for step in steps:
            text.steps.append(step)
            text.words = generator.decode(text.tokens)
            yield

    return write()


def _abreast(rows: Sequence[Sequence[Iterator[None]]]) -> Iterator[None]:
    """The writers of each row in turns, one row after the other."""
    for row in rows:
        for _ in zip(*row, strict=True):
            yield
