"""The stages of a recipe, one after another, as fastai runs them; from the start or from a checkpoint."""

from collections.abc import Callable
from pathlib import Path

import fastai.callback.schedule  # noqa: F401  (patches fit_one_cycle into Learner)
from fastai.learner import Learner

from ulmfit_app.engine import checkpoints
from ulmfit_app.engine.callbacks import Position, RefuseNaN, Reporter
from ulmfit_app.engine.checkpoints import Resumed
from ulmfit_app.engine.continuity import BEST, Keeper, Resumer, start_epoch
from ulmfit_app.engine.devices import Device
from ulmfit_app.engine.learners import kind_of
from ulmfit_app.engine.outcome import Control, NothingTrained, Stopped
from ulmfit_app.recipes import PlannedStage
from ulmfit_app.schema import Event, Recipe, Slice, StageEvent


class Course:
    """One training of `learner` along `plan`. `folder` holds its checkpoints."""

    def __init__(
        self,
        learner: Learner,
        recipe: Recipe,
        plan: list[PlannedStage],
        device: Device,
        folder: Path,
        control: Control,
        on_event: Callable[[Event], None],
    ) -> None:
        self.learner, self.recipe, self.folder, self.control, self.on_event = learner, recipe, folder, control, on_event
        self.position = Position(plan)
        self.keeper = Keeper(folder, self.position, control, on_event, recipe.patience)
        callbacks = [Reporter(kind_of(learner), device, self.position, on_event), RefuseNaN(), self.keeper]
        if recipe.keep == "best" or recipe.patience is not None:
            callbacks.append(self.keeper.best)
        learner.add_cbs([*callbacks, *device.callbacks()])

    def run(self, resumed: Resumed | None) -> bool:
        """Run what is left of the plan; True if it was stopped before its end.

        Raises `Paused` after writing a checkpoint, `NothingTrained` if stopped before the first optimiser step.
        """
        if resumed:
            self._go_on_from(resumed)
        try:
            if self.control() == "stop":
                raise Stopped
            for stage in self.position.plan[self.position.here.stage :]:
                self._run_stage(stage, resumed)
                resumed = None
        except Stopped:
            if self.position.here.step == 0:
                raise NothingTrained from None
            return True
        if self._keeps_best:
            checkpoints.load(self.learner, self.folder, BEST)
        return False

    @property
    def _keeps_best(self) -> bool:
        """False also if no epoch had a validation loss that is a number: then the last weights are all there is."""
        return self.recipe.keep == "best" and self.keeper.best.best.value is not None

    def metrics(self, stopped: bool) -> dict[str, float]:
        """Of the weights that the learner has now: of the best epoch, else of the last one that ended."""
        return self.keeper.best.best.kept if self._keeps_best and not stopped else self.position.metrics

    def _go_on_from(self, resumed: Resumed) -> None:
        moment = resumed.moment
        self.position.here, self.position.metrics = moment.place, moment.metrics
        self.keeper.best.best = moment.best
        start_epoch(self.learner, moment.epoch_start)  # also where a stage was over and the next one begins

    def _run_stage(self, planned: PlannedStage, resumed: Resumed | None) -> None:
        here = self.position.here
        self.on_event(
            StageEvent(
                name=planned.stage.name, number=here.stage + 2, of=len(self.position.plan) + 1,
                resumed_at=here.step if resumed else None,
            )
        )  # fmt: skip
        if not (here.stage_epoch or here.batch):
            self.learner.freeze_to(planned.stage.freeze_to)  # clears the optimiser's state, so not inside a stage
        if here.stage_epoch < planned.epochs:
            with self.learner.added_cbs([Resumer(resumed, self.keeper.best)] if resumed else []):
                fit_one_cycle(self.learner, planned, here.stage_epoch)
        self.position.end_stage()
        if planned.stage.checkpoint:
            self.keeper.write(planned.stage.checkpoint)


def fit_one_cycle(learner: Learner, planned: PlannedStage, start_epoch: int = 0) -> None:
    """`learner.fit_one_cycle(...)` over epochs of the planned length, those before `start_epoch` skipped."""
    stage = planned.stage
    learner.dls.train.max_batches = planned.steps_per_epoch
    lr = slice(stage.lr.low, stage.lr.high) if isinstance(stage.lr, Slice) else stage.lr
    learner.fit_one_cycle(
        planned.epochs,
        lr,
        div=stage.div,
        div_final=stage.div_final,
        pct_start=stage.pct_start,
        start_epoch=start_epoch,
    )
