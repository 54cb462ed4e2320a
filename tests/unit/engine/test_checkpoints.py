"""Row 18: a named checkpoint is saved, listed and loaded; training goes on from it as if it had never stopped."""

from pathlib import Path

import numpy as np
import pytest
import torch
from fastai.text.learner import LMLearner

from ulmfit_app import recipes
from ulmfit_app.engine import checkpoints, devices, learners, loaders
from ulmfit_app.engine.stages import fit_stage
from ulmfit_app.errors import NotFoundError, TrainingError
from ulmfit_app.schema import SPECIAL_TOKENS, Architecture, Kind

VOCAB = [*SPECIAL_TOKENS, *(f"w{n}" for n in range(23))]
RECIPE = recipes.override(recipes.get("lm-notebook", Kind.LM), {"bs": 4, "seq_len": 8, "stages.1.epochs": 1})
SHAPE = Architecture(emb_sz=8, n_hid=12, n_layers=3)


def learner(seed: int = 0, shape: Architecture = SHAPE) -> LMLearner:
    """A language model on 40 random texts; equal texts and weights for equal seeds."""
    rng = np.random.default_rng(0)
    texts = loaders.LMTexts([rng.integers(2, len(VOCAB), size=20) for _ in range(40)], VOCAB)
    devices.seed_everything(seed)
    return learners.lm_learner(loaders.lm_loaders(texts, texts, RECIPE, torch.device("cpu")), shape, RECIPE)


def save(learn: LMLearner, folder: Path, name: str = "1epoch") -> None:
    checkpoints.save(learn, folder, name, stage=1, epoch=1, step=learn.train_iter)


def test_training_goes_on_from_a_checkpoint_bit_by_bit(tmp_path: Path) -> None:
    first, second = recipes.plan(RECIPE, len(learner().dls.train))
    straight = learner()
    fit_stage(straight, first)
    save(straight, tmp_path)
    fit_stage(straight, second)

    elsewhere = learner(seed=99)
    state = checkpoints.load(elsewhere, tmp_path, "1epoch")
    assert (state.stage, state.epoch) == (1, 1)
    fit_stage(elsewhere, second)
    for one, other in zip(straight.model.state_dict().values(), elsewhere.model.state_dict().values(), strict=True):
        assert torch.equal(one, other)


def test_checkpoints_are_listed_oldest_first_and_replaced(tmp_path: Path) -> None:
    learn = learner()
    learn.create_opt()
    assert checkpoints.names(tmp_path) == []
    for name in ("1epoch", "finetuned", "1epoch"):
        checkpoints.save(learn, tmp_path, name, stage=0, epoch=0, step=0)
    assert checkpoints.names(tmp_path) == ["finetuned", "1epoch"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1epoch", "finetuned"]


def test_a_half_written_checkpoint_is_not_listed(tmp_path: Path) -> None:
    (tmp_path / ".1epoch.77").mkdir()
    (tmp_path / ".1epoch.77" / "state.json").write_text("{}")
    (tmp_path / "other").mkdir()
    assert checkpoints.names(tmp_path) == []


def test_a_missing_checkpoint_names_the_others(tmp_path: Path) -> None:
    learn = learner()
    learn.create_opt()
    save_there = tmp_path / "c"
    checkpoints.save(learn, save_there, "1epoch", stage=0, epoch=0, step=0)
    with pytest.raises(NotFoundError, match="Checkpoints here: 1epoch"):
        checkpoints.load(learn, save_there, "2epoch")


@pytest.mark.parametrize("file", [checkpoints.TENSORS, checkpoints.STATE])
def test_a_damaged_checkpoint_is_told(tmp_path: Path, file: str) -> None:
    learn = learner()
    learn.create_opt()
    checkpoints.save(learn, tmp_path, "1epoch", stage=0, epoch=0, step=0)
    path = tmp_path / "1epoch" / file
    path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(TrainingError, match="damaged"):
        checkpoints.load(learn, tmp_path, "1epoch")


def test_a_checkpoint_of_another_shape_is_refused(tmp_path: Path) -> None:
    learn = learner()
    learn.create_opt()
    checkpoints.save(learn, tmp_path, "1epoch", stage=0, epoch=0, step=0)
    with pytest.raises(TrainingError, match="another shape"):
        checkpoints.load(learner(shape=Architecture(emb_sz=4, n_hid=12, n_layers=3)), tmp_path, "1epoch")


def test_nothing_in_a_checkpoint_is_pickled(tmp_path: Path) -> None:
    learn = learner()
    learn.create_opt()
    checkpoints.save(learn, tmp_path, "1epoch", stage=0, epoch=0, step=0)
    assert {path.suffix for path in (tmp_path / "1epoch").iterdir()} == {".safetensors", ".json"}
