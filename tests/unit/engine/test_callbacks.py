"""What the callbacks report, refuse and keep."""

import math
from pathlib import Path

import pytest
import torch
from fastai.callback.core import Callback

from tests.unit.engine.test_checkpoints import RECIPE, learner
from ulmfit_app import recipes
from ulmfit_app.engine import callbacks, checkpoints, learners
from ulmfit_app.engine.devices import Device
from ulmfit_app.engine.stages import fit_stage
from ulmfit_app.errors import TrainingError
from ulmfit_app.schema import CheckpointEvent, EpochEvent, Event, Kind, ProgressEvent

CPU = Device("cpu", "fp32")


def run(tmp_path: Path, *extra: Callback, epochs: int = 3, patience: int | None = None, device: Device = CPU):
    """Train one stage of `epochs` epochs with all callbacks; returns the learner, the events and KeepBest."""
    recipe = recipes.override(RECIPE, {"stages.1.epochs": epochs})
    learn = learner()
    stage = recipes.plan(recipe, len(learn.dls.train))[1]
    position = callbacks.Position([stage])
    events: list[Event] = []
    best = callbacks.KeepBest(tmp_path, position, patience)
    report = callbacks.Reporter(Kind.LM, device, position, events.append)
    learn.add_cbs([report, callbacks.RefuseNaN(), best, *device.callbacks(), *extra])
    fit_stage(learn, stage)
    return learn, events, best


def test_events_count_steps_and_epochs(tmp_path: Path) -> None:
    learn, events, _ = run(tmp_path)
    steps = len(learn.dls.train)
    epochs = [event for event in events if isinstance(event, EpochEvent)]
    assert [(event.epoch, event.of, event.step) for event in epochs] == [(n, 3, n * steps) for n in (1, 2, 3)]
    assert epochs[-1].metrics["perplexity"] == pytest.approx(math.exp(epochs[-1].valid_loss), rel=1e-4)
    train = [event for event in events if isinstance(event, ProgressEvent) and event.phase == "train"]
    assert (train[-1].done, train[-1].total, train[-1].step) == (3 * steps, 3 * steps, 3 * steps)
    assert train[-1].rate > 0
    assert train[-1].memory_mb > 0
    assert math.isfinite(train[-1].loss)
    validate = [event for event in events if isinstance(event, ProgressEvent) and event.phase == "validate"]
    assert validate[-1].done == validate[-1].total == len(learn.dls.valid)


class Worsen(Callback):
    """Makes the validation loss grow with every epoch after the first."""

    order = callbacks.Reporter.order - 1

    def after_epoch(self) -> None:
        if self.epoch:
            self.recorder.values[-1][1] += 10 * self.epoch


def test_the_best_epoch_is_kept(tmp_path: Path) -> None:
    learn, events, best = run(tmp_path, Worsen())
    assert [event.name for event in events if isinstance(event, CheckpointEvent)] == ["best"]
    assert best.kept["valid_loss"] == pytest.approx(best.value)
    after = learners.weights_of(learn)
    state = checkpoints.load(learn, tmp_path, "best")
    assert state.epoch == 1
    assert not torch.equal(learners.weights_of(learn)["0.encoder.weight"], after["0.encoder.weight"])


def test_patience_ends_the_stage(tmp_path: Path) -> None:
    _, events, _ = run(tmp_path, Worsen(), epochs=6, patience=2)
    assert sum(isinstance(event, EpochEvent) for event in events) == 3


class Poison(Callback):
    """Sets a weight to NaN before the third minibatch."""

    def before_batch(self) -> None:
        if self.training and self.iter == 2:
            self.model[0].rnns[0].weight_hh_l0_raw.data[0, 0] = math.nan


def test_a_nan_loss_ends_the_training_before_it_spreads(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"^The loss became nan after 2 steps.*Lower the learning rate"):
        run(tmp_path, Poison())
    assert checkpoints.names(tmp_path) == []


class Types(Callback):
    """Notes the dtypes of a forward pass."""

    order = 100

    def after_pred(self) -> None:
        self.learn.dtypes = (self.learn.rnn.out.dtype, self.pred.dtype, self.model[0].rnns[0].weight_hh_l0_raw.dtype)


def test_cpu_bf16_keeps_weights_and_loss_in_fp32(tmp_path: Path) -> None:
    learn, events, _ = run(tmp_path, Types(), epochs=1, device=Device("cpu", "bf16"))
    assert learn.dtypes == (torch.bfloat16, torch.float32, torch.float32)
    assert not torch.is_autocast_enabled("cpu")
    (epoch,) = [event for event in events if isinstance(event, EpochEvent)]
    exact = next(event for event in run(tmp_path / "exact", epochs=1)[1] if isinstance(event, EpochEvent))
    assert epoch.valid_loss == pytest.approx(exact.valid_loss, abs=0.02)
