"""Named recipes, their expansion to per-group rates and steps, and their checks. Standard library and pydantic only.

The notebook's recipes are verbatim (fastai tutorial "Transfer learning in text"); the others say what they are for.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from ulmfit_app.errors import RecipeError
from ulmfit_app.schema import Kind, Recipe, Slice, Stage

GRADUAL = 2.6**4  # ULMFiT paper, section 3.2: rates fall by 2.6 per layer; five groups, four steps


def _gradual(high: float) -> Slice:
    return Slice(low=high / GRADUAL, high=high)


def _gradual_unfreezing(last_epochs: int = 2, last_lr: float = 1e-3, **bounds: int) -> tuple[Stage, ...]:
    """The notebook's four classifier stages (ULMFiT paper, section 3.3); `bounds` go to every stage."""
    return (
        Stage(name="head", freeze_to=-1, lr=2e-2, **bounds),
        Stage(name="last two groups", freeze_to=-2, lr=_gradual(1e-2), **bounds),
        Stage(name="last three groups", freeze_to=-3, lr=_gradual(5e-3), **bounds),
        Stage(name="all groups", freeze_to=0, epochs=last_epochs, lr=_gradual(last_lr), **bounds),
    )


def _fine_tune(epochs: int, base_lr: float, lr_mult: float = 100) -> tuple[Stage, ...]:
    """What fastai's `learn.fine_tune(epochs, base_lr)` expands to."""
    half = base_lr / 2
    return (
        Stage(name="head", freeze_to=-1, lr=Slice(high=base_lr), pct_start=0.99),
        Stage(name="all groups", epochs=epochs, lr=Slice(low=half / lr_mult, high=half), pct_start=0.3, div=5.0),
    )


