"""The reports against figures worked out by hand, or in one naive pass."""

import math
from pathlib import Path

import pytest
import torch

from tests.fixtures import VOCAB, tiny_classifier, tiny_lm
from ulmfit_app import inference, modelfolder
from ulmfit_app.errors import DataError
from ulmfit_app.inference import evaluate
from ulmfit_app.inference.evaluate import Measurement, evaluate_classifier, evaluate_lm, wilson
from ulmfit_app.inference.generator import Generator
from ulmfit_app.inference.predictor import Predictor

TEXTS = ["a good film", "", "The worst movie of the year, honestly!", "zyx and more zyx " * 20]


@pytest.fixture(scope="module")
def predictor(tmp_path_factory: pytest.TempPathFactory) -> Predictor:
    return inference.load(tiny_classifier(tmp_path_factory.mktemp("models") / "model", labels=("a", "b", "c")))


@pytest.fixture(scope="module")
def generator(tmp_path_factory: pytest.TempPathFactory) -> Generator:
    return inference.load(tiny_lm(tmp_path_factory.mktemp("models") / "lm"))


class Fixed:
    """A predictor whose probabilities are the texts themselves: "0.7 0.2 0.1"."""

    labels = ("a", "b", "c")

    def logits(self, texts: list[str], on_progress: object = None) -> torch.Tensor:
        return torch.tensor([[float(chance) for chance in text.split()] for text in texts]).log()

    def predictions(self, logits: torch.Tensor) -> list[None]:
        return [None] * len(logits)


def test_classifier_report_by_hand() -> None:
    texts = ["0.7 0.2 0.1", "0.6 0.3 0.1", "0.1 0.8 0.1", "0.2 0.7 0.1"]
    report = evaluate_classifier(Fixed(), texts, ["a", "b", "b", "b"])  # type: ignore[arg-type]
    assert report.n == 4
    assert report.accuracy == 0.75
    assert report.loss == pytest.approx(-sum(map(math.log, (0.7, 0.3, 0.8, 0.7))) / 4)
    assert report.confusion == ((1, 0, 0), (1, 2, 0), (0, 0, 0))
    assert report.f1 == pytest.approx((2 / 3 + 4 / 5) / 2)  # c neither occurs nor was predicted
    scores = [(score.precision, score.recall, score.f1, score.support) for score in report.per_class]
    assert scores == [(1 / 2, 1, pytest.approx(2 / 3), 1), (1, pytest.approx(2 / 3), 0.8, 3), (0, 0, 0, 0)]
    # bins of 1/15: {.6} (9th), {.7, .7} (11th), {.8} (12th); gaps .6, 2 x .3 together, .2
    assert report.ece == pytest.approx((0.6 + 0.6 + 0.2) / 4)


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"),  # R: prop.test(hits, n, correct = FALSE)
    [(0, 10, 0.0, 0.2775328), (10, 10, 0.7224672, 1.0), (81, 263, 0.2552850, 0.3662117)],
)
def test_the_interval_is_wilsons(hits: int, n: int, low: float, high: float) -> None:
    assert wilson(hits, n) == pytest.approx((low, high), abs=1e-4)


def test_a_stopped_evaluation_is_that_of_the_texts_before(generator: Generator) -> None:
    answers = iter([False, False, True])
    report = evaluate_lm(generator, TEXTS, stopped=lambda: next(answers))
    assert report == evaluate_lm(generator, TEXTS[:2])


def test_a_measurement_in_parts_is_that_of_all_texts(predictor: Predictor) -> None:
    labels = ["a", "b", "c", "a"]
    measured = Measurement(predictor)
    rows = measured.add(TEXTS[:1], labels[:1]) + measured.add(TEXTS[1:], labels[1:])
    whole = evaluate_classifier(predictor, TEXTS, labels)
    report = measured.report()
    assert (report.confusion, report.accuracy) == (whole.confusion, whole.accuracy)
    assert (report.loss, report.ece) == pytest.approx((whole.loss, whole.ece), abs=1e-5)
    assert sum(loss for _, loss in rows) / 4 == pytest.approx(whole.loss)
    for (prediction, loss), label in zip(rows, labels, strict=True):
        assert loss == pytest.approx(-math.log(prediction.probabilities[label]), abs=1e-5)


def test_accuracy_is_that_of_the_single_predictions(predictor: Predictor) -> None:
    labels = [predictor.predict(text).label for text in TEXTS]
    report = evaluate_classifier(predictor, TEXTS, labels)
    assert report.accuracy == report.f1 == 1.0
    assert sum(map(sum, report.confusion)) == len(TEXTS)


def test_a_label_that_the_model_does_not_know_is_named_with_those_it_knows(predictor: Predictor) -> None:
    with pytest.raises(DataError, match=r"does not know the label 'good'.*It knows a, b, c"):
        evaluate_classifier(predictor, ["x", "y"], ["a", "good"])


@pytest.mark.parametrize(("texts", "labels"), [([], []), (["x"], [])])
def test_texts_without_labels_are_refused(texts: list[str], labels: list[str], predictor: Predictor) -> None:
    with pytest.raises(DataError, match="a label for every text"):
        evaluate_classifier(predictor, texts, labels)


@pytest.mark.parametrize("block", [1, 7, 4096])
def test_lm_report_is_one_pass_over_one_stream(
    block: int, generator: Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluate, "BLOCK", block)
    stream = torch.tensor([number for text in TEXTS for number in generator.numericalise(text)])
    logits = generator.logits(stream[None, :-1])[0][0]
    target = stream[1:]
    nats = torch.nn.functional.cross_entropy(logits.double(), target, reduction="sum").item()
    report = evaluate_lm(generator, TEXTS)
    assert report.tokens == len(target)
    assert report.loss == pytest.approx(nats / len(target), abs=1e-5)
    assert report.perplexity == pytest.approx(math.exp(report.loss))
    assert report.accuracy == (logits.argmax(1) == target).double().mean()
    assert report.unknown_share == (target == 0).double().mean() > 0.2
    assert report.bits_per_character == pytest.approx(nats / math.log(2) / sum(map(len, TEXTS)), abs=1e-5)


def test_progress_counts_texts(generator: Generator, predictor: Predictor) -> None:
    calls: list[tuple[int, int]] = []
    evaluate_lm(generator, TEXTS, lambda done, total: calls.append((done, total)))
    assert calls == [(1, 4), (2, 4), (3, 4), (4, 4)]
    calls.clear()
    evaluate_classifier(predictor, TEXTS, ["a"] * 4, lambda done, total: calls.append((done, total)))
    assert calls[-1] == (4, 4)


@pytest.mark.parametrize("texts", [[], [""], ["", ""], [" "]])
def test_nothing_to_predict_is_refused(texts: list[str], generator: Generator) -> None:
    with pytest.raises(DataError, match="no text to evaluate"):
        evaluate_lm(generator, texts)


def test_an_absurd_loss_still_gives_a_number(tmp_path: Path) -> None:
    folder = tiny_lm(tmp_path / "lm")
    weights = modelfolder.read_weights(folder)
    weights["1.decoder.bias"] *= 1e6
    report = evaluate_lm(Generator(modelfolder.read_config(folder), VOCAB, weights), TEXTS)
    assert math.isfinite(report.perplexity)


def test_a_stream_is_read_on_one_thread_and_the_setting_comes_back(generator: Generator) -> None:
    threads = torch.get_num_threads()
    seen: list[int] = []
    evaluate_lm(generator, ["the film was good"], lambda *_: seen.append(torch.get_num_threads()))
    assert (seen, torch.get_num_threads()) == ([1], threads)
