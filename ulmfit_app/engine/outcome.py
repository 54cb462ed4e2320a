"""How a training can end before its end, on request."""

from collections.abc import Callable
from typing import Literal

from ulmfit_app.errors import AppError

Wish = Literal["go", "pause", "stop"]
Control = Callable[[], Wish]


class Paused(Exception):  # noqa: N818  (an outcome, not an error)
    """The training stopped after a minibatch and can be resumed from its checkpoints."""

    def __init__(self) -> None:
        super().__init__("paused")  # fastai needs an argument to rewrite (`modify_exception`, 2.8.12)


class Stopped(Exception):  # noqa: N818
    """Raised inside the loop: end after this minibatch and keep the current weights."""

    def __init__(self) -> None:
        super().__init__("stopped")


class NothingTrained(AppError):  # noqa: N818
    """Stopped before the first optimiser step: there is no model to keep."""

    def __init__(self) -> None:
        super().__init__("That was before the first training step.", kept="No model was made.")
