"""The parent's words against the texts', from the cache of tokens and from a sample."""

from pathlib import Path

import pytest

from tests.unit.training.datasets import make_dataset
from ulmfit_app import recipes
from ulmfit_app.data import sources
from ulmfit_app.data.dataset import Dataset
from ulmfit_app.schema import SPECIAL_TOKENS, Kind, Split
from ulmfit_app.training import words as module
from ulmfit_app.training.words import compare

RECIPE = recipes.get("quick", Kind.CLASSIFIER)
PARENT = [*SPECIAL_TOKENS, "this", "is", "number", "movie"]


@pytest.fixture
def dataset(home: Path) -> Dataset:
    """100 texts, 80 of them for training."""
    make_dataset(home)
    return sources.open_dataset("toy")


def test_words_are_counted_in_the_training_texts(dataset: Dataset) -> None:
    found = compare(dataset, RECIPE, PARENT, seed=42)
    assert (found.fit.kept, found.sample) == (3, None)  # every fifth text, and with it "movie", validates
    assert found.fit.new == len(["good", "bad", "plot", "zyzzyva"])  # a number occurs once
    assert found.tokens == 80 * len(["xxbos", "this", "is", "good", "number", "1"])
    assert found.unknown == pytest.approx(2 / 6)


def test_a_sample_stands_for_all_and_says_so(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    exact = compare(dataset, RECIPE, PARENT, seed=42)
    monkeypatch.setattr(module, "SAMPLE", 40)
    found = compare(dataset, RECIPE, PARENT, seed=42)
    assert (found.sample, found.tokens) == (40, exact.tokens)


def test_the_cache_of_tokens_is_used_where_it_is(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    exact = compare(dataset, RECIPE, PARENT, seed=42)
    dataset.token_table()
    monkeypatch.setattr(module, "SAMPLE", 4)
    assert compare(dataset, RECIPE, PARENT, seed=42) == exact


def test_only_the_texts_that_are_read_count(dataset: Dataset) -> None:
    drawn = compare(dataset, RECIPE, PARENT, seed=42, limit=20)
    assert drawn.tokens == 20 * 6
    short = recipes.override(RECIPE, {"first_tokens": 4})
    assert compare(dataset, short, PARENT, seed=42).tokens == 80 * 4
    lm = compare(dataset, recipes.get("lm-notebook", Kind.LM), PARENT, seed=42)
    assert lm.tokens == 6 * len(dataset.lm_rows()[0]) < 6 * len(dataset.rows(Split.TRAIN))
