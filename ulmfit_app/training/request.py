"""What is asked for, resolved: the parent, the name, the refusals of what cannot work, the submission.

Pages and commands call the same functions here in the same order.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from ulmfit_app import hardware, limits, registry
from ulmfit_app.defaults import SCRATCH, ParentChoice, default_name, default_parent
from ulmfit_app.errors import DataError, DeviceError, NameTakenError, ParentError
from ulmfit_app.runs.folder import now
from ulmfit_app.runs.state import UNFINISHED
from ulmfit_app.runs.submit import submit
from ulmfit_app.runs.summary import RunSummary
from ulmfit_app.schema import FASTAI_LMS, SIZES, Architecture, DatasetInfo, Kind, Recipe, RunKind, RunSpec
from ulmfit_app.training.planning import plan_of

BACKWARD = "wt103-bwd"


def choose_parent(kind: Kind, recipe: str, dataset: str, info: DatasetInfo | None, asked: str | None) -> ParentChoice:
    """The parent that was `asked` for (a name, a path, `scratch`), else the usual one; a path stays one.

    `info`: None where the dataset is still to be downloaded. Raises `ParentError`, `NotFoundError`.
    """
    if asked == SCRATCH:
        return ParentChoice(None, "random weights, as asked")
    if asked in FASTAI_LMS and is_absent(asked):
        backwards = "; it reads texts from their end, trainings here from their beginning" if asked == BACKWARD else ""
        return ParentChoice(asked, f"the weights that fastai trained on WikiText-103, downloaded by the run{backwards}")
    if asked is not None:
        folder = registry.folder_of(asked)
        return ParentChoice(asked if folder.name == asked else str(folder), "as asked")
    fine_tuned = registry.newest_lm_on(info.content_hash) if info else None
    lms = {entry.name for entry in registry.models(Kind.LM)}
    return default_parent(kind, recipe, dataset, fine_tuned=fine_tuned, lms=lms)


def choose_name(kind: Kind, dataset: str, asked: str | None, runs: Sequence[RunSummary]) -> str:
    """The name of the model: as asked, else the usual one. Raises `NameTakenError` for a bad or taken one.

    `runs`: all of this home; what an unfinished one will write is taken too.
    """
    claimed = {run.name: run for run in runs if run.state in UNFINISHED and run.name}
    if asked in claimed:
        raise NameTakenError(
            f"A run that is {claimed[asked].state} will write a model called '{asked}'.", todo="Choose another name."
        )
    name = asked or default_name(dataset, kind, claimed.keys() | {entry.name for entry in registry.models()})
    registry.new_folder(name)
    return name


def spec_of(
    recipe: Recipe,
    dataset: str,
    info: DatasetInfo | None,
    *,
    name: str | None,
    parent: str | None,
    overrides: Mapping[str, Any],
    limit: int | None,
    device: str,
    precision: str,
    threads: int | None,
    seed: int,
) -> RunSpec:
    """The training that was asked for: `recipe` with its `overrides` in it; `parent`: None for random weights."""
    return RunSpec(
        kind=RunKind(f"train-{recipe.kind}"),
        name=name,
        dataset=dataset,
        dataset_hash=info.content_hash if info else None,
        recipe=recipe,
        overrides=dict(overrides),
        limit=limits.texts_read(recipe, limit),
        parent=parent,
        device=device,
        precision=precision,
        threads=threads,
        seed=seed,
        created=now(),
    )


def architecture(parent: str | None, recipe: Recipe) -> Architecture:
    """The shapes of the model that a training from `parent` makes."""
    if parent is not None and is_absent(parent):
        return SIZES["full"]
    config = registry.entry(parent).config if parent else None
    return config.architecture if config else SIZES[recipe.size]


def is_absent(parent: str) -> bool:
    """True for a parent that the run downloads first."""
    return parent in FASTAI_LMS and parent not in {entry.name for entry in registry.models()}


def refuse(spec: RunSpec, info: DatasetInfo | None) -> None:
    """Raise an `AppError` if `spec` cannot work, as far as that is known before the texts are read."""
    assert spec.recipe  # a training has one
    if info and spec.recipe.kind is Kind.CLASSIFIER and len(info.labels) < 2:
        raise DataError(
            f"The dataset '{info.name}' has no labels to learn.",
            todo="Fine-tune a language model on it, or choose a dataset with labels.",
        )
    if spec.parent is not None and not is_absent(spec.parent):
        _refuse_parent(spec.parent, info)
    limits.refuse_run(spec)
    shapes = architecture(spec.parent, spec.recipe)
    limits.refuse_size(shapes)
    plan_of(spec, info, shapes.n_layers)
    _refuse_absent(spec.device, spec.precision)


def _refuse_parent(name: str, info: DatasetInfo | None) -> None:
    entry = registry.entry(name)
    if entry.config is None:
        raise ParentError(f"The parent '{entry.name}' cannot be used: {entry.problem}", todo="Choose another parent.")
    if info and entry.config.tokenizer.language != info.language:
        raise ParentError(
            f"The parent '{entry.name}' reads language '{entry.config.tokenizer.language}', the dataset is in "
            f"'{info.language}'.",
            todo="Choose another parent, or train from scratch.",
        )


def _refuse_absent(device: str, precision: str) -> None:
    """Asks torch only where the answer is not the same everywhere."""
    if device in ("auto", "cpu") and precision in ("auto", "fp32"):
        return
    there = hardware.devices()
    chosen = there[0] if device == "auto" else device
    if chosen not in there:
        raise DeviceError(f"This machine has no device '{device}'.", todo=f"Use one of: auto, {', '.join(there)}.")
    works = ["auto", *hardware.precisions(chosen)]
    if precision not in works:
        raise DeviceError(f"Precision '{precision}' does not work on {chosen} here.", todo=f"Use {' or '.join(works)}.")


def start(spec: RunSpec, info: DatasetInfo | None) -> str:
    """Submit the training `spec` and return its run's id; refused as by `refuse` and `submit`."""
    refuse(spec, info)
    return submit(spec)