RECIPES: tuple[Recipe, ...] = (
    Recipe(
        name="lm-notebook",
        kind=Kind.LM,
        description="The notebook's language-model fine-tuning: embedding and decoder first, then everything.",
        wd=0.1,
        stages=(
            Stage(name="embedding and decoder", freeze_to=-1, lr=1e-2, checkpoint="1epoch"),
            Stage(name="all groups", epochs=10, lr=1e-3, checkpoint="finetuned"),
        ),
    ),
    Recipe(
        name="pretrain",
        kind=Kind.LM,
        description="A language model from random weights on any collection of texts: your language, your domain.",
        drop_mult=0.3,
        max_vocab=20000,
        stages=(Stage(name="all groups", epochs=5, lr=5e-3, pct_start=0.3),),
    ),
    Recipe(
        name="demo",
        kind=Kind.LM,
        description="A few minutes: 2,000 texts, bounded steps. To see how it works, not to get the best model.",
        bs=32,
        wd=0.1,
        drop_mult=0.5,
        train_texts=2000,
        valid_texts=500,
        keep="best",
        stages=(
            Stage(name="embedding and decoder", freeze_to=-1, lr=1e-2, max_steps=60, checkpoint="1epoch"),
            Stage(name="all groups", lr=5e-3, max_steps=180, checkpoint="finetuned"),
        ),
    ),
    Recipe(
        name="classifier-notebook",
        kind=Kind.CLASSIFIER,
        description="The notebook's ULMFiT classifier: the fine-tuned encoder, unfrozen group by group.",
        drop_mult=0.5,
        text_vocab="parent",
        stages=_gradual_unfreezing(),
    ),
    Recipe(
        name="shipped",
        kind=Kind.CLASSIFIER,
        description="For many labels and a compact model: the notebook's stages, less dropout, the best epoch kept.",
        bs=32,
        drop_mult=0.4,
        text_vocab="parent",
        keep="best",
        stages=_gradual_unfreezing(last_epochs=3, last_lr=2e-3),
    ),
    Recipe(
        name="quick",
        kind=Kind.CLASSIFIER,
        description="The notebook's quick classifier, learn.fine_tune(4, 1e-2): no language-model step on your texts.",
        drop_mult=0.5,
        stages=_fine_tune(4, 1e-2),
    ),
    Recipe(
        name="few-label",
        kind=Kind.CLASSIFIER,
        description="For fewer than about 1,000 labels: small minibatches, at least 60 steps a stage, best epoch kept.",
        drop_mult=0.5,
        shrink_bs=True,
        first_tokens=256,
        text_vocab="parent",
        keep="best",
        class_weights=True,
        stages=_gradual_unfreezing(min_steps=60),
    ),
    Recipe(
        name="demo",
        kind=Kind.CLASSIFIER,
        description="A few minutes: 2,000 texts, bounded steps. To see how it works, not to get the best model.",
        bs=32,
        drop_mult=0.5,
        shrink_bs=True,
        train_texts=2000,
        valid_texts=500,
        first_tokens=400,
        text_vocab="parent",
        keep="best",
        stages=_gradual_unfreezing(max_steps=120),
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class PlannedStage:
    """A stage with everything resolved: `trains` and `rates` name the groups that train and their peak rates."""

    stage: Stage
    epochs: int
    steps_per_epoch: int
    rates: dict[str, float]

    @property
    def steps(self) -> int:
        """Optimiser steps of the whole stage."""
        return self.epochs * self.steps_per_epoch


def named(kind: Kind) -> list[Recipe]:
    """The recipes of `kind`, in the order in which they are offered."""
    return [recipe for recipe in RECIPES if recipe.kind is kind]


def get(name: str, kind: Kind) -> Recipe:
    """The recipe called `name` for `kind`; `RecipeError` names the others."""
    for recipe in named(kind):
        if recipe.name == name:
            return recipe
    choices = ", ".join(recipe.name for recipe in named(kind))
    raise RecipeError(f"There is no {kind} recipe called '{name}'.", todo=f"Choose one of: {choices}.")


def load(path: Path, kind: Kind) -> Recipe:
    """Read a recipe from a JSON file."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise RecipeError(f"The recipe file {path} cannot be read: {error.strerror}.") from error
    return parse(data, kind, str(path))


def parse(data: bytes, kind: Kind, source: str) -> Recipe:
    """The recipe in the JSON `data`, which came from `source`."""
    try:
        recipe = Recipe.model_validate_json(data)
    except ValidationError as error:
        raise RecipeError(f"{source} is not a valid recipe: {_first(error)}") from error
    if recipe.kind is not kind:
        raise RecipeError(f"{source} is a recipe for a {recipe.kind}, not for a {kind}.")
    return recipe


def override(recipe: Recipe, changes: Mapping[str, Any]) -> Recipe:
    """`recipe` with fields replaced: `{"bs": 32, "stages.0.lr": 0.001}`. Stages count from 0."""
    try:
        return _changed(recipe, changes)
    except ValidationError as error:
        raise RecipeError(f"The recipe '{recipe.name}' cannot be changed like this: {_first(error)}") from error


def wrong(recipe: Recipe, changes: Mapping[str, Any]) -> dict[str, str]:
    """What is wrong with `changes`, in words by their keys: empty if `override` takes them."""
    try:
        _changed(recipe, changes)
    except ValidationError as error:
        closest_first = sorted(error.errors(), key=lambda detail: -len(detail["loc"]))
        return {_key_of(detail["loc"], changes): _in_words(detail) for detail in reversed(closest_first)}
    return {}


def with_peak(recipe: Recipe, stage: int, rate: float) -> Recipe:
    """`recipe` whose stage at index `stage` peaks at `rate` in the last group; a slice keeps its ratio."""
    lr = recipe.stages[stage].lr
    if not isinstance(lr, Slice):
        return override(recipe, {f"stages.{stage}.lr": rate})
    changes = {f"stages.{stage}.lr.high": rate}
    if lr.low is not None:
        changes[f"stages.{stage}.lr.low"] = lr.low * rate / lr.high
    return override(recipe, changes)


def _changed(recipe: Recipe, changes: Mapping[str, Any]) -> Recipe:
    data = recipe.model_dump(mode="json")
    for key, value in changes.items():
        if key in ("name", "kind", "changed"):
            raise RecipeError(f"'{key}' cannot be set.", todo="Choose another recipe instead.")
        _put(data, key, value)
    data["changed"] = sorted({*recipe.changed, *changes})
    return Recipe.model_validate_json(json.dumps(data))


def _put(data: Any, key: str, value: Any) -> None:
    *path, last = key.split(".")
    try:
        for part in path:
            data = data[int(part)] if isinstance(data, list) else data[part]
        if isinstance(data, list):
            data[int(last)] = value
        else:
            data[last] = value
    except (KeyError, IndexError, ValueError, TypeError) as error:
        raise RecipeError(f"A recipe has no setting '{key}'.", todo="Try 'bs' or 'stages.0.lr'.") from error


def _first(error: ValidationError) -> str:
    detail = error.errors()[0]
    where = ".".join(str(part) for part in detail["loc"]) or "it"
    return f"{where}: {detail['msg']}."


def _key_of(loc: Sequence[int | str], changes: Mapping[str, Any]) -> str:
    """The change that an error at `loc` is about: the one whose key has the longest beginning in common with it."""
    place = [str(part) for part in loc if part not in (Slice.__name__, "float")]  # pydantic's names in a union

    def shared(key: str) -> int:
        return len(list(takewhile(lambda pair: pair[0] == pair[1], zip(key.split("."), place, strict=False))))

    return max(changes, key=shared)


_WORDS = {
    "greater_than": "must be above {gt:g}",
    "greater_than_equal": "must be {ge:g} or more",
    "less_than": "must be below {lt:g}",
    "less_than_equal": "must be {le:g} or less",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a number",
    "tuple_type": "must be three numbers",
    "missing": "must be three numbers",
    "too_long": "must be three numbers",
    "literal_error": "must be one of {expected}",
}


def _in_words(detail: ErrorDetails) -> str:
    """pydantic's message about one value, as a person would say it."""
    words = _WORDS.get(detail["type"])
    return words.format(**detail.get("ctx", {})) if words else detail["msg"].removeprefix("Value error, lr ")


def groups(kind: Kind, n_layers: int = 3) -> list[str]:
    """Names of fastai's parameter groups in order (`awd_lstm_lm_split`, `awd_lstm_clas_split`)."""
    lstms = [f"LSTM {layer + 1}" for layer in range(n_layers)]
    return [*lstms, "embedding + decoder"] if kind is Kind.LM else ["embedding", *lstms, "head"]


def rates(stage: Stage, n_groups: int) -> list[float]:
    """Peak learning rate of every group, frozen ones included (fastai's `Learner._set_lr` and `even_mults`)."""
    if isinstance(stage.lr, float):
        return [stage.lr] * n_groups
    low, high = stage.lr.low, stage.lr.high
    if low is None:
        return [high / 10] * (n_groups - 1) + [high]
    if n_groups == 1:
        return [high]
    step = (high / low) ** (1 / (n_groups - 1))
    return [low * step**group for group in range(n_groups)]


def one_cycle(stage: Stage, moms: tuple[float, float, float], at: float) -> tuple[float, float]:
    """The rate as a share of its peak, and the momentum, when the share `at` of the stage's steps is done.

    Source: `combined_cos` of `fastai.callback.schedule`, as `Learner.fit_one_cycle` uses it.
    """
    rates = (1 / stage.div, 1.0, 1 / stage.div_final)
    if at < stage.pct_start:
        return _cosine(rates[:2], at / stage.pct_start), _cosine(moms[:2], at / stage.pct_start)
    place = (at - stage.pct_start) / (1 - stage.pct_start)
    return _cosine(rates[1:], place), _cosine(moms[1:], place)


def cycle(
    planned: PlannedStage, moms: tuple[float, float, float], points: int = 60
) -> list[tuple[float, float, float]]:
    """The stage's schedule as (share of it done, rate of the last group, momentum), at `points` equal distances."""
    peak = list(planned.rates.values())[-1]
    curve = []
    for point in range(points + 1):
        rate, momentum = one_cycle(planned.stage, moms, point / points)
        curve.append((point / points, peak * rate, momentum))
    return curve


def _cosine(ends: Sequence[float], place: float) -> float:
    start, end = ends
    return start + (1 + math.cos(math.pi * (1 - place))) * (end - start) / 2


def fit_to_texts(recipe: Recipe, n_train: int) -> Recipe:
    """`recipe` with what depends on the number of training texts resolved: `bs` and `first_tokens`."""
    if recipe.shrink_bs:
        recipe = recipe.model_copy(update={"bs": min(recipe.bs, max(4, n_train // 10))})
    steps = n_train // recipe.bs
    bounded = [stage for stage in recipe.stages if stage.min_steps]
    if bounded and all(stage.epochs * steps >= stage.min_steps for stage in bounded):
        recipe = recipe.model_copy(update={"first_tokens": None})
    return recipe


def plan(recipe: Recipe, steps_per_epoch: int, n_layers: int = 3) -> list[PlannedStage]:
    """Every stage with its epochs, steps and rates, for an epoch of `steps_per_epoch` minibatches."""
    if steps_per_epoch < 1:
        raise RecipeError(f"The texts do not fill one minibatch of {recipe.bs}.", todo="Use a smaller bs.")
    return [_plan_stage(stage, recipe.kind, steps_per_epoch, n_layers) for stage in recipe.stages]


def _plan_stage(stage: Stage, kind: Kind, steps_per_epoch: int, n_layers: int) -> PlannedStage:
    names = groups(kind, n_layers)
    if -stage.freeze_to > len(names):
        raise RecipeError(f"Stage '{stage.name}': there are {len(names)} groups, freeze_to is {stage.freeze_to}.")
    epochs = max(stage.epochs, math.ceil(stage.min_steps / steps_per_epoch))
    if stage.max_steps is not None:
        epochs = min(epochs, stage.max_steps)
        steps_per_epoch = min(steps_per_epoch, stage.max_steps // epochs)
    first = len(names) + stage.freeze_to if stage.freeze_to else 0
    by_group = dict(zip(names, rates(stage, len(names)), strict=True))
    return PlannedStage(stage, epochs, steps_per_epoch, {name: by_group[name] for name in names[first:]})
