"""The arm of the parity check: a language model trained for some steps, its losses; ours and plain fastai alike."""

from typing import Any

from fastai.callback.core import Callback, CancelFitException

from benchmarks import training
from benchmarks.arms import Answer

OF_A_RUN = ("ulmfit_app.engine.callbacks", "ulmfit_app.engine.continuity")  # they know no validation outside of a run


class Losses(Callback):
    """The training loss of each of `steps` minibatches, after which the training ends."""

    order = 1000

    def __init__(self, steps: int) -> None:
        self.steps = steps
        self.found: list[float] = []

    def after_batch(self) -> None:
        """Note the loss."""
        if self.training:
            self.found.append(float(self.loss_grad))
            if len(self.found) == self.steps:
                raise CancelFitException


def losses(settings: dict[str, Any]) -> Answer:
    """Training losses step by step, and the validation loss after them."""
    noted = Losses(settings["steps"])
    run = training.our_training if settings["side"] == "ours" else training.plain_training
    learner = run({"kind": "lm", "freeze_to": 0, "device": "cpu", **settings}, [noted])
    if len(noted.found) < settings["steps"]:
        raise ValueError(f"an epoch has {len(noted.found)} minibatches, {settings['steps']} were asked for")
    of_the_run = [noted, *(callback for callback in learner.cbs if type(callback).__module__ in OF_A_RUN)]
    with learner.removed_cbs(of_the_run):
        loss = float(learner.validate()[0])
    return {"samples": {"training loss": noted.found, "validation loss": [loss]}}
