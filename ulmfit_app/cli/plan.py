"""What `ulmfit train` is about to do, in lines: stages, groups that train and their rates, texts, steps."""

from ulmfit_app.recipes import PlannedStage, fit_to_texts, plan
from ulmfit_app.schema import DatasetInfo, Kind, RunSpec

ENDLESS = 10**9  # steps of an epoch whose length is not known before the texts are tokenised


def plan_lines(spec: RunSpec, info: DatasetInfo | None, n_layers: int) -> list[str]:
    """The plan of the training `spec`; `info` is None where the dataset is still to be downloaded."""
    recipe = spec.recipe
    assert recipe  # a training has one
    texts = _training_texts(spec, info)
    resolved = fit_to_texts(recipe, texts) if texts else recipe
    steps = texts // resolved.bs if texts and recipe.kind is Kind.CLASSIFIER else None
    stages = plan(resolved, ENDLESS if steps is None else steps, n_layers)
    return [
        f"Recipe {recipe.name}: {recipe.description}" if recipe.description else f"Recipe {recipe.name}",
        f"Texts: {_texts(spec, info, texts)}, minibatches of {resolved.bs}, seed {spec.seed}",
        f"Device {spec.device}, precision {spec.precision}: what that is here is said at the start",
        *(_stage_line(number, stage, steps is not None) for number, stage in enumerate(stages, start=1)),
    ]


def _training_texts(spec: RunSpec, info: DatasetInfo | None) -> int | None:
    if info is None or spec.recipe is None:
        return None
    counts = info.counts
    there = counts.train if spec.recipe.kind is Kind.CLASSIFIER else (counts.train + counts.unlabelled) * 9 // 10
    return min(there, spec.limit or spec.recipe.train_texts or there)


def _texts(spec: RunSpec, info: DatasetInfo | None, texts: int | None) -> str:
    if info is None:
        return f"{spec.dataset}, downloaded first"
    return f"{'about ' if spec.recipe and spec.recipe.kind is Kind.LM else ''}{texts:,} of {info.name} train"


def _stage_line(number: int, planned: PlannedStage, steps_known: bool) -> str:
    stage = planned.stage
    length = f"{planned.epochs} epoch{'s' if planned.epochs > 1 else ''}"
    if steps_known:
        length += f" of {planned.steps_per_epoch:,} steps"
    elif stage.max_steps:
        length += f", at most {stage.max_steps:,} steps"
    rates = ", ".join(f"{group} {rate:.3g}" for group, rate in planned.rates.items())
    return f"  {number}. {stage.name}: {length}; rates: {rates}"
