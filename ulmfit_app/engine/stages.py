"""One stage of a recipe as fastai runs it."""

import fastai.callback.schedule  # noqa: F401  (patches fit_one_cycle into Learner)
from fastai.learner import Learner

from ulmfit_app.recipes import PlannedStage
from ulmfit_app.schema import Slice


def fit_stage(learner: Learner, planned: PlannedStage) -> None:
    """`learner.freeze_to(n)`, then `learner.fit_one_cycle(...)` over epochs of the planned length."""
    stage = planned.stage
    learner.freeze_to(stage.freeze_to)
    learner.dls.train.max_batches = planned.steps_per_epoch
    lr = slice(stage.lr.low, stage.lr.high) if isinstance(stage.lr, Slice) else stage.lr
    learner.fit_one_cycle(planned.epochs, lr, div=stage.div, div_final=stage.div_final, pct_start=stage.pct_start)
