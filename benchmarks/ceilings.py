"""What the machine can do at most, and how near to it a computation comes: peak matrix product, reading, operators.

Counts of arithmetic are of matrix products alone: two operations for each weight and token forward, four backward.
"""

import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import torch
from torch.profiler import ProfilerActivity, profile

from benchmarks.arms import Answer
from ulmfit_app.schema import Architecture

SIDE = 2048  # of the square matrices
WEIGHTS_MB = 64  # read by each product of a vector with a matrix: about a model's weights
TRIES = 12
TOP = 5  # operators named in a profile


def machine(settings: dict[str, Any]) -> Answer:
    """The arm: GFLOP/s of a large matrix product in `precision`, and GB/s of weights read by one row (fp32)."""
    device = settings["device"]
    dtype = {"fp32": torch.float32, "bf16": torch.bfloat16}[settings["precision"]]
    a, b = (torch.rand(SIDE, SIDE, device=device).to(dtype) for _ in range(2))
    products = timed(lambda: a @ b, device, TRIES, warm=3)
    rows = WEIGHTS_MB * 10**6 // (4 * SIDE)
    matrix, row = torch.rand(rows, SIDE, device=device), torch.rand(1, SIDE, device=device)
    reads = timed(lambda: torch.nn.functional.linear(row, matrix), device, 4 * TRIES, warm=3)
    return {
        "samples": {
            "matrix product GFLOP/s": [2 * SIDE**3 / seconds / 1e9 for seconds in products],
            "weights read GB/s": [rows * SIDE * 4 / seconds / 1e9 for seconds in reads],
        }
    }


def timed(call: Callable[[], object], device: str, times: int, warm: int) -> list[float]:
    """Seconds of each of `times` calls after `warm` ones; a call is over when the device is."""
    seconds = []
    for _ in range(warm + times):
        began = time.perf_counter()
        call()
        synchronise(device)
        seconds.append(time.perf_counter() - began)
    return seconds[warm:]


def synchronise(device: str) -> None:
    """Wait for the device."""
    if device == "cuda":
        torch.cuda.synchronize()


def lstm_weights(architecture: Architecture) -> int:
    """Numbers in the matrices of the LSTM layers: what every token is multiplied with."""
    emb, hid, layers = architecture.emb_sz, architecture.n_hid, architecture.n_layers
    sizes = [emb, *[hid] * (layers - 1), emb]
    return sum(4 * n_out * (n_in + n_out) for n_in, n_out in pairwise(sizes))


def recurrent_weights(architecture: Architecture) -> int:
    """Those of them that are read again for every token of a text; the others can be read once a text."""
    hid, layers = architecture.n_hid, architecture.n_layers
    return sum(4 * n_out * n_out for n_out in [*[hid] * (layers - 1), architecture.emb_sz])


class Operators:
    """A context that records which torch operators take the time."""

    def __enter__(self) -> "Operators":
        self._profile = profile(activities=[ProfilerActivity.CPU])
        self._profile.__enter__()
        self._began = time.perf_counter()  # starting it takes a second
        return self

    def __exit__(self, *error: Any) -> None:
        self._seconds = time.perf_counter() - self._began
        self._profile.__exit__(*error)

    def shares(self) -> dict[str, float]:
        """The operators that took most of the wall time, as shares of it, and what was spent outside operators."""
        own = {event.key: event.self_cpu_time_total / 1e6 for event in self._profile.key_averages()}
        own = {name: seconds for name, seconds in own.items() if name.startswith("aten::") or "_call" in name}
        largest = sorted(own, key=lambda name: -own[name])[:TOP]
        shares = {f"share in {name.removeprefix('aten::')}": own[name] / self._seconds for name in largest}
        outside = max(0.0, 1 - sum(own.values()) / self._seconds)
        return {name: round(share, 3) for name, share in {**shares, "share outside operators": outside}.items()}
