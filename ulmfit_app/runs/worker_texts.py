"""The texts that an evaluation or a bulk prediction reads: a split of a dataset, or the file in the run's folder."""

from collections.abc import Iterable
from dataclasses import dataclass

from ulmfit_app.errors import DataError
from ulmfit_app.runs.worker_task import Task, open_dataset
from ulmfit_app.schema import RunKind
from ulmfit_app.settings import settings


@dataclass(frozen=True, slots=True)
class Row:
    """A text with its true label ("": none). `number`: which text of the dataset, from 1, or row of the file."""

    number: int
    text: str
    label: str = ""
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Texts:
    """The rows in their order; `columns` are the names of their `fields`, where a file was read."""

    rows: list[Row]
    notes: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()


def read(task: Task, *, labelled: bool) -> Texts:
    """What the run is to read. `labelled`: with the labels, so there must be some. Raises `DataError`."""
    return _of_file(task, labelled) if task.spec.input else _of_dataset(task, labelled)


def _of_dataset(task: Task, labelled: bool) -> Texts:
    spec, dataset = task.spec, open_dataset(task)
    assert spec.split  # `submit` checked it
    rows, notes = dataset.rows(spec.split), tuple[str, ...]()
    if not len(rows):
        raise DataError(f"The dataset '{spec.dataset}' has no texts in its split '{spec.split}'.")
    if labelled and not dataset.info.labels:
        raise DataError(f"The dataset '{spec.dataset}' has no labels to compare with.")
    if spec.limit is not None and spec.limit < len(rows):
        notes = (f"A stratified draw of {spec.limit:,} of {len(rows):,} texts, seed {spec.seed}.",)
        rows = dataset.sample(rows, spec.limit, spec.seed)
    names = ("", *dataset.info.labels)  # -1 + 1: no label
    numbers, labels = rows.tolist(), dataset.label_ids[rows].tolist()
    found = zip(numbers, dataset.texts_of(rows), labels, strict=True)
    return Texts([Row(number + 1, text, names[label + 1]) for number, text, label in found], notes)


def _of_file(task: Task, labelled: bool) -> Texts:
    from ulmfit_app.data.tablefile import read_table

    spec, limit = task.spec, settings().max_text_chars
    assert spec.input  # `submit` checked it
    read = read_table(
        task.folder.path / spec.input,
        spec.text_columns,
        spec.label_column if labelled else "",
        all_columns=spec.kind is RunKind.PREDICT,
    )
    label = read.chosen.label
    if labelled and label is None:
        raise DataError("No column of the file looks like a label.", todo="Choose the column of the label.")
    labels = [""] * len(read.rows) if label is None else [fields[label].strip() for fields in read.rows]
    texts = [read.chosen.text_of(fields) for fields in read.rows]
    notes = [f"The text is in {_quoted(read.columns[i] for i in read.chosen.texts)}."]
    notes += [] if label is None else [f"The label is in {_quoted([read.columns[label]])}."]
    if long := sum(len(text) > limit for text in texts):
        notes.append(f"{long:,} texts were longer than {limit:,} characters and were cut there.")
    found = zip(read.numbers, texts, labels, read.rows, strict=True)
    rows = [Row(number, text[:limit], label, fields) for number, text, label, fields in found]
    return Texts(rows, tuple(notes), read.columns)


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f"“{name}”" for name in names)
