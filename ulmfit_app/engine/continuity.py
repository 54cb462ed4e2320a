"""What makes a training interruptible at any minibatch: checkpoints while it runs, pause and stop, going on from one.

A training that was interrupted and resumed gives the same weights as one that was not, to the last digit. For that a
checkpoint inside an epoch also holds how the epoch began: the loader is started from there again, which draws the same
order, skips what was trained, and only then gets the random states of the moment of interruption.
"""

import time
from collections.abc import Callable
from pathlib import Path

from fastai.callback.core import Callback
from fastai.learner import Learner

from ulmfit_app.engine import checkpoints, devices, randomness
from ulmfit_app.engine.callbacks import KeepBest, Position
from ulmfit_app.engine.checkpoints import EpochStart, Moment, Resumed
from ulmfit_app.engine.outcome import Control, Paused, Stopped
from ulmfit_app.schema import CheckpointEvent, Event

EVERY = 120.0  # seconds between checkpoints inside an epoch
SHARE = 20  # the last checkpoint's time, times this, passes before the next one: under 5% of the time
BEST = "best"


class Keeper(Callback):
    """Writes checkpoints and obeys `control` after every minibatch. Runs after everything that changes the state."""

    order = KeepBest.order + 10
    run_valid = True

    def __init__(
        self,
        folder: Path,
        position: Position,
        control: Control,
        on_event: Callable[[Event], None],
        patience: int | None = None,
    ) -> None:
        self.folder, self.position, self.control, self.on_event = folder, position, control, on_event
        self.best = KeepBest(position, lambda: self.write(BEST), patience)
        self.saved_at, self.cost = time.monotonic(), 0.0

    def before_train(self) -> None:
        """Note how the epoch begins, before the loader shuffles."""
        self.epoch_start = EpochStart(randomness.capture(), checkpoints.order_of(self.learn))

    def before_validate(self) -> None:
        """Note the random states: starting the validation loader draws from them."""
        self.before_validation = randomness.capture()

    def after_batch(self) -> None:
        """Save if it is time to; pause or stop if asked to."""
        wish = self.control()
        if wish == "pause":
            self.write()
            raise Paused
        if wish == "stop":
            raise Stopped
        if self.training and self._elapsed() >= max(EVERY, SHARE * self.cost):
            self.write()

    def after_epoch(self) -> None:
        """Save, unless epochs are so short that saving would cost more than 5% of the time."""
        if self.recorder.values[-1] and self._elapsed() >= SHARE * self.cost:
            self.epoch_start = EpochStart(randomness.capture(), checkpoints.order_of(self.learn))
            self.write()

    def _elapsed(self) -> float:
        return time.monotonic() - self.saved_at

    def write(self, name: str | None = None) -> None:
        """Write a checkpoint of this moment, under `name` or as an automatic one."""
        began = time.monotonic()
        moment = self._moment()
        if name is None:
            name = checkpoints.save_automatic(self.learn, self.folder, moment)
        else:
            checkpoints.save(self.learn, self.folder, name, moment)
        devices.release_freed_memory()
        self.saved_at = time.monotonic()
        self.cost = self.saved_at - began
        self.on_event(CheckpointEvent(name=name, step=moment.place.step))

    def _moment(self) -> Moment:
        here = self.position.here
        now = randomness.capture()
        if here.batch == 0:  # between epochs: the next one begins here
            start = EpochStart(now, checkpoints.order_of(self.learn))
        else:
            start = self.epoch_start
            now = now if self.training else self.before_validation
        return Moment(here, now, start, self.best.best, self.position.metrics)


def start_epoch(learner: Learner, start: EpochStart) -> None:
    """Put the random states and the texts' order back to how an epoch began."""
    if start.order is not None:
        learner.dls.train.order = start.order.numpy()
    randomness.restore(start.randomness)


class Resumer(Callback):
    """Takes up a stage where a checkpoint left it. Removed by its user when the stage is over.

    Runs after `TrainEvalCallback`, which sets the counters of an epoch, and before all that reads them.
    """

    order = -5
    run_valid = True

    def __init__(self, resumed: Resumed, best: KeepBest) -> None:
        self.resumed, self.keep_best, self.pending = resumed, best, True

    def before_train(self) -> None:
        """Begin the interrupted epoch as it began, without the minibatches that were trained."""
        if not self.pending:
            return
        moment = self.resumed.moment
        start_epoch(self.learn, moment.epoch_start)
        self.dls.train.skip = moment.place.batch

    def before_batch(self) -> None:
        """Before the first new minibatch: the state of the moment of interruption."""
        self._take_up()

    def after_train(self) -> None:
        """The same, if the epoch had only its validation left."""
        self._take_up()

    def _take_up(self) -> None:
        if not self.pending:
            return
        self.pending = False
        self.dls.train.skip = 0
        place = self.resumed.moment.place
        if place.stage_epoch or place.batch:
            self._inside_the_stage()
        if place.batch:
            self._inside_the_epoch()

    def _inside_the_stage(self) -> None:
        self.keep_best.best = self.resumed.moment.best
        smooth = self.recorder.smooth_loss
        smooth.count, smooth.val = self.resumed.smooth_loss
        self.learn.smooth_loss = smooth.value
        if self.resumed.scaler is not None:
            self.learn.scaler.load_state_dict(self.resumed.scaler)

    def _inside_the_epoch(self) -> None:
        moment = self.resumed.moment
        randomness.restore(moment.randomness)
        for _ in range(moment.place.batch):  # as TrainEvalCallback adds it up: the same rounding
            self.learn.pct_train += 1.0 / (self.n_iter * self.n_epoch)
        if self.resumed.hidden:
            encoder = self.model[0]
            device = next(encoder.parameters()).device
            encoder.hidden = [tuple(part.to(device) for part in layer) for layer in self.resumed.hidden]
            encoder.bs = encoder.hidden[0][0].shape[1]
