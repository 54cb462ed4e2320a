"""Datasets for tests of what is known before a training."""

from pathlib import Path

import numpy as np

from ulmfit_app.data import dataset as module
from ulmfit_app.schema import DatasetInfo, Split

WORDS = ("movie", "good", "bad", "plot", "zyzzyva")


def make_dataset(home: Path, name: str = "toy", n: int = 100, labels: tuple[str, ...] = ("neg", "pos")) -> DatasetInfo:
    """Write a dataset of `n` texts, a fifth for validation, labelled in turn, or unlabelled without `labels`."""
    texts = [f"this is {WORDS[i % len(WORDS)]} number {i}" for i in range(n)]
    label_ids = np.array([i % len(labels) if labels else -1 for i in range(n)], np.int64)
    rest = Split.TRAIN if labels else Split.UNLABELLED
    splits = np.array([Split.VALID.value if i % 5 == 0 and labels else rest.value for i in range(n)], np.str_)
    info = module.describe(
        name, source="a test", split="every fifth", labels=labels, texts=texts, label_ids=label_ids, splits=splits
    )
    module.write(home / "datasets" / name, info, texts, label_ids, splits)
    return info
