"""The arm of the parity check: a language model trained for some steps, its losses; ours and plain fastai alike."""

from typing import Any

from fastai.callback.core import Callback, CancelTrainException

from benchmarks import training
from benchmarks.arms import Answer


class Losses(Callback):
    """The training loss of each of `steps` minibatches; then the epoch's training ends and validation follows."""

    order = 1000

    def __init__(self, steps: int) -> None:
        self.steps = steps
        self.found: list[float] = []

    def after_batch(self) -> None:
        """Note the loss."""
        if self.training:
            self.found.append(float(self.loss_grad))
            if len(self.found) == self.steps:
                raise CancelTrainException


def losses(settings: dict[str, Any]) -> Answer:
    """Training losses step by step, and the validation loss after them."""
    noted = Losses(settings["steps"])
    run = training.our_training if settings["side"] == "ours" else training.plain_training
    learner = run({"kind": "lm", "freeze_to": 0, "device": "cpu", **settings}, [noted])
    return {"samples": {"training loss": noted.found, "validation loss": [float(learner.recorder.values[-1][1])]}}
