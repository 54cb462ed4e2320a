"""What needs a CUDA device: skipped where torch sees none, and nothing here reads texts, so spaCy is not needed."""

import pytest
import torch


@pytest.fixture(autouse=True)
def cuda() -> None:
    """Skip without a device."""
    if not torch.cuda.is_available():
        pytest.skip("torch sees no CUDA device here")
