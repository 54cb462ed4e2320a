"""The learning-rate finder: fastai's mock training at growing rates, on the texts and weights of a training to come.

The loop, the smoothed losses and the suggestions are fastai's (`LRFinder`, `valley`, `slide`, `steep`, `minimum`; Smith
2015). Nothing is written: fastai saves the weights to put them back, here the learner is thrown away.
"""

import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from fastai.callback.core import Callback, CancelFitException
from fastai.callback.schedule import LRFinder, ParamScheduler, minimum, slide, steep, valley
from fastai.learner import Learner
from torch import Tensor

from ulmfit_app.data.dataset import Dataset
from ulmfit_app.data.token_workers import usable_cores
from ulmfit_app.engine import devices
from ulmfit_app.engine.devices import Device, memory_mb
from ulmfit_app.engine.finetune import Job, OnEvent, embed, limited, prepare
from ulmfit_app.engine.outcome import Control, NothingTrained, Paused
from ulmfit_app.schema import Kind, LrReport, ProgressEvent, Recipe, StageEvent

START, END, STEPS = 1e-7, 10.0, 100  # fastai's defaults
SKIP_END = 5  # fastai shows and judges the curve without its last points
REPORT_EVERY = 0.25  # seconds

Suggest = Callable[[Tensor, Tensor, int], tuple[float, object]]
SUGGESTIONS: dict[str, Suggest] = {"valley": valley, "slide": slide, "steep": steep, "minimum": minimum}


def find(
    kind: Kind,
    dataset: Dataset,
    recipe: Recipe,
    *,
    parent: Path | None,
    stage: int,
    on_event: OnEvent,
    device: str = "auto",
    precision: str = "auto",
    threads: int | None = None,
    seed: int = 42,
    limit: int | None = None,
    control: Control = lambda: "go",
) -> LrReport:
    """Try `STEPS` learning rates on a learner as `finetune.train` makes it, with the groups of `stage` unfrozen.

    The weights are those that the training starts from, not those that the stages before `stage` would leave.
    `control` is asked after every minibatch: `stop` ends the curve there (`NothingTrained` before its first point),
    `pause` raises `Paused`. Raises as `finetune.train`.
    """
    torch.set_num_threads(threads or usable_cores())
    chosen = devices.choose(device, precision)
    job = Job(kind, dataset, limited(recipe, limit), parent, chosen, seed, Path(), on_event, control)
    with devices.memory_errors_told():
        on_event(StageEvent(name="tokenise", number=1, of=2))
        prepared = prepare(job)
        embed(job, prepared)
        devices.seed_everything(seed)
        on_event(StageEvent(name="learning rates", number=2, of=2))
        learner = prepared.learner
        learner.freeze_to(recipe.stages[stage].freeze_to)
        learner.add_cbs(chosen.callbacks())
        rates, losses = mock_training(learner, [Watcher(chosen, on_event, control)])
    if not losses:
        raise NothingTrained
    return LrReport(rates=rates, losses=losses, suggestions=suggestions(rates, losses), stage=stage)


class Finder(LRFinder):
    """fastai's, without the copy of the weights on disk."""

    def before_fit(self) -> None:
        """Start the records."""
        ParamScheduler.before_fit(self)
        self.best_loss = math.inf

    def after_fit(self) -> None:
        """Keep the rates; the weights are not put back."""
        ParamScheduler.after_fit(self)


class Watcher(Callback):
    """Reports after minibatches, and obeys. Before `Finder`, which may end the training there."""

    order = LRFinder.order - 1

    def __init__(self, device: Device, on_event: OnEvent, control: Control) -> None:
        self.device, self.on_event, self.control = device, on_event, control
        self.started, self.last = time.monotonic(), 0.0

    def after_batch(self) -> None:
        """Report if the last report is old enough or this is the last minibatch."""
        done, now = self.train_iter, time.monotonic()
        if now - self.last >= REPORT_EVERY or done == STEPS:
            self.last = now
            self.on_event(self._progress(done, now - self.started))
        wish = self.control()
        if wish == "pause":
            raise Paused
        if wish == "stop":
            raise CancelFitException

    def _progress(self, done: int, seconds: float) -> ProgressEvent:
        return ProgressEvent(
            phase="find",
            done=done,
            total=STEPS,
            eta=seconds / done * (STEPS - done),
            loss=float(self.smooth_loss),
            lr=float(self.opt.hypers[-1]["lr"]),
            step=done,
            steps=STEPS,
            memory_mb=memory_mb(self.device),
        )


def mock_training(learner: Learner, callbacks: Sequence[Callback] = ()) -> tuple[list[float], list[float]]:
    """Rates and smoothed losses (nats) of `learner.lr_find()`, up to the first loss that is not a number.

    Afterwards the weights are of no use.
    """
    finder = Finder(start_lr=START, end_lr=END, num_it=STEPS)
    with learner.no_logging():
        learner.fit(STEPS // len(learner.dls.train) + 1, cbs=[finder, *callbacks])
    losses = [float(loss) for loss in learner.recorder.losses]
    n = next((n for n, loss in enumerate(losses) if not math.isfinite(loss)), len(losses))
    return [float(rate) for rate in learner.recorder.lrs[:n]], losses[:n]


def suggestions(rates: Sequence[float], losses: Sequence[float]) -> dict[str, float]:
    """What fastai's functions say of the curve, without its first tenth and its last points, as `Learner.lr_find` does.

    One that a short curve does not allow is left out.
    """
    shown = slice(STEPS // 10, -SKIP_END)
    curve = torch.tensor(rates[shown]), torch.tensor(losses[shown])
    found = {}
    for name, suggest in SUGGESTIONS.items():
        try:
            found[name] = float(suggest(*curve, STEPS)[0])
        except (IndexError, ValueError, RuntimeError):
            continue  # each function fails in its own way where there are too few points
    return found
