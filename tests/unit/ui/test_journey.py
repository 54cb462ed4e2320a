"""The three steps as they stand, and the one next action."""

from pathlib import Path

import pytest

from tests.fixtures import tiny_classifier, tiny_lm
from tests.unit.runs.making import make_run, queued_run, status
from ulmfit_app import modelfolder, recipes, registry
from ulmfit_app.runs.summary import summaries
from ulmfit_app.schema import Kind, RunKind, RunState
from ulmfit_app.ui.journey import Journey, NextAction, journey, next_action


@pytest.fixture
def shipped(tmp_path: Path, no_shipped_models: None) -> Path:
    """The folder of shipped models, with a general language model and a classifier."""
    folder = tmp_path / "no-shipped-models"
    tiny_lm(folder / "general-lm")
    tiny_classifier(folder / "imdb-classifier")
    return folder


def now() -> Journey:
    return journey(registry.models(), summaries())


def action() -> NextAction:
    return next_action(now())


def from_parent(folder: Path, parent: str) -> None:
    """Write into the configuration of `folder` that it was trained from `parent`."""
    config = modelfolder.read_config(folder)
    lineage = config.lineage.model_copy(update={"parent": parent, "parent_hash": "0" * 64})
    (folder / "config.json").write_text(config.model_copy(update={"lineage": lineage}).model_dump_json())


def test_models_belong_to_the_step_that_made_them(home: Path, shipped: Path) -> None:
    from_parent(tiny_lm(home / "models" / "first"), "general-lm")
    from_parent(tiny_lm(home / "models" / "second"), "general-lm")
    tiny_classifier(home / "models" / "mine")
    (home / "models" / "broken").mkdir()
    at = now()
    assert [model.name for model in at.general.models] == ["general-lm"]
    assert [model.name for model in at.domain.models] == ["second", "first"]
    assert [model.name for model in at.classifier.models] == ["mine", "imdb-classifier"]


def test_unfinished_trainings_belong_to_their_step() -> None:
    queued_run(name="a-general")
    queued_run(name="a-domain", parent="general-lm")
    queued_run(
        kind=RunKind.TRAIN_CLASSIFIER, name="a-classifier", parent="x", recipe=recipes.get("demo", Kind.CLASSIFIER)
    )
    make_run(name="ended").write_status(status(RunState.DONE))
    at = now()
    assert [run.name for step in (at.general, at.domain, at.classifier) for run in step.runs] == [
        "a-general",
        "a-domain",
        "a-classifier",
    ]


@pytest.mark.usefixtures("no_shipped_models")
def test_without_any_model_the_first_is_trained_from_scratch() -> None:
    assert (action().link.page, action().link.query) == ("finetune_lm", {"parent": "scratch"})


def test_the_actions_follow_the_way(home: Path, shipped: Path) -> None:
    assert action().link.page == "finetune_lm"
    assert action().link.query["parent"] == "general-lm"
    from_parent(tiny_lm(home / "models" / "my-lm"), "general-lm")
    assert (action().link.page, action().link.query) == ("finetune_classifier", {"parent": "my-lm", "dataset": "tiny"})
    tiny_classifier(home / "models" / "mine")
    assert (action().link.page, action().link.query) == ("evaluate", {"model": "mine"})
    from_parent(tiny_lm(home / "models" / "newer-lm"), "general-lm")
    assert action().link.query["parent"] == "newer-lm"


def test_a_paused_run_comes_before_everything_that_is_new(home: Path) -> None:
    tiny_classifier(home / "models" / "mine")
    run = make_run(name="halted")
    run.write_status(status(RunState.PAUSED))
    assert (action().link.page, action().link.query) == ("runs", {"run": run.id})
    assert "paused" in action().why
