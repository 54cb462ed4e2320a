"""Generating: one step per token, seeds, threads; and how the next token is chosen."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.fixtures import VOCAB, tiny_lm
from ulmfit_app import inference, modelfolder
from ulmfit_app.errors import AppError
from ulmfit_app.inference.awd_lstm import AwdLstm
from ulmfit_app.inference.generator import Generator, sample_seeds
from ulmfit_app.inference.sampling import GREEDY_BELOW, MAX_TEMPERATURE, choose, draw, probabilities
from ulmfit_app.schema import SPECIAL_TOKENS, Sampling

NOTHING_SEEN = torch.zeros(6, dtype=torch.bool)
LOGITS = torch.tensor([9.0, 2.0, 1.5, 1.0, -1.0, -3.0])  # the first is xxunk


@pytest.fixture(scope="module")
def generator(tmp_path_factory: pytest.TempPathFactory) -> Generator:
    return inference.load(tiny_lm(tmp_path_factory.mktemp("models") / "lm"))


def test_every_token_costs_one_step(generator: Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    shapes: list[tuple[int, ...]] = []
    forward = AwdLstm.forward

    def recorded(self: AwdLstm, ids: torch.Tensor, state: object = None) -> object:
        shapes.append(tuple(ids.shape))
        return forward(self, ids, state)  # type: ignore[arg-type]

    monkeypatch.setattr(AwdLstm, "forward", recorded)
    tokens = generator.stream("a good film", 10)
    assert shapes == []  # nothing is computed before it is asked for
    next(tokens)
    assert shapes == [(1, 3), (1, 1)]
    assert len(list(tokens)) == 9
    assert shapes[2:] == [(1, 1)] * 9


def test_steps_are_the_stream_with_what_the_model_expected(generator: Generator) -> None:
    sampling = Sampling(temperature=0.7, top_k=20)
    steps = list(generator.steps("a good film", 12, sampling, seed=0))
    assert [step.token for step in steps] == list(generator.stream("a good film", 12, sampling, seed=0))
    assert "xxfake" not in [step.token for step in steps]  # it stands for several ids
    ids = torch.tensor([generator.numericalise("a good film")])
    for step in steps:  # the model's own chances: a softmax over everything before, sampling left out
        chances = generator.logits(ids)[0][0, -1].softmax(0)
        word = VOCAB.index(step.token)
        assert step.probability == pytest.approx(float(chances[word]), abs=1e-5)
        assert [chance for _, chance in step.expected] == pytest.approx(chances.topk(5).values.tolist(), abs=1e-5)
        assert step.expected[0][0] == VOCAB[int(chances.argmax())]
        ids = torch.cat([ids, torch.tensor([[word]])], 1)


def test_a_greedy_step_is_the_most_expected_word_but_xxunk(generator: Generator) -> None:
    for step in generator.steps("the film", 20, Sampling(temperature=0)):
        assert step.token == next(word for word, _ in step.expected if word != "xxunk")


def test_a_prompt_is_read_with_its_unknown_words(generator: Generator) -> None:
    reading = generator.read("The film zyx was xxunk")
    assert reading.tokens == ("xxbos", "xxmaj", "the", "film", "zyx", "was", "xxunk")
    assert reading.unknown == {"zyx", "xxunk"}


def test_a_long_prompt_is_read_in_blocks_with_the_same_result(
    generator: Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    prompt, greedy = "a good film of the year , " * 30, Sampling(temperature=0)
    whole = list(generator.stream(prompt, 8, greedy))
    monkeypatch.setattr("ulmfit_app.inference.generator.BLOCK", 11)
    assert list(generator.stream(prompt, 8, greedy)) == whole


def test_a_seed_gives_the_same_text_and_another_seed_another(generator: Generator) -> None:
    first = generator.generate("the film", 20, samples=3, seed=7)
    assert first == generator.generate("the film", 20, samples=3, seed=7)
    assert list(generator.stream("the film", 20, seed=7)) == first[0].tokens
    assert generator.generate("the film", 20, seed=8)[0] == first[1]
    assert len({sample.text for sample in first}) == 3
    assert generator.generate("the film", 20)[0] != generator.generate("the film", 20)[0]


def test_generating_leaves_the_global_random_state_alone(generator: Generator) -> None:
    before = torch.get_rng_state()
    generator.generate("the film", 5, samples=2)
    assert torch.equal(torch.get_rng_state(), before)


def test_one_object_serves_many_threads(generator: Generator) -> None:
    def text(seed: int) -> str:
        return generator.generate("the film", 12, seed=seed)[0].text

    alone = [text(seed) for seed in range(100)]
    assert len(set(alone)) > 90
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(text, range(100))) == alone


def test_n_words_counts_tokens_and_the_text_begins_with_the_prompt(generator: Generator) -> None:
    sample = generator.generate("I liked this movie", 7, seed=1)[0]
    assert len(sample.tokens) == 7
    assert sample.text.startswith("i xxunk this movie")  # "liked" is not among the words of the fixture
    assert "xxbos" not in sample.text
    assert generator.generate("the film", 0)[0].tokens == []


def test_unknown_words_are_only_drawn_when_allowed(generator: Generator) -> None:
    hot = Sampling(temperature=5.0)
    assert "xxunk" not in {t for s in generator.generate("the", 30, samples=20, sampling=hot, seed=0) for t in s.tokens}
    free = Sampling(temperature=5.0, no_unk=False)
    assert "xxunk" in {t for s in generator.generate("the", 30, samples=20, sampling=free, seed=0) for t in s.tokens}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda g: g.generate("a", samples=0), "Between 1 and 100 samples"),
        (lambda g: g.generate("a", samples=101), "Between 1 and 100 samples"),
        (lambda g: g.generate("a", -1), "cannot be negative"),
        (lambda g: g.generate("a", seed=-1), "seed must lie between"),
        (lambda g: g.generate("a", seed=2**32), "seed must lie between"),
        (lambda g: g.generate("a", sampling=Sampling(temperature=-0.1)), "temperature"),
        (lambda g: g.generate("a", sampling=Sampling(temperature=float("nan"))), "temperature"),
        (lambda g: g.generate("a", sampling=Sampling(top_k=0)), "top-k"),
        (lambda g: g.generate("a", sampling=Sampling(top_p=0.0)), "top-p"),
        (lambda g: g.generate("a", sampling=Sampling(min_p=1.1)), "min-p"),
        (lambda g: g.generate("a", sampling=Sampling(temperature=float("inf"))), "temperature"),
        (lambda g: g.generate("a", sampling=Sampling(repetition_penalty=0.0)), "repetition penalty"),
        (lambda g: g.generate("a", sampling=Sampling(repetition_penalty=float("inf"))), "repetition penalty"),
        (lambda g: g.stream("a", sampling=Sampling(temperature=-1.0)), "temperature"),
        (lambda g: g.stream("a", -1), "cannot be negative"),
        (lambda g: g.stream("a", seed=-1), "seed must lie between"),
    ],
)
def test_values_out_of_range_are_refused(call: Callable, message: str, generator: Generator) -> None:
    with pytest.raises(AppError, match=message):
        call(generator)


@pytest.mark.parametrize("temperature", [0.3, 0.75, 1.0, 2.0])
def test_temperature_is_fastais_power_of_the_probabilities(temperature: float) -> None:
    expected = LOGITS.softmax(0)
    expected[0] = 0
    expected = expected ** (1 / temperature)
    found = probabilities(LOGITS, Sampling(temperature=temperature), NOTHING_SEEN)
    assert torch.allclose(found, expected / expected.sum(), atol=1e-6)


def test_draws_follow_the_distribution() -> None:
    generator, sampling = torch.Generator().manual_seed(0), Sampling(temperature=1.5)
    drawn = torch.tensor([choose(LOGITS, sampling, NOTHING_SEEN, generator) for _ in range(4000)])
    shares = torch.bincount(drawn, minlength=6) / 4000
    assert torch.allclose(shares, probabilities(LOGITS, sampling, NOTHING_SEEN), atol=0.03)


@pytest.mark.parametrize(("number", "drawn"), [(0.0, 3), (0.49, 3), (0.5, 1), (1 - 2**-53, 1)])
def test_a_word_of_chance_0_is_never_drawn(number: float, drawn: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "rand", lambda *_, **__: torch.tensor([number], dtype=torch.float64))
    assert draw(torch.tensor([0, 0.5, 0, 0.5, 0]), torch.Generator()) == drawn


def kept(sampling: Sampling, seen: torch.Tensor = NOTHING_SEEN) -> list[int]:
    chances = probabilities(LOGITS, sampling, seen)
    assert float(chances.sum()) == pytest.approx(1)
    return torch.nonzero(chances)[:, 0].tolist()


def test_top_k_keeps_the_most_probable() -> None:
    assert kept(Sampling(temperature=1, top_k=2)) == [1, 2]
    assert kept(Sampling(temperature=1, top_k=99)) == [1, 2, 3, 4, 5]


def test_top_p_keeps_the_smallest_set_that_reaches_p() -> None:
    assert kept(Sampling(temperature=1, top_p=1e-6)) == [1]
    assert kept(Sampling(temperature=1, top_p=0.5)) == [1, 2]  # .50 alone does not reach it: .4937
    assert kept(Sampling(temperature=1, top_p=1.0)) == [1, 2, 3, 4, 5]


def test_min_p_is_relative_to_the_most_probable() -> None:
    assert kept(Sampling(temperature=1, min_p=0.5)) == [1, 2]  # e^-0.5 = .61, e^-1 = .37
    assert kept(Sampling(temperature=1, min_p=0.3)) == [1, 2, 3]
    assert kept(Sampling(temperature=1, min_p=1.0)) == [1]


def test_filters_see_what_those_before_left() -> None:
    assert kept(Sampling(temperature=1, top_k=2, top_p=0.7)) == [1, 2]  # of two, the first has .62
    assert kept(Sampling(temperature=1, top_k=2, top_p=0.6)) == [1]
    assert kept(Sampling(temperature=0.1, min_p=0.3)) == [1]  # temperature first: e^-5 is below


def test_the_penalty_makes_seen_words_less_likely_whatever_their_sign() -> None:
    seen = torch.tensor([0, 1, 0, 0, 1, 0], dtype=torch.bool)
    plain = probabilities(LOGITS, Sampling(temperature=1), seen)
    penalised = probabilities(LOGITS, Sampling(temperature=1, repetition_penalty=2.0), seen)
    assert penalised[1] / penalised[2] == pytest.approx(float(torch.exp(torch.tensor(2.0 / 2 - 1.5))))
    assert penalised[4] / penalised[2] == pytest.approx(float(torch.exp(torch.tensor(-1.0 * 2 - 1.5))))
    assert penalised[1] < plain[1] and penalised[4] < plain[4]
    greedy = Sampling(temperature=0, repetition_penalty=2.0)
    assert choose(LOGITS, greedy, seen, torch.Generator()) == 2


@pytest.mark.parametrize("temperature", [5e-324, 1e-300, 1e-40, GREEDY_BELOW / 2])
def test_a_temperature_near_zero_is_greedy(temperature: float) -> None:
    close = torch.tensor([9.0, 2.0, 2.0 + 1e-6, 1.0])
    drawn = {choose(close, Sampling(temperature), NOTHING_SEEN[:4], torch.Generator()) for _ in range(20)}
    assert drawn == {2}


@pytest.mark.parametrize(("temperature", "highest"), [(GREEDY_BELOW, 1.0), (MAX_TEMPERATURE, 0.204)])
def test_the_distribution_is_sound_at_both_ends(temperature: float, highest: float) -> None:
    chances = probabilities(LOGITS, Sampling(temperature=temperature), NOTHING_SEEN)
    assert chances[0] == 0 and chances.argmax() == 1
    assert float(chances.max()) == pytest.approx(highest, abs=1e-3)
    assert float(chances.sum()) == pytest.approx(1)


def test_seeds_go_round() -> None:
    assert sample_seeds(2**32 - 2, 3) == [2**32 - 2, 2**32 - 1, 0]
    assert len(set(sample_seeds(None, 100))) == 100


@given(st.lists(st.sampled_from([*SPECIAL_TOKENS, "the", "film", "!", "3", "1", "0", "-2", "10000"]), max_size=12))
def test_the_pieces_of_a_text_are_the_text(generator: Generator, tokens: list[str]) -> None:
    pieces = list(generator.pieces(tokens))
    assert "".join(pieces).rstrip(" ") == generator.decode(tokens).rstrip(" ")
    assert "" not in pieces


def test_a_piece_comes_as_soon_as_it_is_certain(generator: Generator) -> None:
    left = iter(["xxbos", "the", "xxmaj", "film", "xxrep", "3", "!"])
    assert [(piece, len(list(copy(left)))) for piece in generator.pieces(left)] == [
        ("the", 5),
        (" Film", 3),
        (" !!!", 0),
    ]


def test_a_generated_text_repeats_less_with_the_penalty(generator: Generator) -> None:
    free = generator.generate("the film", 60, sampling=Sampling(temperature=0))[0].tokens
    held = generator.generate("the film", 60, sampling=Sampling(temperature=0, repetition_penalty=5.0))[0].tokens
    assert len(set(held)) > len(set(free))
    assert set(held) <= set(VOCAB)


def test_a_model_without_output_bias_generates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tiny_lm(tmp_path / "lm")
    config = modelfolder.read_config(folder)
    config = config.model_copy(update={"architecture": config.architecture.model_copy(update={"out_bias": False})})
    weights = modelfolder.read_weights(folder)
    del weights["1.decoder.bias"]
    assert "1.decoder.bias" not in modelfolder.expected_shapes(config)
    assert len(Generator(config, VOCAB, weights).generate("the", 3)[0].tokens) == 3
