"""Callbacks that extend fastai's loop: report progress, refuse NaN, keep the best epoch, end a stage early."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fastai.callback.core import Callback, CancelFitException
from fastai.learner import Recorder

from ulmfit_app.engine import checkpoints
from ulmfit_app.engine.devices import Device, memory_mb
from ulmfit_app.errors import TrainingError
from ulmfit_app.recipes import PlannedStage
from ulmfit_app.schema import CheckpointEvent, EpochEvent, Event, Kind, ProgressEvent

REPORT_EVERY = 0.25  # seconds; a finer clock would cost more than it tells


@dataclass
class Position:
    """What of the `plan` is finished: whole stages, and epochs and steps counted over the whole run."""

    plan: list[PlannedStage]
    stage: int = 0
    epoch: int = 0
    step: int = 0

    @property
    def steps_left(self) -> int:
        """Optimiser steps from here to the end of the plan."""
        return max(0, sum(stage.steps for stage in self.plan) - self.step)

    @property
    def epochs(self) -> int:
        """Epochs of the whole plan."""
        return sum(stage.epochs for stage in self.plan)


class Reporter(Callback):
    """Turns fastai's loop into events. `on_event` is called between minibatches and may raise to end the training.

    Runs after `Recorder`, whose values it reads.
    """

    order = Recorder.order + 1
    run_valid = True

    def __init__(self, kind: Kind, device: Device, position: Position, on_event: Callable[[Event], None]) -> None:
        self.kind, self.device, self.position, self.on_event = kind, device, position, on_event

    def before_train(self) -> None:
        """Start the clock of the epoch."""
        self.started = time.monotonic()
        self.stage_step = self.epoch * self.n_iter_train
        self._restart()

    def before_validate(self) -> None:
        """Start the clock of the validation."""
        self._restart()

    def _restart(self) -> None:
        self.since, self.seen, self.last = time.monotonic(), 0, 0.0

    @property
    def n_iter_train(self) -> int:
        """Minibatches of a training epoch."""
        return len(self.dls.train)

    def after_batch(self) -> None:
        """Count, and report if the last report is old enough or this is the last minibatch of the phase."""
        self.seen += self.xb[0].numel() if self.kind is Kind.LM else len(self.xb[0])
        if self.training:
            self.position.step += 1
            self.stage_step += 1
        now = time.monotonic()
        if now - self.last >= REPORT_EVERY or self.iter == self.n_iter - 1:
            self.last = now
            self.on_event(self._progress(now - self.since))

    def _progress(self, seconds: float) -> ProgressEvent:
        per_step = seconds / (self.iter + 1)
        total = self.n_epoch * self.n_iter_train
        return ProgressEvent(
            phase="train" if self.training else "validate",
            done=self.stage_step if self.training else self.iter + 1,
            total=total if self.training else self.n_iter,
            rate=self.seen / max(seconds, 1e-9),
            rate_unit="tokens/s" if self.kind is Kind.LM else "documents/s",
            eta=per_step * self.position.steps_left if self.training else None,
            loss=float(self.smooth_loss) if self.training else None,
            lr=float(self.opt.hypers[-1]["lr"]) if self.training else None,
            step=self.position.step,
            memory_mb=memory_mb(self.device),
        )

    def after_epoch(self) -> None:
        """Report the epoch's losses and metrics."""
        self.position.epoch += 1
        train_loss, valid_loss, *metrics = (float(value) for value in self.recorder.values[-1])
        names = list(self.recorder.metrics.attrgot("name"))
        self.on_event(
            EpochEvent(
                epoch=self.position.epoch, of=self.position.epochs, step=self.position.step, train_loss=train_loss,
                valid_loss=valid_loss, metrics=dict(zip(names, metrics, strict=True)),
                seconds=time.monotonic() - self.started,
            )
        )  # fmt: skip


class RefuseNaN(Callback):
    """Ends the training at the first loss that is not a number, before it reaches the weights.

    With a gradient scaler (fp16) overflowing gradients are normal and skipped; a NaN loss is not.
    """

    order = Recorder.order - 1

    def after_loss(self) -> None:
        """Look at the training loss before the backward pass."""
        if self.training and not math.isfinite(self.loss.item()):
            raise TrainingError(
                f"The loss became {self.loss.item()} after {self.learn.reporter.position.step} steps.",
                kept="Earlier checkpoints are kept.",
                todo="Lower the learning rate, or use precision fp32.",
            )


class KeepBest(Callback):
    """Saves the checkpoint `best` whenever the validation loss improves; ends a stage after `patience` epochs without.

    Like fastai's `SaveModelCallback` and `EarlyStoppingCallback`, but over all stages and without pickle.
    """

    order = Reporter.order + 1
    NAME = "best"

    def __init__(self, folder: Path, position: Position, patience: int | None) -> None:
        self.folder, self.position, self.patience = folder, position, patience
        self.value = math.inf
        self.kept: dict[str, float] = {}

    def before_fit(self) -> None:
        """Patience counts within a stage."""
        self.waited = 0

    def after_epoch(self) -> None:
        """Compare the epoch with the best one."""
        valid_loss = float(self.recorder.values[-1][1])
        if valid_loss < self.value:
            self.value, self.waited = valid_loss, 0
            self.kept = last_metrics(self.recorder)
            here = self.position
            checkpoints.save(self.learn, self.folder, self.NAME, stage=here.stage, epoch=here.epoch, step=here.step)
            self.learn.reporter.on_event(CheckpointEvent(name=self.NAME, step=here.step))
            return
        self.waited += 1
        if self.patience is not None and self.waited >= self.patience:
            raise CancelFitException


def last_metrics(recorder: Recorder) -> dict[str, float]:
    """`valid_loss` and the metrics of the last epoch, as plain floats (fastai's are numpy's)."""
    _, *values = recorder.values[-1]
    return {name: float(value) for name, value in zip(recorder.metric_names[2:-1], values, strict=True)}
