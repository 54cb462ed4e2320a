"""What the callbacks report, refuse and keep."""

import math
from pathlib import Path

import pytest
import torch
from fastai.callback.core import Callback

from tests.unit.engine.courses import LM, Training
from ulmfit_app import recipes
from ulmfit_app.engine import callbacks, checkpoints
from ulmfit_app.engine.devices import Device
from ulmfit_app.errors import TrainingError
from ulmfit_app.schema import CheckpointEvent, EpochEvent, ProgressEvent, StageEvent

KEEPING = recipes.override(LM, {"keep": "best", "stages.1.epochs": 5})


def train(tmp_path: Path, *extra: Callback, recipe=LM, device: Device = Device("cpu", "fp32")) -> Training:  # noqa: B008
    """A whole training with `extra` callbacks."""
    training = Training(tmp_path, recipe, device=device)
    training.learner.add_cbs(extra)
    training.run()
    return training


def test_events_count_steps_and_epochs(tmp_path: Path) -> None:
    training = train(tmp_path)
    steps = len(training.learner.dls.train)
    stages = [(event.name, event.number, event.of) for event in training.events if isinstance(event, StageEvent)]
    assert stages == [("embedding and decoder", 2, 3), ("all groups", 3, 3)]
    epochs = [event for event in training.events if isinstance(event, EpochEvent)]
    assert [(event.epoch, event.of, event.step) for event in epochs] == [(n, 3, n * steps) for n in (1, 2, 3)]
    assert epochs[-1].metrics["perplexity"] == pytest.approx(math.exp(epochs[-1].valid_loss), rel=1e-4)
    progress = [event for event in training.events if isinstance(event, ProgressEvent)]
    last = [event for event in progress if event.phase == "train"][-1]
    assert (last.done, last.total, last.step) == (2 * steps, 2 * steps, 3 * steps)
    assert last.rate > 0
    assert last.eta == 0
    assert last.memory_mb > 0
    assert math.isfinite(last.loss)
    validate = [event for event in progress if event.phase == "validate"][-1]
    assert validate.done == validate.total == len(training.learner.dls.valid)


class Worsen(Callback):
    """Makes the validation loss grow with every epoch after the first of a stage."""

    order = callbacks.Reporter.order - 1

    def after_epoch(self) -> None:
        self.recorder.values[-1][1] += 10 * self.epoch + 5 * len(self.opt.hypers)


class Better(Callback):
    """Makes the first epoch of the second stage the best of all."""

    order = callbacks.Reporter.order - 1

    def after_epoch(self) -> None:
        if self.n_epoch > 1 and self.epoch == 0:
            self.recorder.values[-1][1] = 0.5


def test_the_best_epoch_is_kept(tmp_path: Path) -> None:
    training = train(tmp_path, Better(), recipe=KEEPING)
    best = [event.step for event in training.events if isinstance(event, CheckpointEvent) and event.name == "best"]
    assert best[-1] == 2 * len(training.learner.dls.train)
    assert training.course.metrics(False)["valid_loss"] == 0.5
    kept = training.weights()["0.encoder.weight"]
    checkpoints.load(training.learner, tmp_path, "finetuned")
    assert not torch.equal(training.weights()["0.encoder.weight"], kept)


def test_patience_ends_the_stage(tmp_path: Path) -> None:
    training = train(tmp_path, Worsen(), recipe=recipes.override(KEEPING, {"patience": 2}))
    assert sum(isinstance(event, EpochEvent) for event in training.events) == 1 + 2


class Poison(Callback):
    """Sets a weight to NaN before the third minibatch."""

    def before_batch(self) -> None:
        if self.training and self.iter == 2:
            self.model[0].rnns[0].weight_hh_l0_raw.data[0, 0] = math.nan


def test_a_nan_loss_ends_the_training_before_it_spreads(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"^The loss became nan after 2 steps.*Lower the learning rate"):
        train(tmp_path, Poison())
    assert checkpoints.names(tmp_path) == []


class Types(Callback):
    """Notes the dtypes of a forward pass."""

    order = 100

    def after_pred(self) -> None:
        self.learn.dtypes = (self.learn.rnn.out.dtype, self.pred.dtype, self.model[0].rnns[0].weight_hh_l0_raw.dtype)


def test_cpu_bf16_keeps_weights_and_loss_in_fp32(tmp_path: Path) -> None:
    training = train(tmp_path / "bf16", Types(), device=Device("cpu", "bf16"))
    assert training.learner.dtypes == (torch.bfloat16, torch.float32, torch.float32)
    assert not torch.is_autocast_enabled("cpu")
    exact = train(tmp_path / "exact")
    loss, reference = (run.course.metrics(False)["valid_loss"] for run in (training, exact))
    assert loss == pytest.approx(reference, abs=0.02)


class NoNumber(Callback):
    """Makes every validation loss NaN."""

    order = callbacks.Reporter.order - 1

    def after_epoch(self) -> None:
        self.recorder.values[-1][1] = math.nan


def test_without_a_best_epoch_the_last_weights_are_kept(tmp_path: Path) -> None:
    training = train(tmp_path, NoNumber(), recipe=KEEPING)
    assert "best" not in checkpoints.names(tmp_path)
    assert "valid_loss" not in training.course.metrics(False)
    last = training.weights()["0.encoder.weight"]
    checkpoints.load(training.learner, tmp_path, "finetuned")
    assert torch.equal(training.weights()["0.encoder.weight"], last)
