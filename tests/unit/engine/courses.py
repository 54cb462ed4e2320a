"""Small trainings for the engine's tests: learners on random ids, and a course over them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from fastai.text.learner import TextLearner

from ulmfit_app import recipes
from ulmfit_app.engine import checkpoints, devices, learners, loaders
from ulmfit_app.engine.devices import Device
from ulmfit_app.engine.stages import Course
from ulmfit_app.schema import SPECIAL_TOKENS, Architecture, Event, Kind, Recipe

VOCAB = [*SPECIAL_TOKENS, *(f"w{n}" for n in range(23))]
SHAPE = Architecture(emb_sz=8, n_hid=12, n_layers=3)
CPU = Device("cpu", "fp32")
LM = recipes.override(recipes.get("lm-notebook", Kind.LM), {"bs": 4, "seq_len": 8, "stages.1.epochs": 2})
CLASSIFIER = recipes.override(
    recipes.get("classifier-notebook", Kind.CLASSIFIER), {"bs": 8, "seq_len": 8, "keep": "best"}
)


def learner(
    recipe: Recipe = LM, seed: int = 0, shape: Architecture = SHAPE, device: torch.device = CPU.torch
) -> TextLearner:
    """A learner on 48 random texts of 5 to 30 tokens; equal texts and weights for equal seeds."""
    rng = np.random.default_rng(0)
    ids = [rng.integers(2, len(VOCAB), size=rng.integers(5, 30)) for _ in range(48)]
    devices.seed_everything(seed)
    if recipe.kind is Kind.LM:
        parts = [loaders.LMTexts(part, VOCAB) for part in (ids[:36], ids[36:])]
        return learners.lm_learner(loaders.lm_loaders(*parts, recipe, device), shape, recipe)
    label_ids = rng.integers(0, 2, size=48)
    labelled = [
        loaders.LabelledTexts(ids[part], label_ids[part], VOCAB, ["a", "b"]) for part in (np.s_[:36], np.s_[36:])
    ]
    dls = loaders.classifier_loaders(*labelled, recipe, device)
    return learners.classifier_learner(dls, shape, recipe, label_ids[:36])


class Training:
    """One course of `recipe` in `folder`; `events` are what it told. A second one in the same folder can resume."""

    def __init__(
        self,
        folder: Path,
        recipe: Recipe = LM,
        control: Callable[[], Any] = lambda: "go",
        device: Device = CPU,
        seed: int = 0,
    ) -> None:
        self.learner = learner(recipe, seed, device=device.torch)
        self.folder, self.events = folder, list[Event]()
        plan = recipes.plan(recipe, len(self.learner.dls.train))
        self.course = Course(self.learner, recipe, plan, device, folder, control, self.events.append)

    def run(self, resume: bool = False) -> bool:
        """Run from the start, or from the newest checkpoint; True if stopped."""
        resumed = checkpoints.load_newest(self.learner, self.folder) if resume else None
        devices.seed_everything(1)
        return self.course.run(resumed)

    def weights(self) -> dict[str, torch.Tensor]:
        """The weights now."""
        return learners.weights_of(self.learner)


def asked_at(call: int, wish: str) -> Callable[[], str]:
    """A control that says `go` until its `call`-th call, then `wish`."""
    calls = iter(range(1, 10**9))
    return lambda: wish if next(calls) >= call else "go"
