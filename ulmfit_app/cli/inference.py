"""`ulmfit predict`, `generate`, `evaluate`: using models, in this process."""

import csv
import itertools
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

from ulmfit_app import registry
from ulmfit_app.cli.console import AsJson, answer, answer_json, counter, interruptible, note, progress, table
from ulmfit_app.cli.data import open_dataset
from ulmfit_app.cli.newfile import new_file
from ulmfit_app.defaults import N_WORDS, PROMPT
from ulmfit_app.errors import AppError
from ulmfit_app.schema import ClassifierReport, LmReport, Prediction, Sampling, Split

if TYPE_CHECKING:
    from ulmfit_app.data.ingest import Labelled
    from ulmfit_app.inference.encoder import Encoder
    from ulmfit_app.inference.generator import Generator
    from ulmfit_app.inference.predictor import Predictor

Model = Annotated[str, typer.Option("--model", help="Name of a model, or path of a model folder.")]
TextColumns = Annotated[list[str] | None, typer.Option("--text-column", help="Column of the text; may be repeated.")]


def predict(
    model: Model,
    text: Annotated[str | None, typer.Option(help="One text to classify.")] = None,
    input_: Annotated[
        Path | None, typer.Option("--input", help="CSV, TSV, JSON Lines or Parquet file of texts.")
    ] = None,
    text_column: TextColumns = None,
    output: Annotated[
        Path | None, typer.Option(help="CSV file to write: a row for every text. Must not exist.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Classify one text, or every text of a file."""
    with interruptible(lambda: "Nothing was written."):
        if text is not None and not (input_ or text_column or output):
            _answer_prediction(_predictor(model).predict(text), as_json)
        elif text is None and input_ and text_column and output:
            n = _predict_file(model, input_, text_column, output)
            _answer_written(n, output, as_json)
        else:
            raise typer.BadParameter("give either --text alone, or --input with --text-column and --output")


def generate(
    model: Model,
    prompt: Annotated[str, typer.Option(help="How the text begins.")] = PROMPT,
    n_words: Annotated[int, typer.Option(min=0, help="Tokens to add; punctuation counts.")] = N_WORDS,
    temperature: Annotated[float, typer.Option(min=0, help="0: always the most probable token.")] = 0.75,
    samples: Annotated[int, typer.Option(min=1, help="How many continuations.")] = 1,
    seed: Annotated[int | None, typer.Option(min=0, help="The same seed gives the same text. [default: drawn]")] = None,
    top_k: Annotated[int | None, typer.Option(min=1, help="Draw from this many most probable tokens.")] = None,
    top_p: Annotated[float | None, typer.Option(help="Draw from the fewest tokens that have this share.")] = None,
    min_p: Annotated[
        float | None, typer.Option(help="Least probability relative to the most probable token's (fastai's: absolute).")
    ] = None,
    repetition_penalty: Annotated[float, typer.Option(help="Above 1: tokens that occurred become rarer.")] = 1.0,
    as_json: AsJson = False,
) -> None:
    """Continue a text with a language model, token by token."""
    sampling = Sampling(temperature, top_k, top_p, min_p, repetition_penalty)
    if as_json:
        with interruptible(lambda: "Nothing was printed."):
            _answer_samples(_generator(model), prompt, n_words, samples, sampling, seed)
    else:
        _stream_samples(model, prompt, n_words, samples, sampling, seed)


def evaluate(
    model: Model,
    input_: Annotated[
        Path | None, typer.Option("--input", help="CSV, TSV, JSON Lines or Parquet file of texts.")
    ] = None,
    text_column: TextColumns = None,
    label_column: Annotated[str | None, typer.Option(help="Column of the true label. [default: guessed]")] = None,
    data: Annotated[str | None, typer.Option(help="Name of a dataset, in place of a file.")] = None,
    split: Annotated[Split, typer.Option(help="Which part of the dataset.")] = Split.VALID,
    as_json: AsJson = False,
) -> None:
    """Measure a classifier on labelled texts, or a language model on texts: of a file, or of a dataset."""
    if (input_ is None) == (data is None):
        raise typer.BadParameter("give either --input or --data")
    if input_ is not None and not text_column:
        raise typer.BadParameter("name the column of the text", param_hint="--text-column")
    with interruptible(lambda: "There is no result."):
        if data is not None:
            report = _report_on_split(model, data, split)
        else:
            assert input_ is not None
            report = _report(model, input_, text_column or [], label_column)
    if as_json:
        answer_json(_answer_fields(report))
    else:
        answer(_report_text(report))


def _load(model: str) -> "Predictor | Generator | Encoder":
    from ulmfit_app import inference

    return inference.load(registry.folder_of(model))


def _predictor(model: str) -> "Predictor":
    from ulmfit_app.inference.predictor import Predictor

    loaded = _load(model)
    if not isinstance(loaded, Predictor):
        raise AppError(f"'{model}' is not a classifier.", todo="`ulmfit models list` shows the kinds.")
    return loaded


def _generator(model: str) -> "Generator":
    from ulmfit_app.inference.generator import Generator

    loaded = _load(model)
    if not isinstance(loaded, Generator):
        raise AppError(f"'{model}' is not a language model.", todo="`ulmfit models list` shows the kinds.")
    return loaded


def _answer_prediction(prediction: Prediction, as_json: bool) -> None:
    if as_json:
        answer_json(asdict(prediction))
        return
    answer(f"{prediction.label} (index {prediction.index})")
    answer(table(("LABEL", "PROBABILITY"), [(k, f"{p:.4f}") for k, p in prediction.probabilities.items()]))


def _answer_written(n: int, output: Path, as_json: bool) -> None:
    if as_json:
        answer_json({"n": n, "output": str(output)})
    else:
        answer(f"{n:,} predictions written to {output}.")


def _predict_file(model: str, path: Path, text_columns: list[str], output: Path) -> int:
    """Write the predictions of the texts in `path` to the new file `output`, and return how many."""
    from ulmfit_app.data.ingest import read_texts

    with new_file(output) as file:
        predictor = _predictor(model)
        texts = read_texts(path, text_columns)
        with progress() as bar:
            predictions = predictor.predict_many(texts, counter(bar, "predict"))
        _write_predictions(predictor.labels, predictions, file)
    return len(predictions)


def _write_predictions(labels: tuple[str, ...], predictions: list[Prediction], file: TextIO) -> None:
    """A row for each prediction: label, index, a column with the probability of each label."""
    writer = csv.writer(file)
    writer.writerow(["label", "index", *labels])
    writer.writerows([p.label, p.index, *p.probabilities.values()] for p in predictions)


def _answer_samples(
    generator: "Generator", prompt: str, n_words: int, samples: int, sampling: Sampling, seed: int | None
) -> None:
    from ulmfit_app.inference.generator import sample_seeds

    first = sample_seeds(seed, samples)[0]
    drawn = generator.generate(prompt, n_words, samples, sampling, first)
    answer_json({"seed": first, "samples": [asdict(sample) for sample in drawn]})


def _stream_samples(model: str, prompt: str, n_words: int, samples: int, sampling: Sampling, seed: int | None) -> None:
    """Write the texts on stdout as they grow, one after the other."""
    done = 0
    with interruptible(lambda: f"{done} of {samples} {'texts is' if done == 1 else 'texts are'} complete."):
        from ulmfit_app.inference.generator import sample_seeds

        generator = _generator(model)
        seeds = sample_seeds(seed, samples)
        before = [generator.vocab[number] for number in generator.numericalise(prompt)]
        streams = [generator.stream(prompt, n_words, sampling, each) for each in seeds]
        note(f"Seed {seeds[0]}.")
        for stream in streams:
            for piece in generator.pieces(itertools.chain(before, stream)):
                sys.stdout.write(piece)
                sys.stdout.flush()
            sys.stdout.write("\n")
            done += 1


def _report(model: str, path: Path, text_columns: list[str], label_column: str | None) -> ClassifierReport | LmReport:
    from ulmfit_app.data.ingest import read_labelled, read_texts
    from ulmfit_app.inference.evaluate import evaluate_classifier, evaluate_lm
    from ulmfit_app.inference.generator import Generator
    from ulmfit_app.inference.predictor import Predictor

    loaded = _load(model)
    with progress() as bar:
        report = counter(bar, "evaluate")
        if isinstance(loaded, Generator):
            if label_column is not None:
                raise typer.BadParameter("a language model is measured without labels", param_hint="--label-column")
            return evaluate_lm(loaded, read_texts(path, text_columns), report)
        if not isinstance(loaded, Predictor):
            raise AppError(f"'{model}' is an encoder: it has no head that could be measured.")
        labelled = read_labelled(path, text_columns, label_column)
        _note_choices(labelled, guessed=label_column is None)
        return evaluate_classifier(loaded, *_known(loaded, labelled.texts, labelled.labels), report)


def _report_on_split(model: str, data: str, split: Split) -> ClassifierReport | LmReport:
    from ulmfit_app.inference.evaluate import evaluate_classifier, evaluate_lm
    from ulmfit_app.inference.generator import Generator
    from ulmfit_app.inference.predictor import Predictor

    loaded, dataset = _load(model), open_dataset(data)
    rows = dataset.rows(split)
    with progress() as bar:
        told = counter(bar, "evaluate")
        if isinstance(loaded, Generator):
            return evaluate_lm(loaded, dataset.texts_of(rows), told)
        if not isinstance(loaded, Predictor):
            raise AppError(f"'{model}' is an encoder: it has no head that could be measured.")
        labelled = rows[dataset.label_ids[rows] >= 0]
        if len(labelled) < len(rows):
            note(f"Left out: {len(rows) - len(labelled):,} of {len(rows):,} texts without a label.")
        labels = [dataset.info.labels[label] for label in dataset.label_ids[labelled].tolist()]
        return evaluate_classifier(loaded, *_known(loaded, dataset.texts_of(labelled), labels), told)


def _known(predictor: "Predictor", texts: list[str], labels: list[str]) -> tuple[list[str], list[str]]:
    """The texts whose label the model knows, and these labels; the others are left out and counted, as by the page."""
    from ulmfit_app.runs.worker_evaluate import usable
    from ulmfit_app.runs.worker_texts import Row

    pairs = zip(texts, labels, strict=True)
    kept, notes = usable([Row(number, *pair) for number, pair in enumerate(pairs, start=1)], predictor.labels)
    for words in notes:
        note(words)
    return [row.text for row in kept], [row.label for row in kept]


def _note_choices(read: "Labelled", guessed: bool) -> None:
    """Say which column was taken for the label, and which rows were not."""
    if guessed:
        note(f"The label is in the column '{read.column}' (guessed).")
    if read.no_label or read.no_text:
        note(f"Left out: {read.no_label:,} of {read.rows:,} rows without a label, {read.no_text:,} without a text.")


def _answer_fields(report: ClassifierReport | LmReport) -> dict[str, Any]:
    """What a command says of a report; the Evaluate page shows the rest."""
    return report.model_dump(exclude={"labels", "low", "high", "per_class"})


def _report_text(report: ClassifierReport | LmReport) -> str:
    fields = _answer_fields(report)
    confusion = fields.pop("confusion", None)
    rows = [(name.replace("_", " "), _figure(value)) for name, value in fields.items()]
    lines = [f"{name:20}{value}" for name, value in rows]
    if confusion is not None:
        lines += [
            "confusion (rows: true, columns: predicted)",
            *("  ".join(f"{n:7,}" for n in row) for row in confusion),
        ]
    return "\n".join(lines)


def _figure(value: str | float) -> str:
    if isinstance(value, str):
        return value
    return f"{value:,}" if isinstance(value, int) else f"{value:.4f}"
