"""The real reviews: the stored validation split, and tokens against fastai's on 2,000 of them."""

import json
import multiprocessing
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from fastai.text.core import SpacyTokenizer, TokenizeWithRules
from fastai.text.data import Numericalize
from fastai.text.data import make_vocab as fastai_make_vocab

from ulmfit_app.data import builtin, sources
from ulmfit_app.data.token_table import tokenise
from ulmfit_app.data.vocabulary import make_vocab
from ulmfit_app.errors import DataError
from ulmfit_app.schema import Counts, Split

pytestmark = pytest.mark.slow


def test_the_stored_validation_ids_are_what_the_code_draws() -> None:
    ids = json.loads(builtin.VALID_IDS.read_text())
    assert ids == builtin.imdb_valid_ids() and len(ids) == 5000


def test_imdb_is_split_as_designed() -> None:
    dataset = sources.open_dataset("imdb")
    assert dataset.info.labels == ("neg", "pos") and dataset.info.counts == Counts(
        train=20_000, valid=5_000, unlabelled=0
    )
    train, valid = dataset.rows(Split.TRAIN), dataset.rows(Split.VALID)
    assert np.bincount(dataset.label_ids[valid]).tolist() == [2500, 2500]
    assert not set(dataset.texts_of(train)) & set(dataset.texts_of(valid))
    (duplicates,) = dataset.info.findings
    assert (duplicates.problem, duplicates.count) == ("duplicate", 96)
    lm_train, lm_valid = dataset.lm_rows()
    assert len(lm_train) + len(lm_valid) == 20_000 and not set(lm_train) & set(lm_valid)


def test_rotten_tomatoes_is_split_as_designed() -> None:
    dataset = sources.open_dataset("rotten-tomatoes")
    assert dataset.info.labels == ("neg", "pos") and dataset.info.counts == Counts(train=6824, valid=1706, unlabelled=0)
    assert np.bincount(dataset.label_ids[dataset.rows(Split.VALID)]).tolist() == [853, 853]


def test_tokens_vocabulary_and_ids_of_2000_reviews_are_fastais(home: Path) -> None:
    dataset = sources.open_dataset("imdb")
    texts = dataset.texts_of(dataset.draw(Split.TRAIN, 2000))
    seen: list[int] = []
    table = tokenise(texts, workers=2, on_progress=lambda done, total: seen.append(done))  # in processes
    assert seen == [500, 1000, 1500, 2000]
    fastais = [list(tokens) for tokens in TokenizeWithRules(SpacyTokenizer())(texts)]
    assert [table.tokens(i) for i in range(2000)] == fastais
    rows = range(2000)
    counts = Counter(token for tokens in fastais for token in tokens)
    vocab = fastai_make_vocab(counts)
    assert make_vocab(table.counts(rows)) == vocab
    numericalize = Numericalize(vocab)
    for ours, tokens in zip(table.numericalise(vocab, rows), fastais, strict=True):
        assert np.array_equal(ours, numericalize(tokens))
    assert len(list((home / "cache" / "tokens").iterdir())) == 1


def test_a_process_that_is_killed_is_told(home: Path) -> None:
    def kill(done: int, total: int) -> None:
        for process in multiprocessing.active_children():
            process.kill()

    with pytest.raises(DataError, match="ended from outside, probably for want of memory"):
        tokenise([f"A short text, number {i}." for i in range(8000)], workers=2, on_progress=kill)
    assert list((home / "cache" / "tokens").iterdir()) == [] and multiprocessing.active_children() == []


def test_cancelling_stops_the_processes_and_leaves_nothing(home: Path) -> None:
    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tokenise([f"A short text, number {i}." for i in range(4000)], workers=2, on_progress=stop)
    assert list((home / "cache" / "tokens").iterdir()) == [] and multiprocessing.active_children() == []
