"""Token tables: contents against fastai, the cache, cancelling."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from fastai.text.data import Numericalize
from fastai.text.data import make_vocab as fastai_make_vocab

from ulmfit_app.data import token_table, token_workers
from ulmfit_app.data.token_table import TokenTable, tokenise
from ulmfit_app.data.tokens import Tokenizer

TEXTS = ["This movie was GREAT!", "", "Not good, not good at all...", "This is é a movie movie movie movie."] * 5


def test_tokens_lengths_and_offsets_are_the_texts() -> None:
    table = tokenise(TEXTS)
    expected = [Tokenizer()(text) for text in TEXTS]
    assert [table.tokens(i) for i in range(len(table))] == expected
    assert table.lengths().tolist() == [len(tokens) for tokens in expected] == [table.length(i) for i in range(20)]
    assert table.ids.dtype == np.uint32 and table.offsets.dtype == np.int64


def test_counts_come_in_the_order_of_first_occurrence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(token_table, "TOKENS_AT_ONCE", 9)
    table = tokenise(TEXTS)
    rows = [3, 0, 2, 2, 7]
    expected = Counter(token for row in rows for token in table.tokens(row))
    assert list(table.counts(rows).items()) == list(expected.items())
    assert table.counts([]) == Counter()


def test_numericalising_is_fastais() -> None:
    table = tokenise(TEXTS)
    rows = np.array([3, 2, 0])
    vocab = fastai_make_vocab(table.counts(rows), min_freq=2)
    ours = table.numericalise(vocab, rows)
    fastais = Numericalize(vocab)
    assert all(np.array_equal(ids, fastais(table.tokens(row))) for ids, row in zip(ours, rows.tolist(), strict=True))
    assert {ids.dtype for ids in ours} == {np.dtype(np.int64)}
    assert [len(ids) for ids in table.numericalise(vocab, rows, first_tokens=4)] == [4, 4, 4]


def test_the_word_xxfake_is_unknown() -> None:
    vocab = fastai_make_vocab(Counter())
    assert tokenise(["xxfake"]).numericalise(vocab, [0])[0].tolist() == [2, 0]


def test_the_second_time_comes_from_the_cache(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = tokenise(TEXTS)
    monkeypatch.setattr(token_workers, "Tokenizer", None)  # would fail if anything were tokenised
    second = tokenise(TEXTS)
    assert second.words == first.words and np.array_equal(second.ids, first.ids)
    assert isinstance(second.ids, np.memmap)
    assert len(list((home / "cache" / "tokens").iterdir())) == 1


@pytest.mark.parametrize("what", ["texts", "version"])
def test_the_cache_is_keyed_by_content_and_versions(home: Path, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    tokenise(["one", "two"])
    if what == "version":
        monkeypatch.setattr(token_table, "spacy_version", lambda: "0.0")
        tokenise(["one", "two"])
    else:
        tokenise(["onetwo", ""])
    assert len(list((home / "cache" / "tokens").iterdir())) == 2


@pytest.mark.parametrize("file", ["ids.bin", "offsets.npy", "words.json"])
def test_a_damaged_cache_is_made_anew(home: Path, file: str) -> None:
    expected = tokenise(TEXTS).words
    (folder,) = (home / "cache" / "tokens").iterdir()
    (folder / file).write_bytes((folder / file).read_bytes()[:-3])
    assert tokenise(TEXTS).words == expected
    assert json.loads((folder / "words.json").read_text()) == expected


def test_progress_counts_texts_and_ends_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(token_workers, "CHUNK", 8)
    seen: list[tuple[int, int]] = []
    tokenise(TEXTS, on_progress=lambda done, total: seen.append((done, total)))
    assert seen == [(8, 20), (16, 20), (20, 20)]


def test_an_exception_from_progress_ends_it_without_a_trace(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(token_workers, "CHUNK", 8)

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tokenise(TEXTS, on_progress=stop)
    assert list((home / "cache" / "tokens").iterdir()) == []


def test_no_texts_make_an_empty_table() -> None:
    table = tokenise([])
    assert len(table) == 0 and table.lengths().tolist() == [] and isinstance(table, TokenTable)
