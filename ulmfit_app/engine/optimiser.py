"""fastai's Adam in one pass over a parameter: its update is decoupled AdamW, which torch has as a fused kernel.

State (`grad_avg`, `sqr_avg`, `step`), groups, hyperparameters and schedules stay fastai's (`fastai.optimizer.Adam`).
"""

from collections import defaultdict
from typing import Any

import torch
from fastai.optimizer import Optimizer
from torch import Tensor
from torch.optim.adamw import adamw

DEFAULTS = {"mom": 0.9, "sqr_mom": 0.99, "eps": 1e-5, "wd": 0.01}  # fastai's


class Adam(Optimizer):
    """As `fastai.optimizer.Adam(params, lr)`, an `opt_func` for a Learner. Raises `NotImplementedError` for closures."""

    def __init__(self, params: Any, lr: float | slice, **hypers: float) -> None:
        super().__init__(params, [], lr=lr, **{**DEFAULTS, **hypers})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:
        """One update of every parameter that has a gradient."""
        if closure is not None:
            raise NotImplementedError("fastai optimizers do not take closures")
        together: dict[tuple[float, ...], list[tuple[Tensor, dict[str, Any]]]] = defaultdict(list)
        for parameter, _, state, hyper in self.all_params(with_grad=True):
            if "step" not in state:
                state.update(grad_avg=torch.zeros_like(parameter), sqr_avg=torch.zeros_like(parameter), step=0)
            wd = hyper["wd"] if state.get("do_wd", True) else 0.0
            alike = tuple(float(value) for value in (hyper["lr"], hyper["mom"], hyper["sqr_mom"], hyper["eps"], wd))
            together[alike].append((parameter, state))
            self.state[parameter] = state
        for alike, members in together.items():
            _update(members, *alike)


def _update(
    members: list[tuple[Tensor, dict[str, Any]]], lr: float, mom: float, sqr_mom: float, eps: float, wd: float
) -> None:
    states = [state for _, state in members]
    adamw(
        [parameter for parameter, _ in members],
        [parameter.grad for parameter, _ in members],
        [state["grad_avg"] for state in states],
        [state["sqr_avg"] for state in states],
        [],
        [torch.tensor(float(state["step"]), device=parameter.device) for parameter, state in members],
        fused=True, amsgrad=False, beta1=mom, beta2=sqr_mom, lr=lr, weight_decay=wd, eps=eps, maximize=False,
    )  # fmt: skip
    for state in states:
        state["step"] += 1
