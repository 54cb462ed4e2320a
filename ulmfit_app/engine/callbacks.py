"""Callbacks that extend fastai's loop: report progress, refuse NaN, keep the best epoch, end a stage early.

What makes a training interruptible is in continuity.py.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from fastai.callback.core import Callback, CancelFitException
from fastai.learner import Recorder

from ulmfit_app.engine.devices import Device, memory_mb
from ulmfit_app.errors import TrainingError
from ulmfit_app.recipes import PlannedStage
from ulmfit_app.schema import BestEpoch, EpochEvent, Event, Kind, Place, ProgressEvent

REPORT_EVERY = 0.25  # seconds; a finer clock would cost more than it tells


@dataclass
class Position:
    """Where the training is in its `plan`. `here` counts what is finished, `metrics` are those of the last epoch."""

    plan: list[PlannedStage]
    here: Place = field(default_factory=Place)
    metrics: dict[str, float] = field(default_factory=dict)

    def step(self) -> None:
        """A minibatch is finished."""
        here = self.here
        self.here = here.model_copy(update={"batch": here.batch + 1, "step": here.step + 1})

    def end_epoch(self, metrics: dict[str, float]) -> None:
        """An epoch is finished, its validation included."""
        here = self.here
        self.metrics = {name: value for name, value in metrics.items() if math.isfinite(value)}
        self.here = here.model_copy(update={"stage_epoch": here.stage_epoch + 1, "batch": 0, "epoch": here.epoch + 1})

    def end_stage(self) -> None:
        """A stage is finished, in time or early."""
        self.here = self.here.model_copy(update={"stage": self.here.stage + 1, "stage_epoch": 0, "batch": 0})

    @property
    def stage_step(self) -> int:
        """Finished minibatches of the present stage."""
        return self.here.stage_epoch * self.plan[self.here.stage].steps_per_epoch + self.here.batch

    @property
    def steps_left(self) -> int:
        """Minibatches from here to the end of the plan."""
        return sum(stage.steps for stage in self.plan[self.here.stage :]) - self.stage_step

    @property
    def epochs(self) -> int:
        """Epochs of the whole plan."""
        return sum(stage.epochs for stage in self.plan)


class Reporter(Callback):
    """Counts, and turns fastai's loop into events.

    Runs after `Recorder`, whose values it reads, and before everything that saves: what is saved counts as finished.
    """

    order = Recorder.order + 1
    run_valid = True

    def __init__(self, kind: Kind, device: Device, position: Position, on_event: Callable[[Event], None]) -> None:
        self.kind, self.device, self.position, self.on_event = kind, device, position, on_event

    def before_train(self) -> None:
        """Start the clock of the epoch."""
        self.started = time.monotonic()
        self._restart()

    def before_validate(self) -> None:
        """Start the clock of the validation."""
        self._restart()

    def _restart(self) -> None:
        self.since, self.units, self.batches, self.last = time.monotonic(), 0, 0, 0.0

    def after_batch(self) -> None:
        """Count, and report if the last report is old enough or this is the last minibatch of the phase."""
        self.units += self.xb[0].numel() if self.kind is Kind.LM else len(self.xb[0])
        self.batches += 1
        if self.training:
            self.position.step()
        now = time.monotonic()
        finished = self.position.here.batch if self.training else self.batches
        if now - self.last >= REPORT_EVERY or finished == self.n_iter:
            self.last = now
            self.on_event(self._progress(now - self.since))

    def _progress(self, seconds: float) -> ProgressEvent:
        position = self.position
        return ProgressEvent(
            phase="train" if self.training else "validate",
            done=position.stage_step if self.training else self.batches,
            total=position.plan[position.here.stage].steps if self.training else self.n_iter,
            rate=self.units / max(seconds, 1e-9),
            rate_unit="tokens/s" if self.kind is Kind.LM else "documents/s",
            eta=seconds / self.batches * position.steps_left if self.training else None,
            loss=float(self.smooth_loss) if self.training else None,
            lr=float(self.opt.hypers[-1]["lr"]) if self.training else None,
            step=position.here.step,
            steps=position.here.step + position.steps_left,
            memory_mb=memory_mb(self.device),
        )

    def after_epoch(self) -> None:
        """Report the epoch's losses and metrics; an epoch skipped while resuming has none."""
        if not self.recorder.values[-1]:
            return
        train_loss, *rest = (float(value) for value in self.recorder.values[-1])
        metrics = dict(zip(self.recorder.metric_names[2:-1], rest, strict=True))
        self.position.end_epoch(metrics)
        here = self.position.here
        self.on_event(
            EpochEvent(
                epoch=here.epoch, of=self.position.epochs, step=here.step, train_loss=train_loss,
                valid_loss=metrics["valid_loss"], seconds=time.monotonic() - self.started,
                metrics={name: value for name, value in metrics.items() if name != "valid_loss"},
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
                f"The loss became {self.loss.item()} after {self.learn.reporter.position.here.step} steps.",
                todo="Lower the learning rate, or use precision fp32.",
            )


class KeepBest(Callback):
    """Calls `save` whenever the validation loss improves; ends a stage after `patience` epochs without.

    Like fastai's `SaveModelCallback` and `EarlyStoppingCallback`, but over all stages and without pickle.
    """

    order = Reporter.order + 1

    def __init__(self, position: Position, save: Callable[[], None], patience: int | None) -> None:
        self.position, self.save, self.patience = position, save, patience
        self.best = BestEpoch()

    def before_fit(self) -> None:
        """Patience counts within a stage."""
        self.best = self.best.model_copy(update={"waited": 0})

    def after_epoch(self) -> None:
        """Compare the epoch with the best one."""
        if not self.recorder.values[-1]:
            return
        metrics = self.position.metrics
        loss = metrics.get("valid_loss", math.inf)  # missing if it was not a number
        if loss < (math.inf if self.best.value is None else self.best.value):
            self.best = BestEpoch(value=loss, kept=metrics)
            self.save()
            return
        self.best = self.best.model_copy(update={"waited": self.best.waited + 1})
        if self.patience is not None and self.best.waited >= self.patience:
            raise CancelFitException
