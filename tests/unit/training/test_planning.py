"""Texts and steps of a training before its texts are read."""

from pathlib import Path

import pytest

from tests.unit.runs.making import make_spec
from tests.unit.training.datasets import make_dataset
from ulmfit_app import recipes
from ulmfit_app.schema import Kind, RunKind
from ulmfit_app.training.planning import plan_of

QUICK = recipes.override(recipes.get("quick", Kind.CLASSIFIER), {"bs": 16})


def test_a_classifiers_steps_follow_from_its_texts(home: Path) -> None:
    info = make_dataset(home)
    spec = make_spec(kind=RunKind.TRAIN_CLASSIFIER, recipe=QUICK)
    plan = plan_of(spec, info, 3)
    assert (plan.texts, plan.steps_known, plan.steps) == (80, True, 5 + 4 * 5)
    assert plan_of(spec.model_copy(update={"limit": 40}), info, 3).steps == 2 + 4 * 2


def test_few_labels_shrink_the_minibatch(home: Path) -> None:
    spec = make_spec(kind=RunKind.TRAIN_CLASSIFIER, recipe=recipes.get("few-label", Kind.CLASSIFIER))
    plan = plan_of(spec, make_dataset(home), 3)
    assert plan.recipe.bs == 8
    assert all(stage.steps >= 60 for stage in plan.stages)


@pytest.mark.parametrize("tokens", [5000, 4609, 64 * 72 * 3 + 1, 64 * 72 * 3 + 65])
def test_a_language_models_steps_are_fastais(tokens: int) -> None:
    import torch
    from fastai.text.data import LMDataLoader

    spec = make_spec(recipe=recipes.get("lm-notebook", Kind.LM))
    loader = LMDataLoader([torch.zeros(tokens, dtype=torch.int64)], lens=[tokens], bs=64, seq_len=72)
    assert plan_of(spec, None, 3, tokens).stages[0].steps_per_epoch == len(loader)


def test_without_texts_only_bounded_steps_are_known() -> None:
    assert plan_of(make_spec(recipe=recipes.get("lm-notebook", Kind.LM)), None, 3).steps is None
    assert plan_of(make_spec(), None, 3).steps == 60 + 180
