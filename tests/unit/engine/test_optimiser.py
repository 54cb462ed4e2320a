"""Our Adam takes fastai's steps: same weights and state, for every group, schedule and freezing."""

from collections.abc import Callable

import fastai.optimizer
import pytest
import torch
from torch import nn

from ulmfit_app.engine.optimiser import Adam


def groups() -> list[list[nn.Parameter]]:
    """Two groups of parameters, the same at every call."""
    torch.manual_seed(3)
    return [[nn.Parameter(torch.randn(4, 3)), nn.Parameter(torch.randn(3))], [nn.Parameter(torch.randn(2, 2))]]


def trained(make: Callable, steps: int) -> tuple[list[torch.Tensor], list[dict]]:
    """Parameters and states after `steps` steps under a changing schedule, the first group frozen for the first two."""
    parameters = groups()
    optimiser = make(parameters, lr=slice(1e-3, 1e-2), wd=0.1)
    optimiser.state[parameters[0][1]]["do_wd"] = False
    torch.manual_seed(5)
    for step in range(steps):
        optimiser.freeze_to(1 if step < 2 else 0)
        optimiser.set_hypers(mom=0.8 - 0.05 * step, lr=slice(1e-3 * (step + 1), 1e-2))
        for parameter, *_ in optimiser.all_params():
            parameter.grad = torch.randn_like(parameter) if parameter.requires_grad else None
        optimiser.step()
    flat = [parameter for group in parameters for parameter in group]
    return flat, [dict(optimiser.state[parameter]) for parameter in flat]


@pytest.mark.parametrize("steps", [1, 2, 6])
def test_the_same_weights_and_state_as_fastais(steps: int) -> None:
    (plain, plain_states), (ours, our_states) = (trained(make, steps) for make in (fastai.optimizer.Adam, Adam))
    for theirs, mine, their_state, my_state in zip(plain, ours, plain_states, our_states, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-6, atol=1e-7)
        assert my_state.keys() == their_state.keys()
        for key, value in their_state.items():
            torch.testing.assert_close(torch.as_tensor(my_state[key]), torch.as_tensor(value), rtol=1e-6, atol=1e-7)


def test_defaults_are_fastais() -> None:
    assert dict(Adam(groups(), lr=1e-3).hypers[0]) == dict(fastai.optimizer.Adam(groups(), lr=1e-3).hypers[0])


def test_state_goes_through_a_dictionary_and_training_goes_on_the_same() -> None:
    parameters = groups()
    optimiser = Adam(parameters, lr=1e-2)
    flat = [parameter for group in parameters for parameter in group]

    def step(of: Adam) -> None:
        torch.manual_seed(9)
        for parameter, *_ in of.all_params():
            parameter.grad = torch.randn_like(parameter)
        of.step()

    step(optimiser)
    copies = [[nn.Parameter(parameter.detach().clone()) for parameter in group] for group in parameters]
    resumed = Adam(copies, lr=1e-2)
    states = optimiser.state_dict()["state"]
    cloned = [{key: value.clone() if hasattr(value, "clone") else value for key, value in s.items()} for s in states]
    resumed.load_state_dict({"state": cloned, "hypers": resumed.hypers})
    step(optimiser)
    step(resumed)
    for one, other in zip(flat, (parameter for group in copies for parameter in group), strict=True):
        assert torch.equal(one, other)


def test_a_closure_is_refused() -> None:
    with pytest.raises(NotImplementedError):
        Adam(groups(), lr=1e-3).step(lambda: None)
