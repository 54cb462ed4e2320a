"""predict, generate and evaluate on tiny models: figures as the Python interface gives them, files, errors."""

import csv
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer.main

from tests.fixtures import tiny_classifier, tiny_lm
from tests.unit.cli.running import Command
from ulmfit_app import load_model
from ulmfit_app.cli.app import app
from ulmfit_app.inference.generator import Generator
from ulmfit_app.inference.predictor import Predictor
from ulmfit_app.settings import CHECKOUT

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


def test_a_prediction_that_fails_leaves_nothing(
    ulmfit: Command, classifier: Path, table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "out" / "predicted.csv"
    output.parent.mkdir()
    monkeypatch.setattr(csv, "writer", _no_space)
    ran = ulmfit("predict", "--model", classifier, "--input", table, "--text-column", "review", "--output", output)
    assert ran.code == 1
    assert "No space left" in ran.err
    assert list(output.parent.iterdir()) == []


@pytest.mark.parametrize("output", ["texts.csv", "old.csv", ".", "nowhere/predicted.csv", "old.csv/predicted.csv"])
def test_a_bad_output_is_refused_before_anything_is_read(
    ulmfit: Command, table: Path, tmp_path: Path, output: str
) -> None:
    (tmp_path / "old.csv").write_text("precious")
    before = {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    options = ("--input", table, "--text-column", "review", "--output", tmp_path / output)
    ran = ulmfit("predict", "--model", "not-even-looked-for", *options)
    assert ran.code == 1
    assert str(tmp_path / output) in ran.err or str((tmp_path / output).parent) in ran.err
    assert {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == before


def _no_space(*arguments: object) -> None:
    raise OSError(28, "No space left on device", "predicted.csv")


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--text", "a", "--input", "b.csv"),
        ("--input", "b.csv"),
        ("--input", "b.csv", "--output", "c.csv"),
        ("--text", "a", "--output", "c.csv"),
        ("--text", "a", "--text-column", "review"),
    ],
)
def test_predict_takes_a_text_alone_or_a_file_with_column_and_output(ulmfit: Command, options: tuple[str, ...]) -> None:
    ran = ulmfit("predict", "--model", "any", *options)
    assert ran.code == 2
    assert "--text" in ran.err


def test_the_defaults_of_generate_are_the_notebooks() -> None:
    """The notebook's TEXT, N_WORDS, temperature and N_SENTENCES."""
    command = typer.main.get_command(app).commands["generate"]
    defaults = {parameter.name: parameter.default for parameter in command.params}
    assert defaults["prompt"] == "I liked this movie by Robert Downey Jr. because"
    assert (defaults["n_words"], defaults["temperature"], defaults["samples"]) == (30, 0.75, 1)
    assert not {name: value for name, value in defaults.items() if name in ("top_k", "top_p", "min_p") and value}
    assert defaults["repetition_penalty"] == 1


def test_the_first_prediction_that_is_shown_is_the_notebooks() -> None:
    example = re.findall(r"^\$ (ulmfit predict .*)$", (CHECKOUT / "README.md").read_text(), re.MULTILINE)[0]
    words = shlex.split(example)
    assert words[words.index("--text") + 1] == "That honestly was the worst movie I've ever seen."


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


def test_seeds_and_samples_are_the_same_rule_with_and_without_json(ulmfit: Command, lm: Path) -> None:
    options = ("generate", "--model", lm, "--n-words", 9, "--samples", 2, "--seed", 2**32 - 1)
    samples = ulmfit(*options, "--json").json()["samples"]
    assert ulmfit(*options).out == "".join(f"{sample['text']}\n" for sample in samples)
    assert samples[1] == ulmfit("generate", "--model", lm, "--n-words", 9, "--seed", 0, "--json").json()["samples"][0]
    for extra in ((), ("--json",)):
        ran = ulmfit("generate", "--model", lm, "--samples", 101, *extra)
        assert (ran.code, ran.out) == (1, "")
        assert "Between 1 and 100 samples" in ran.err


@pytest.mark.parametrize("temperature", ["inf", "1e300"])
def test_a_bad_temperature_is_told_before_anything_is_printed(ulmfit: Command, lm: Path, temperature: str) -> None:
    ran = ulmfit("generate", "--model", lm, "--temperature", temperature)
    assert (ran.code, ran.out) == (1, "")
    assert "temperature must" in ran.err and "error of the program" not in ran.err


def test_a_tiny_temperature_is_greedy(ulmfit: Command, lm: Path) -> None:
    greedy = ulmfit("generate", "--model", lm, "--temperature", 0)
    assert greedy.code == 0
    assert ulmfit("generate", "--model", lm, "--temperature", "1e-300").out == greedy.out


def test_ctrl_c_says_what_was_kept(
    ulmfit: Command, lm: Path, classifier: Path, table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = Generator.stream

    def interrupted(self: Generator, prompt: str, n_words: int, sampling: object, seed: int) -> Iterator[str]:
        yield from stream(self, prompt, 3, seed=seed)
        if seed == 8:
            raise KeyboardInterrupt

    monkeypatch.setattr(Generator, "stream", interrupted)
    ran = ulmfit("generate", "--model", lm, "--samples", 3, "--seed", 7)
    assert ran.code == 130
    assert ran.out.count("\n") == 1
    assert "1 of 3 texts is complete" in ran.err
    monkeypatch.setattr(Generator, "generate", _interrupt)
    ran = ulmfit("generate", "--model", lm, "--json")
    assert (ran.code, ran.out) == (130, "")
    assert "Nothing was printed" in ran.err
    monkeypatch.setattr(Predictor, "predict_many", _interrupt)
    output = tmp_path / "predicted.csv"
    files = sorted(tmp_path.iterdir())
    ran = ulmfit("predict", "--model", classifier, "--input", table, "--text-column", "review", "--output", output)
    assert (ran.code, ran.out) == (130, "")
    assert "Nothing was written" in ran.err
    assert sorted(tmp_path.iterdir()) == files
    monkeypatch.setattr(Predictor, "logits", _interrupt)
    ran = ulmfit("evaluate", "--model", classifier, "--input", table, "--text-column", "review")
    assert (ran.code, ran.out) == (130, "")
    assert "Interrupted." in ran.err


def _interrupt(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def test_evaluate_a_classifier(ulmfit: Command, classifier: Path, table: Path) -> None:
    labels = _predictor(classifier).labels
    assert set(labels) == {"neg", "pos"}
    report = ulmfit("evaluate", "--model", classifier, "--input", table, "--text-column", "review", "--json").json()
    assert set(report) == {"kind", "n", "accuracy", "loss", "f1", "confusion", "ece"}
    assert (report["kind"], report["n"]) == ("classifier", 3)  # a blank text is not measured
    assert sum(map(sum, report["confusion"])) == 3
    words = ulmfit("evaluate", "--model", classifier, "--input", table, "--text-column", "review").out
    assert "confusion" in words


def test_evaluate_says_what_it_left_out_and_which_column_it_guessed(
    ulmfit: Command, classifier: Path, tmp_path: Path
) -> None:
    path = tmp_path / "texts.csv"
    rows = ["a film,neg", "bad film,pos", "more,", "even more,", "  ,neg", "the last,neg"]
    path.write_text("\n".join(["review,sentiment", *rows]))
    options = ("evaluate", "--model", classifier, "--input", path, "--text-column", "review")
    ran = ulmfit(*options, "--json")
    assert ran.json()["n"] == 3
    assert "The label is in the column 'sentiment' (guessed)." in ran.err
    assert "Left out: 2 of 6 rows without a label, 1 without a text." in ran.err
    assert "guessed" not in ulmfit(*options, "--label-column", "sentiment").err
    path.write_text("\n".join(["review,sentiment", *rows[:2]]))
    assert "Left out" not in ulmfit(*options).err


@pytest.mark.parametrize("source", ["file", "dataset"])
def test_evaluate_leaves_out_labels_that_the_model_does_not_know(
    ulmfit: Command, classifier: Path, tmp_path: Path, source: str
) -> None:
    def asked(*rows: str) -> tuple[object, ...]:
        path = tmp_path / f"texts{len(rows)}.csv"
        path.write_text("\n".join(["review,label,is_valid", *(f"{row},True" for row in rows), *training]))
        if source == "file":
            return ("--input", path, "--text-column", "review", "--label-column", "label")
        assert ulmfit("data", "add", f"texts{len(rows)}", path).code == 0
        return ("--data", f"texts{len(rows)}")

    training = [] if source == "file" else [f"text {n},{'ab'[n % 2]},False" for n in range(4)]
    mixed = [f"a {word} film {n},{label}" for n in range(2) for word, label in (("bad", "neg"), ("fine", "so-so"))]
    ran = ulmfit("evaluate", "--model", classifier, *asked(*mixed), "--json")
    assert ran.json()["n"] == 2
    assert "2 of 4 texts were left out: the model does not know their label (so-so)." in ran.err
    ran = ulmfit("evaluate", "--model", classifier, *asked("a film,so-so", "a plot,dull"))
    assert (ran.code, ran.out) == (1, "")
    assert "There is no text to measure." in ran.err and "The model knows the labels neg, pos." in ran.err


def test_a_language_model_has_no_label_column(ulmfit: Command, lm: Path, table: Path) -> None:
    options = ("evaluate", "--model", lm, "--input", table, "--text-column", "review")
    ran = ulmfit(*options, "--label-column", "zzz")
    assert (ran.code, ran.out) == (2, "")
    assert "language model" in ran.err


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


def test_evaluate_on_a_split_is_the_report_of_its_texts(
    ulmfit: Command, classifier: Path, lm: Path, tmp_path: Path
) -> None:
    rows = [(f"film number {n}", ("neg", "pos")[n % 2], n % 3 == 0) for n in range(60)]
    whole, valid = tmp_path / "whole.csv", tmp_path / "valid.csv"
    for path, kept in ((whole, rows), (valid, [row for row in rows if row[2]])):
        with path.open("w", newline="") as file:
            csv.writer(file).writerows([("text", "label", "is_valid"), *kept])
    assert ulmfit("data", "add", "mine", whole).code == 0
    for model in (classifier, lm):
        on_split = ulmfit("evaluate", "--model", model, "--data", "mine", "--json")
        on_file = ulmfit("evaluate", "--model", model, "--input", valid, "--text-column", "text", "--json")
        assert (on_split.code, on_split.json()) == (0, on_file.json())
    ran = ulmfit("evaluate", "--model", lm, "--data", "mine", "--split", "unlabelled")
    assert (ran.code, "no text to evaluate" in ran.err) == (1, True)
    assert ulmfit("evaluate", "--model", lm).code == 2
    assert ulmfit("evaluate", "--model", lm, "--data", "mine", "--input", valid).code == 2
