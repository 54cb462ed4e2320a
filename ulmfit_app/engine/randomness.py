"""The state of every random generator that a training draws from, as plain values and tensors."""

import random
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ulmfit_app.schema import RandomState


@dataclass(frozen=True, slots=True)
class Randomness:
    """Python's and numpy's generators in `plain`, torch's (CPU, and CUDA where there is one) in `tensors`."""

    plain: RandomState
    tensors: dict[str, Tensor]


def capture() -> Randomness:
    """The generators' states now."""
    version, words, gauss = random.getstate()
    name, keys, position, has_gauss, cached = np.random.get_state(legacy=True)
    tensors = {"torch": torch.get_rng_state()}
    if torch.cuda.is_available():
        tensors["cuda"] = torch.cuda.get_rng_state()
    plain = RandomState(
        python=(version, tuple(words), gauss),
        numpy=(str(name), tuple(int(key) for key in keys), int(position), int(has_gauss), float(cached)),
    )
    return Randomness(plain, tensors)


def restore(state: Randomness) -> None:
    """Put the generators back."""
    random.setstate(state.plain.python)
    name, keys, position, has_gauss, cached = state.plain.numpy
    np.random.set_state((name, np.array(keys, dtype=np.uint32), position, has_gauss, cached))
    torch.set_rng_state(state.tensors["torch"])
    if "cuda" in state.tensors and torch.cuda.is_available():
        torch.cuda.set_rng_state(state.tensors["cuda"])
