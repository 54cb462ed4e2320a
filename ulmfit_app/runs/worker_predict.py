"""The worker's bulk prediction: every row of a file, with the model's label and probabilities beside it."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ulmfit_app import inference
from ulmfit_app.errors import ModelFolderError
from ulmfit_app.runs.models import model_folder
from ulmfit_app.runs.predictions import header, row_of
from ulmfit_app.runs.table import new_table
from ulmfit_app.runs.worker_evaluate import PART
from ulmfit_app.runs.worker_task import NothingDone, Progress, Task, counting, stage, stop_wished
from ulmfit_app.runs.worker_texts import Row, read
from ulmfit_app.schema import Prediction, PredictionReport, RunResult

if TYPE_CHECKING:
    from ulmfit_app.inference.predictor import Predictor


def predict(task: Task) -> RunResult:
    """Predict row by row; a stop keeps the rows before it. A row without a text gets no prediction."""
    from ulmfit_app.inference.predictor import Predictor

    assert task.spec.model  # `submit` checked it
    inference.use_threads(task.threads)
    stage(task, "read", 1, of=2)
    predictor = inference.load(model_folder(task.spec.model))
    if not isinstance(predictor, Predictor):
        raise ModelFolderError(f"'{task.spec.model}' is not a classifier.", todo="Choose a classifier.")
    texts = read(task, labelled=False)
    stage(task, "predict", 2, of=2)
    rows, progress = texts.rows, counting(task, "predict", len(texts.rows))
    counts, done = Counter(dict.fromkeys(predictor.labels, 0)), 0
    with new_table(task.folder, header(texts.columns, predictor.labels)) as write:
        while done < len(rows) and not stop_wished(task):
            part = rows[done : done + PART]
            for row, said in _predicted(predictor, part, progress(done)):
                write(row_of(row.fields, said, predictor.labels))
                counts.update([said.label] if said else [])
            done += len(part)
        if not done:
            raise NothingDone
    report = PredictionReport(n=done, counts=dict(counts), empty=done - counts.total())
    notes = list(texts.notes)
    if report.empty:
        notes.append(f"{report.empty:,} of {done:,} rows have no text, hence no prediction.")
    if done < len(rows):
        notes.append(f"Stopped before its end: the first {done:,} of {len(rows):,} rows are kept.")
    return RunResult(report=report, partial=done < len(rows), seconds=task.journal.seconds(), notes=tuple(notes))


def _predicted(
    predictor: "Predictor", rows: Sequence[Row], on_progress: Progress
) -> Iterator[tuple[Row, Prediction | None]]:
    """Each row with its prediction, None where there is no text."""
    found = iter(predictor.predict_many([row.text for row in rows if row.text.strip()], on_progress))
    return ((row, next(found) if row.text.strip() else None) for row in rows)
