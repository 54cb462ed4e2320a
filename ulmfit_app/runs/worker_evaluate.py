"""The worker's evaluation: a classifier on labelled texts, row by row, or a language model on texts."""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ulmfit_app import inference
from ulmfit_app.errors import DataError, ModelFolderError
from ulmfit_app.runs.models import model_folder
from ulmfit_app.runs.table import new_table
from ulmfit_app.runs.worker_task import NothingDone, Task, counting, stage, stop_wished
from ulmfit_app.runs.worker_texts import Row, Texts, read
from ulmfit_app.schema import ClassifierReport, LmReport, RunResult

if TYPE_CHECKING:
    from ulmfit_app.inference.generator import Generator
    from ulmfit_app.inference.predictor import Predictor

PART = 512  # texts between two looks at what the user wishes; a batch is drawn from one part
COLUMNS = ("row", "text", "label", "prediction", "probability_of_label", "loss")
NAMED = 5  # labels that a note names


def evaluate(task: Task) -> RunResult:
    """Measure the model; a stop keeps the figures, and the rows, of the texts before it."""
    from ulmfit_app.inference.generator import Generator
    from ulmfit_app.inference.predictor import Predictor

    assert task.spec.model  # `submit` checked it
    inference.use_threads(task.threads)
    stage(task, "read", 1, of=2)
    model = inference.load(model_folder(task.spec.model))
    if not isinstance(model, Generator | Predictor):
        raise ModelFolderError(f"'{task.spec.model}' is an encoder: it has no head that could be measured.")
    texts = read(task, labelled=isinstance(model, Predictor))
    stage(task, "evaluate", 2, of=2)
    if isinstance(model, Generator):
        return _language_model(task, model, texts)
    return _classifier(task, model, texts)


def _classifier(task: Task, predictor: "Predictor", texts: Texts) -> RunResult:
    from ulmfit_app.inference.evaluate import Measurement

    rows, left_out = usable(texts.rows, predictor.labels)
    measurement, progress, done = Measurement(predictor), counting(task, "evaluate", len(rows)), 0
    with new_table(task.folder, [*COLUMNS, *(f"p_{label}" for label in predictor.labels)]) as write:
        while done < len(rows) and not stop_wished(task):
            part = rows[done : done + PART]
            found = measurement.add([row.text for row in part], [row.label for row in part], progress(done))
            for row, (said, loss) in zip(part, found, strict=True):
                chances = said.probabilities
                write([row.number, row.text, row.label, said.label, chances[row.label], loss, *chances.values()])
            done += len(part)
        if not done:
            raise NothingDone
    report = measurement.report()
    metrics = {"accuracy": report.accuracy, "f1": report.f1}
    return _result(task, report, metrics, (*texts.notes, *left_out), done, len(rows))


def _language_model(task: Task, generator: "Generator", texts: Texts) -> RunResult:
    from ulmfit_app.inference.evaluate import evaluate_lm

    progress, read_texts = counting(task, "evaluate", len(texts.rows))(0), 0

    def report_progress(done: int, total: int) -> None:
        nonlocal read_texts
        read_texts = done
        progress(done, total)

    def stopped() -> bool:
        wished = stop_wished(task)
        if wished and not read_texts:
            raise NothingDone
        return wished

    report = evaluate_lm(generator, [row.text for row in texts.rows], report_progress, stopped)
    metrics = {"perplexity": report.perplexity, "accuracy": report.accuracy}
    return _result(task, report, metrics, texts.notes, read_texts, len(texts.rows))


def _result(
    task: Task,
    report: ClassifierReport | LmReport,
    metrics: dict[str, float],
    notes: tuple[str, ...],
    done: int,
    of: int,
) -> RunResult:
    if done < of:
        notes = (f"Stopped before its end: only the first {done:,} of {of:,} texts were measured.", *notes)
    seconds = task.journal.seconds()
    return RunResult(report=report, partial=done < of, metrics=metrics, seconds=seconds, notes=notes)


def usable(rows: Sequence[Row], labels: Sequence[str]) -> tuple[list[Row], list[str]]:
    """The rows that can be measured, and how many were left out for which reason. `DataError` if none is left."""
    unknown = Counter(row.label for row in rows if row.label and row.text.strip() and row.label not in labels)
    reasons = {
        "they have no label": sum(not row.label for row in rows),
        "their text is empty": sum(bool(row.label) and not row.text.strip() for row in rows),
        f"the model does not know their label ({_names(unknown)})": unknown.total(),
    }
    kept = [row for row in rows if row.label in labels and row.text.strip()]
    notes = [f"{n:,} of {len(rows):,} texts were left out: {reason}." for reason, n in reasons.items() if n]
    if not kept:
        raise DataError(
            f"There is no text to measure. {' '.join(notes)}", todo=f"The model knows the labels {', '.join(labels)}."
        )
    return kept, notes


def _names(labels: Counter[str]) -> str:
    named = [label for label, _ in labels.most_common(NAMED)]
    return ", ".join(named) + (", …" if len(labels) > NAMED else "")
