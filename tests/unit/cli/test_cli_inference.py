"""predict, generate and evaluate on tiny models: figures as the Python interface gives them, files, errors."""

import csv
from pathlib import Path

import pytest

from tests.fixtures import tiny_classifier, tiny_lm
from tests.unit.cli.running import Command
from ulmfit_app import load_model
from ulmfit_app.inference.generator import Generator
from ulmfit_app.inference.predictor import Predictor

TEXTS = ["that movie was the worst", "a great film, and funny", "", 'it\'s "quoted",\nwith a new line']


@pytest.fixture
def classifier(tmp_path: Path) -> Path:
    return tiny_classifier(tmp_path / "classifier")


@pytest.fixture
def lm(tmp_path: Path) -> Path:
    return tiny_lm(tmp_path / "lm")


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "texts.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("review", "label"), *zip(TEXTS, ["neg", "pos", "neg", "pos"], strict=True)])
    return path


def _predictor(folder: Path) -> Predictor:
    model = load_model(str(folder))
    assert isinstance(model, Predictor)
    return model


def test_predict_gives_label_index_and_all_probabilities(ulmfit: Command, classifier: Path) -> None:
    expected = _predictor(classifier).predict(TEXTS[0])
    ran = ulmfit("predict", "--model", classifier, "--text", TEXTS[0], "--json")
    assert (ran.code, ran.err) == (0, "")
    assert ran.json() == {
        "label": expected.label,
        "index": expected.index,
        "probabilities": pytest.approx(expected.probabilities),
    }
    assert list(ran.json()["probabilities"]) == list(_predictor(classifier).labels)
    words = ulmfit("predict", "--model", classifier, "--text", TEXTS[0]).out
    assert words.startswith(f"{expected.label} (index {expected.index})")
    assert all(label in words for label in expected.probabilities)


def test_predict_writes_a_row_for_every_row(ulmfit: Command, classifier: Path, table: Path, tmp_path: Path) -> None:
    output = tmp_path / "predicted.csv"
    ran = ulmfit(
        "predict", "--model", classifier, "--input", table, "--text-column", "review", "--output", output, "--json"
    )
    assert (ran.code, ran.json()) == (0, {"n": 4, "output": str(output)})
    predictor = _predictor(classifier)
    with output.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["label", "index", *predictor.labels]
    for row, expected in zip(rows, predictor.predict_many(TEXTS), strict=True):
        assert (row["label"], row["index"]) == (expected.label, str(expected.index))
        assert [float(row[label]) for label in predictor.labels] == pytest.approx(
            list(expected.probabilities.values()), abs=1e-6
        )


def test_a_prediction_that_fails_leaves_the_old_file(
    ulmfit: Command, classifier: Path, table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "out" / "predicted.csv"
    output.parent.mkdir()
    output.write_text("precious")
    monkeypatch.setattr(csv, "writer", _no_space)
    ran = ulmfit("predict", "--model", classifier, "--input", table, "--text-column", "review", "--output", output)
    assert ran.code == 1
    assert "No space left" in ran.err
    assert [path.name for path in output.parent.iterdir()] == ["predicted.csv"]
    assert output.read_text() == "precious"


def _no_space(*arguments: object) -> None:
    raise OSError(28, "No space left on device", "predicted.csv")


@pytest.mark.parametrize(
    "options",
    [(), ("--text", "a", "--input", "b.csv"), ("--input", "b.csv"), ("--input", "b.csv", "--output", "c.csv")],
)
def test_predict_needs_a_text_or_a_file_with_column_and_output(ulmfit: Command, options: tuple[str, ...]) -> None:
    ran = ulmfit("predict", "--model", "any", *options)
    assert ran.code == 2
    assert "--text" in ran.err


def test_generate_is_the_generators_text_for_that_seed(ulmfit: Command, lm: Path) -> None:
    model = load_model(str(lm))
    assert isinstance(model, Generator)
    expected = model.generate("I liked this movie by Robert Downey Jr. because", 12, 2, seed=7)
    options = ("generate", "--model", lm, "--n-words", 12, "--samples", 2, "--seed", 7)
    assert ulmfit(*options, "--json").json() == {
        "seed": 7,
        "samples": [{"text": sample.text, "tokens": sample.tokens} for sample in expected],
    }
    assert ulmfit(*options).out == "".join(f"{sample.text}\n" for sample in expected)


def test_a_seed_that_was_drawn_is_told_and_repeats_the_text(ulmfit: Command, lm: Path) -> None:
    first = ulmfit("generate", "--model", lm, "--prompt", "the film", "--json").json()
    assert len(first["samples"][0]["tokens"]) == 30
    again = ulmfit("generate", "--model", lm, "--prompt", "the film", "--seed", first["seed"], "--json").json()
    assert again == first
    options = ("--temperature", 0, "--top-k", 3, "--top-p", 0.9, "--min-p", 0.1, "--repetition-penalty", 1.2)
    assert ulmfit("generate", "--model", lm, *options, "--json").code == 0


def test_evaluate_a_classifier(ulmfit: Command, classifier: Path, table: Path) -> None:
    labels = _predictor(classifier).labels
    assert set(labels) == {"neg", "pos"}
    report = ulmfit("evaluate", "--model", classifier, "--input", table, "--text-column", "review", "--json").json()
    assert set(report) == {"kind", "n", "accuracy", "loss", "f1", "confusion", "ece"}
    assert (report["kind"], report["n"]) == ("classifier", 3)  # a blank text is not measured
    assert sum(map(sum, report["confusion"])) == 3
    words = ulmfit("evaluate", "--model", classifier, "--input", table, "--text-column", "review").out
    assert "confusion" in words


def test_evaluate_a_language_model(ulmfit: Command, lm: Path, table: Path) -> None:
    report = ulmfit("evaluate", "--model", lm, "--input", table, "--text-column", "review", "--json").json()
    assert set(report) == {
        "kind", "tokens", "loss", "perplexity", "accuracy", "unknown_share", "bits_per_character",
    }  # fmt: skip
    assert report["kind"] == "lm"


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (("predict", "--model", "nothing", "--text", "a"), "no model or model folder called 'nothing'"),
        (("evaluate", "--model", "LM", "--input", "gone.csv", "--text-column", "a"), "gone.csv"),
        (("predict", "--model", "LM", "--text", "a"), "is not a classifier"),
        (("generate", "--model", "CLASSIFIER"), "is not a language model"),
        (("generate", "--model", "LM", "--top-p", "-1"), "top-p"),
    ],
)
def test_errors_are_told_without_a_traceback(
    ulmfit: Command, lm: Path, classifier: Path, command: tuple[str, ...], words: str
) -> None:
    paths = {"LM": str(lm), "CLASSIFIER": str(classifier)}
    ran = ulmfit(*(paths.get(argument, argument) for argument in command), "--json")
    assert (ran.code, ran.out) == (1, "")
    assert words in ran.err
    assert "Traceback" not in ran.err
