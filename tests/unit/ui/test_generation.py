"""A generation grows word by word, can be left and gone on with, and keeps what is there when it is stopped."""

from itertools import islice

import pytest

from tests.fixtures import tiny_lm
from ulmfit_app import inference
from ulmfit_app.errors import AppError
from ulmfit_app.inference.generator import Generator
from ulmfit_app.schema import Sampling
from ulmfit_app.ui.generation import Generation, Request, begin

PROMPT = "The film zyx was"


@pytest.fixture(scope="module")
def generators(tmp_path_factory: pytest.TempPathFactory) -> list[Generator]:
    folder = tmp_path_factory.mktemp("models")
    return [inference.load(tiny_lm(folder / f"lm{seed}", seed=seed)) for seed in range(2)]


def asked(generators: list[Generator], *, samples: int = 1, **sampling: float) -> Generation:
    """Six words by each of `generators`, before the first one."""
    names = tuple(f"lm{number}" for number in range(len(generators)))
    return begin(Request(names, PROMPT, 6, samples, Sampling(**sampling), seed=5), generators)


def test_every_text_is_what_the_model_generates(generators: list[Generator]) -> None:
    generation = asked(generators, samples=3)
    assert generation.growing and sum(1 for _ in generation.grow()) == 3 * 6
    for number, generator in enumerate(generators):
        texts = generation.texts[number::2]
        samples = generator.generate(PROMPT, 6, samples=3, seed=5)
        assert [text.words for text in texts] == [sample.text for sample in samples]
        assert [[step.token for step in text.steps] for text in texts] == [sample.tokens for sample in samples]
        assert [text.seed for text in texts] == [5, 6, 7]
    assert generation.complete and not generation.growing
    assert generation.texts[0].reading.unknown == {"zyx"} and "xxunk" in generation.texts[0].start


def test_two_models_write_abreast(generators: list[Generator]) -> None:
    generation = asked(generators)
    for _ in islice(generation.grow(), 2):
        assert len(generation.texts[0].steps) == len(generation.texts[1].steps)


def test_it_goes_on_where_it_was_left(generators: list[Generator]) -> None:
    generation = asked(generators[:1])
    for _ in generation.grow():
        break
    assert len(generation.texts[0].steps) == 1 and generation.growing
    assert sum(1 for _ in generation.grow()) == 5
    assert generation.texts[0].words == generators[0].generate(PROMPT, 6, seed=5)[0].text


def test_stop_keeps_what_is_there(generators: list[Generator]) -> None:
    generation = asked(generators[:1])
    next(generation.grow())
    generation.stop()
    assert list(generation.grow()) == [] and not generation.growing and not generation.complete
    assert len(generation.texts[0].steps) == 1 and len(generation.texts[0].words) > len(generation.texts[0].start)


def test_bad_values_are_refused_before_the_first_word(generators: list[Generator]) -> None:
    with pytest.raises(AppError, match="top-p"):
        asked(generators, top_p=0.0)
