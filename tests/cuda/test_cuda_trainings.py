"""Trainings on a CUDA device: as on the CPU, in each precision, paused and resumed; their weights work on the CPU."""

from pathlib import Path

import pytest
import torch

from tests.unit.engine.courses import CLASSIFIER, LM, Training, asked_at, learner
from ulmfit_app import hardware, recipes
from ulmfit_app.engine import devices, randomness
from ulmfit_app.engine.devices import Device
from ulmfit_app.engine.outcome import Paused
from ulmfit_app.errors import TrainingError
from ulmfit_app.schema import EpochEvent, ProgressEvent, Recipe

NAME = "cuda"
FP32 = Device(NAME, "fp32")
RECIPES = {"lm": LM, "classifier": CLASSIFIER}


def epochs(training: Training) -> list[EpochEvent]:
    return [event for event in training.events if isinstance(event, EpochEvent)]


@pytest.mark.parametrize("precision", ["fp32", "fp16", "bf16"])
@pytest.mark.parametrize("name", RECIPES)
def test_every_precision_of_the_device_learns(tmp_path: Path, name: str, precision: str) -> None:
    if precision not in hardware.precisions(NAME):
        pytest.skip(f"this device has no {precision}")
    recipe = recipes.override(RECIPES[name], {"drop_mult": 0, "keep": "last"})
    training = Training(tmp_path, recipe, device=Device(NAME, precision))
    training.run()
    losses = [event.train_loss for event in epochs(training)]
    assert losses[-1] < losses[0]
    for key, tensor in training.weights().items():
        if tensor.is_floating_point():
            assert tensor.dtype == torch.float32 and torch.isfinite(tensor).all(), key
    assert all(event.memory_mb > 0 for event in training.events if isinstance(event, ProgressEvent))


@pytest.mark.parametrize("name", RECIPES)
def test_without_dropout_the_losses_are_the_cpus(tmp_path: Path, name: str) -> None:
    recipe = recipes.override(RECIPES[name], {"drop_mult": 0, "keep": "last"})
    here, there = Training(tmp_path / "cpu", recipe), Training(tmp_path / NAME, recipe, device=FP32)
    here.run()
    there.run()
    for ours, theirs in zip(epochs(here), epochs(there), strict=True):
        assert theirs.train_loss == pytest.approx(ours.train_loss, rel=1e-2)
        assert theirs.valid_loss == pytest.approx(ours.valid_loss, rel=1e-2)


@pytest.mark.parametrize("name", RECIPES)
def test_paused_and_resumed_goes_on_as_uninterrupted(tmp_path: Path, name: str) -> None:
    recipe: Recipe = RECIPES[name]
    straight = Training(tmp_path / "straight", recipe, device=FP32)
    straight.run()
    paused = Training(tmp_path / "paused", recipe, asked_at(20, "pause"), device=FP32)
    with pytest.raises(Paused):
        paused.run()
    again = Training(tmp_path / "paused", recipe, device=FP32, seed=99)
    again.run(resume=True)
    for key, tensor in again.weights().items():  # cuDNN adds in no fixed order
        torch.testing.assert_close(tensor, straight.weights()[key], atol=1e-3, rtol=1e-3, msg=key)


def test_weights_of_the_device_give_the_same_on_the_cpu(tmp_path: Path) -> None:
    training = Training(tmp_path, LM, device=FP32)
    training.run()
    copy = learner(LM, seed=99)
    copy.model.load_state_dict(training.learner.model.state_dict())
    ids = torch.arange(2, 22).reshape(2, 10)
    outputs = []
    for learn in (training.learner, copy):
        learn.model.eval()
        learn.model.reset()
        with torch.inference_mode():
            outputs.append(learn.model(ids.to(learn.dls.device))[0].cpu())
    torch.testing.assert_close(outputs[0], outputs[1], atol=1e-3, rtol=1e-3)


def test_the_devices_random_state_is_captured_and_restored() -> None:
    devices.seed_everything(3)
    torch.rand(5, device=NAME)
    state = randomness.capture()
    first = torch.rand(5, device=NAME)
    randomness.restore(state)
    assert torch.equal(torch.rand(5, device=NAME), first)


def test_a_full_device_says_what_to_change() -> None:
    with pytest.raises(TrainingError, match=r"ran out of memory.*smaller bs"), devices.memory_errors_told():
        torch.empty(2**45, device=NAME)


def test_the_device_is_the_first_choice() -> None:
    assert devices.choose() == Device(NAME, hardware.precisions(NAME)[0])
