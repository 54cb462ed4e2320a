"""What `ulmfit train` is about to do, in lines: stages, groups that train and their rates, texts, steps."""

from ulmfit_app.recipes import PlannedStage
from ulmfit_app.schema import DatasetInfo, Kind, RunSpec
from ulmfit_app.training.planning import plan_of


def plan_lines(spec: RunSpec, info: DatasetInfo | None, n_layers: int) -> list[str]:
    """The plan of the training `spec`; `info` is None where the dataset is still to be downloaded."""
    assert spec.recipe  # a training has one
    planned, recipe = plan_of(spec, info, n_layers), spec.recipe
    return [
        f"Recipe {recipe.name}: {recipe.description}" if recipe.description else f"Recipe {recipe.name}",
        f"Texts: {_texts(spec, info, planned.texts)}, minibatches of {planned.recipe.bs}, seed {spec.seed}",
        f"Device {spec.device}, precision {spec.precision}: what that is here is said at the start",
        *(_stage_line(number, stage, planned.steps_known) for number, stage in enumerate(planned.stages, start=1)),
    ]


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
