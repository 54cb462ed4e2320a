"""Choosing a device and a precision, and telling a lack of memory in plain words."""

import os
import platform
import random
import subprocess
import sys

import numpy as np
import pytest
import torch

from ulmfit_app import hardware
from ulmfit_app.engine import devices
from ulmfit_app.errors import DataError, DeviceError, TrainingError
from ulmfit_app.runs import launcher


def test_auto_on_a_machine_without_cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    monkeypatch.setattr(hardware, "cpu_has_bf16", lambda: True)
    assert devices.choose() == devices.Device("cpu", "bf16")
    monkeypatch.setattr(hardware, "cpu_has_bf16", lambda: False)
    assert devices.choose() == devices.Device("cpu", "fp32")
    with pytest.raises(DeviceError, match="no device 'cuda'"):
        devices.choose("cuda")
    assert devices.choose("cpu", "bf16") == devices.Device("cpu", "bf16")  # slow there, but always overridable
    with pytest.raises(DeviceError, match="'fp16' does not work on cpu"):
        devices.choose("cpu", "fp16")


@pytest.mark.parametrize(
    ("can", "fast"),
    [
        ({"amx_tile": True, "avx512_bf16": True, "cpu_name": "Intel(R) Xeon(R)"}, True),
        ({"amx_tile": False, "avx512_bf16": True, "cpu_name": "Intel(R) Xeon(R)"}, False),
        ({"amx_tile": False, "avx512_bf16": True, "cpu_name": "AMD EPYC"}, True),
        ({"amx_tile": False, "avx512_bf16": False, "cpu_name": "AMD EPYC"}, False),
        ({"architecture": "aarch64"}, False),
    ],
)
def test_bf16_is_the_cpus_default_where_it_was_measured_to_be_faster(
    monkeypatch: pytest.MonkeyPatch, can: dict[str, object], fast: bool
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: can)
    assert hardware.cpu_has_bf16() is (fast and torch.backends.mkldnn.is_available())


@pytest.mark.parametrize(("has_bf16", "best"), [(True, "bf16"), (False, "fp16")])
def test_auto_on_a_cuda_machine(monkeypatch: pytest.MonkeyPatch, has_bf16: bool, best: str) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation=True: has_bf16)
    assert devices.choose() == devices.Device("cuda", best)
    assert devices.choose("cpu", "fp32") == devices.Device("cpu", "fp32")


def test_callbacks_of_a_precision() -> None:
    assert devices.Device("cpu", "fp32").callbacks() == []
    assert [type(cb) for cb in devices.Device("cpu", "bf16").callbacks()] == [devices.CPUAutocast]
    (mixed,) = devices.Device("cuda", "fp16").callbacks()
    assert mixed.amp_mode.value == "fp16"


def test_seeding_covers_all_three_generators() -> None:
    draws = []
    for _ in range(2):
        devices.seed_everything(7)
        draws.append((random.random(), float(np.random.rand()), torch.rand(1).item()))
    assert draws[0] == draws[1]


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"),
    ],
)
def test_running_out_of_memory_says_what_to_change(error: Exception) -> None:
    with pytest.raises(TrainingError, match=r"ran out of memory.*smaller bs"), devices.memory_errors_told():
        raise error


def test_other_errors_pass() -> None:
    with pytest.raises(RuntimeError, match="shape"), devices.memory_errors_told():
        raise RuntimeError("shape mismatch")
    with pytest.raises(DataError), devices.memory_errors_told():
        raise DataError("out of memory is only mentioned")


def test_memory_is_that_of_the_process() -> None:
    assert devices.memory_mb(devices.Device("cpu", "fp32")) > 10


FREED = """
import psutil
from ulmfit_app.engine import devices

rss = lambda: psutil.Process().memory_info().rss >> 20
before = rss()
blocks = [bytearray(b"x" * 2**20) for _ in range(300)]
pinned = bytearray(1000)  # above the blocks, so that the heap cannot simply end lower
del blocks
kept = rss() - before
devices.release_freed_memory()
print(kept, rss() - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="a setting of glibc")
def test_freed_memory_goes_back_to_the_system_when_asked() -> None:
    environment = {**os.environ, "GLIBC_TUNABLES": launcher.KEEP_MEMORY}
    said = subprocess.run([sys.executable, "-c", FREED], env=environment, capture_output=True, text=True, check=True)
    kept, left = map(int, said.stdout.split())
    assert kept >= 295 and left <= 20
