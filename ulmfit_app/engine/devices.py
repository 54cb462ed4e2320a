"""Choosing a device and a precision, and everything else that depends on the kind of device.

With `hardware` the only place with device-specific code. Seeding, threads and memory of the process are here too.
"""

import ctypes
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import psutil
import torch
from fastai.callback.core import Callback
from fastai.callback.fp16 import AMPMode, MixedPrecision

from ulmfit_app import hardware
from ulmfit_app.errors import AppError, DeviceError, TrainingError


@dataclass(frozen=True, slots=True)
class Device:
    """A resolved choice: `name` is cuda, mps or cpu; `precision` one of fp32, bf16, fp16."""

    name: str
    precision: str

    @property
    def torch(self) -> torch.device:
        """The torch device."""
        return torch.device(self.name)

    def callbacks(self) -> list[Callback]:
        """The callbacks that make fastai's loop run in this precision (`to_fp16`, `to_bf16` are CUDA's)."""
        if self.precision == "fp32":
            return []
        if self.name == "cuda":
            return [MixedPrecision(amp_mode=AMPMode(self.precision))]
        return [CPUAutocast()]

    @property
    def is_cpu(self) -> bool:
        """True where lm_output.py and dropout.py are known to be faster (never tried on CUDA and MPS)."""
        return self.name == "cpu"


class CPUAutocast(Callback):
    """bf16 on the CPU: the forward pass under autocast, weights, optimiser and loss in fp32.

    fastai's `MixedPrecision` hard-codes CUDA (2.8.12). The context is left before the loss, which stays in fp32.
    """

    order = MixedPrecision.order

    def before_batch(self) -> None:
        """Enter the context for the forward pass."""
        self.autocast = torch.autocast("cpu", dtype=torch.bfloat16)
        self.autocast.__enter__()

    def after_pred(self) -> None:
        """Leave it, and hand the loss fp32 predictions."""
        self.autocast.__exit__(None, None, None)
        if isinstance(self.pred, torch.Tensor):  # not what lm_output.py leaves to the loss
            self.learn.pred = self.pred.float()


def choose(device: str = "auto", precision: str = "auto") -> Device:
    """Resolve `device` (auto, cuda, mps, cpu) and `precision` (auto, fp32, bf16, fp16) for this machine."""
    available = hardware.devices()
    name = available[0] if device == "auto" else device
    if name not in available:
        raise DeviceError(f"This machine has no device '{name}'.", todo=f"Use one of: auto, {', '.join(available)}.")
    supported = hardware.precisions(name)
    chosen = supported[0] if precision == "auto" else precision
    if chosen not in supported:
        raise DeviceError(
            f"Precision '{chosen}' does not work on {name} here.", todo=f"Use one of: auto, {', '.join(supported)}."
        )
    return Device(name, chosen)


def seed_everything(seed: int) -> None:
    """Seed Python, numpy and torch, as fastai's loaders and dropout draw from all three."""
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def memory_mb(device: Device) -> float:
    """Memory in use in MB: the CUDA allocator's, else the resident memory of the process."""
    if device.name == "cuda":
        return torch.cuda.memory_allocated() / 2**20
    return float(psutil.Process().memory_info().rss) / 2**20


def release_freed_memory() -> None:
    """Give the system back the memory that the process has freed. Needs glibc; elsewhere nothing is done.

    Workers keep freed memory for the next step (launcher.py). glibc (2.36) cannot use a freed block for an aligned
    request of the same size, so what is kept grows by up to 10 MB a step: call this every minute or two.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


@contextmanager
def memory_errors_told() -> Iterator[None]:
    """Turn running out of memory, on any device, into a `TrainingError` that says what to change."""
    try:
        yield
    except AppError:
        raise
    except (MemoryError, RuntimeError) as error:
        if not _is_out_of_memory(error):
            raise
        raise TrainingError(
            "The training ran out of memory.",
            todo="Use a smaller bs, a smaller max_len or first_tokens, or a smaller vocabulary (max_vocab).",
        ) from error


def _is_out_of_memory(error: BaseException) -> bool:
    told = str(error).lower()
    return isinstance(error, (MemoryError, torch.OutOfMemoryError)) or any(
        words in told for words in ("out of memory", "can't allocate memory", "not enough memory")
    )
