"""How many texts and steps a training has, and what its stages do, before the texts are read."""

from dataclasses import dataclass

from ulmfit_app.recipes import PlannedStage, fit_to_texts, plan
from ulmfit_app.schema import DatasetInfo, Kind, Recipe, RunSpec

ENDLESS = 10**9  # steps of an epoch whose length is not known before the texts are tokenised


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """`texts`: training texts (of a language model about as many), None where the dataset is still to be downloaded.

    `recipe`: with what depends on the number of texts resolved. `stages`: their steps mean something only where
    `steps_known`, or where a stage is bounded by `max_steps`.
    """

    texts: int | None
    recipe: Recipe
    stages: tuple[PlannedStage, ...]
    steps_known: bool

    @property
    def steps(self) -> int | None:
        """Optimiser steps of all stages, None where they are not known."""
        known = self.steps_known or all(stage.steps < ENDLESS for stage in self.stages)
        return sum(stage.steps for stage in self.stages) if known else None


def plan_of(spec: RunSpec, info: DatasetInfo | None, n_layers: int, tokens: int | None = None) -> TrainingPlan:
    """The plan of the training `spec`. `tokens`: of its training texts, if they were counted; a language model's epoch
    is as long as they are. Raises `RecipeError` if the texts do not fill a minibatch, or a stage does not fit."""
    assert spec.recipe  # a training has one
    texts = training_texts(spec, info)
    recipe = fit_to_texts(spec.recipe, texts) if texts else spec.recipe
    steps = _steps_per_epoch(recipe, texts, tokens)
    return TrainingPlan(
        texts, recipe, tuple(plan(recipe, ENDLESS if steps is None else steps, n_layers)), steps is not None
    )


def training_texts(spec: RunSpec, info: DatasetInfo | None) -> int | None:
    """Texts that the training reads; None where the dataset is still to be downloaded."""
    recipe = spec.recipe
    if info is None or recipe is None:
        return None
    counts = info.counts
    there = counts.train
    if recipe.kind is Kind.LM:
        there = (counts.train + counts.unlabelled + counts.valid * recipe.count_validation) * 9 // 10
    return min(there, spec.limit or recipe.train_texts or there)


def _steps_per_epoch(recipe: Recipe, texts: int | None, tokens: int | None) -> int | None:
    """Source of the language model's: `fastai.text.data.LMDataLoader`."""
    if recipe.kind is Kind.CLASSIFIER:
        return texts // recipe.bs if texts is not None else None
    return None if tokens is None else -(-((tokens - 1) // recipe.bs) // recipe.seq_len)
