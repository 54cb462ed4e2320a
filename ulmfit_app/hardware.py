"""What this machine can compute with: devices and precisions. Asks torch, imported only then; chooses nothing."""


def devices() -> list[str]:
    """The devices that torch sees here, the best one first: `cuda`, `mps`, `cpu`."""
    import torch

    names = ["cuda"] if torch.cuda.is_available() else []
    names += ["mps"] if torch.backends.mps.is_available() else []
    return [*names, "cpu"]


def precisions(device: str) -> list[str]:
    """Precisions that work on `device`, the best one first: `bf16`, `fp16`, `fp32`."""
    import torch

    if device == "cuda":
        return ["bf16", "fp16", "fp32"] if torch.cuda.is_bf16_supported(including_emulation=False) else ["fp16", "fp32"]
    if device == "cpu":
        return ["bf16", "fp32"] if cpu_has_bf16() else ["fp32", "bf16"]
    return ["fp32"]


def cpu_has_bf16() -> bool:
    """True if bf16 is faster than fp32 here: oneDNN with AMX tiles.

    AVX512-BF16 alone is not enough: a training step of the compact language model takes 1.7 times as long in bf16 there
    (torch 2.13).
    """
    import torch

    # torch.cpu's probe is private and may move between versions
    amx = getattr(torch.cpu, "_is_amx_tile_supported", bool)
    return torch.backends.mkldnn.is_available() and bool(amx())
