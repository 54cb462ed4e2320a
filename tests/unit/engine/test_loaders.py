"""Minibatches of a corpus on disk are those of the same ids in memory, bit for bit, epoch after epoch."""

import numpy as np
import pytest
import torch

from ulmfit_app import recipes
from ulmfit_app.data.token_table import Numericalised, TokenTable
from ulmfit_app.engine import devices, loaders
from ulmfit_app.schema import SPECIAL_TOKENS, Kind

WORDS = [f"w{n}" for n in range(40)]
VOCAB = [*SPECIAL_TOKENS, *WORDS[5:30]]
CPU = torch.device("cpu")
RNG = np.random.default_rng(0)
LENGTHS = RNG.integers(1, 60, size=80)
TABLE = TokenTable(RNG.integers(0, len(WORDS), size=LENGTHS.sum()).astype(np.uint32), np.cumsum([0, *LENGTHS]), WORDS)
PARTS = (RNG.permutation(80)[:60], np.arange(60, 80))


def in_memory(ids: Numericalised) -> list[np.ndarray]:
    return [np.array(text) for text in ids]


def epochs(dls, part: int) -> list[tuple[np.ndarray, ...]]:
    devices.seed_everything(3)
    return [tuple(np.asarray(tensor) for tensor in batch) for _ in range(2) for batch in dls[part]]


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("first_tokens", [None, 20])
def test_minibatches_are_the_same(kind: Kind, first_tokens: int | None) -> None:
    name = "lm-notebook" if kind is Kind.LM else "classifier-notebook"
    recipe = recipes.override(recipes.get(name, kind), {"bs": 8, "seq_len": 12})
    lazy = [TABLE.numericalise(VOCAB, rows, first_tokens) for rows in PARTS]
    made = []
    for ids in (lazy, [in_memory(part) for part in lazy]):
        if kind is Kind.LM:
            made.append(loaders.lm_loaders(*(loaders.LMTexts(part, VOCAB) for part in ids), recipe, CPU))
        else:
            parts = [loaders.LabelledTexts(part, np.arange(len(part)) % 2, VOCAB, ["a", "b"]) for part in ids]
            made.append(loaders.classifier_loaders(*parts, recipe, CPU))
    for part in (0, 1):
        one, other = (epochs(dls, part) for dls in made)
        assert len(one) == len(other) >= 4
        for batch, expected in zip(one, other, strict=True):
            assert all(a.dtype == b.dtype and np.array_equal(a, b) for a, b in zip(batch, expected, strict=True))


def test_lengths_are_known_without_reading() -> None:
    ids = TABLE.numericalise(VOCAB, PARTS[0], 20)
    assert ids.lengths.tolist() == [len(text) for text in ids] and max(ids.lengths) == 20
    assert all(np.array_equal(a, b) for a, b in zip(ids[3:7], list(ids)[3:7], strict=True))
    assert all(0 <= text.min() <= text.max() < len(VOCAB) for text in ids)
