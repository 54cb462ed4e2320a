"""Starting a run that makes no model: an evaluation, a bulk prediction, a learning-rate finder.

Builds the spec and submits it; returns the run's id at once. What the run will find is not known here: a file is read,
and a model loaded, by the worker alone.
"""

import re
from pathlib import Path

from ulmfit_app.runs.folder import now
from ulmfit_app.runs.models import model_folder, parent_folder
from ulmfit_app.runs.submit import submit
from ulmfit_app.schema import FASTAI_LMS, Recipe, RunKind, RunSpec, Split

INPUT = "input-"  # before the name of a file that somebody gave, so that it can be no other file of the folder
LONGEST = 80


def evaluate(
    model: str,
    *,
    dataset: str | None = None,
    split: Split = Split.VALID,
    input: Path | bytes | None = None,
    file_name: str = "",
    text_columns: tuple[str, ...] = (),
    label_column: str | None = None,
    limit: int | None = None,
    seed: int = 42,
) -> str:
    """Measure `model` on the `split` of `dataset`, or on the file `input`, a path or its bytes under `file_name`.

    `limit`: on as many texts of the split, drawn stratified by `seed`. Columns not named are guessed from the file.
    Raises `NotFoundError`, `RunError`, `DataError` (over the size limit).
    """
    model_folder(model)
    spec = RunSpec(
        kind=RunKind.EVALUATE,
        model=model,
        dataset=dataset,
        split=None if dataset is None else split,
        input=None if input is None else input_name(file_name or _name_of(input)),
        text_columns=text_columns,
        label_column=label_column,
        limit=limit,
        seed=seed,
        created=now(),
    )
    return submit(spec, input)


def predict(
    model: str,
    input: Path | bytes,
    file_name: str = "",
    text_columns: tuple[str, ...] = (),
) -> str:
    """Predict the label of every row of the file `input`, a path or its bytes under `file_name`. Raises as above."""
    model_folder(model)
    spec = RunSpec(
        kind=RunKind.PREDICT,
        model=model,
        input=input_name(file_name or _name_of(input)),
        text_columns=text_columns,
        created=now(),
    )
    return submit(spec, input)


def find_rates(
    recipe: Recipe,
    dataset: str,
    parent: str | None,
    *,
    stage: int = 0,
    limit: int | None = None,
    device: str = "auto",
    precision: str = "auto",
    threads: int | None = None,
    seed: int = 42,
) -> str:
    """Try learning rates for the recipe's `stage` on the learner that a training would start with.

    `parent`: None for random weights. Raises `ParentError`, `RecipeError`.
    """
    if parent is not None and parent not in FASTAI_LMS:  # those are downloaded by the run
        parent_folder(parent)
    spec = RunSpec(
        kind=RunKind.LR_FIND,
        dataset=dataset,
        recipe=recipe,
        parent=parent,
        stage=stage,
        limit=limit,
        device=device,
        precision=precision,
        threads=threads,
        seed=seed,
        created=now(),
    )
    return submit(spec)


def input_name(file_name: str) -> str:
    """The name in a run's folder of a file that a person calls `file_name`: nothing of it is taken for a path."""
    stem, dot, suffix = re.sub(r"[^A-Za-z0-9._-]+", "-", file_name).rpartition(".")
    kept = f"{stem[:LONGEST]}.{suffix[:8]}" if dot else suffix[:LONGEST]
    return INPUT + (kept or "texts")


def shown_name(spec: RunSpec) -> str:
    """What a person called the input of a run."""
    return (spec.input or "").removeprefix(INPUT)


def _name_of(content: Path | bytes) -> str:
    return content.name if isinstance(content, Path) else "texts.csv"
