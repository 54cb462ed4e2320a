"""A dataset looked at: the sample, what is counted in it, the stream that reads only what it is asked for."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ulmfit_app.data import token_table
from ulmfit_app.data.dataset import Dataset, describe
from ulmfit_app.data.exploration import Exploration, TokenStream, sample
from ulmfit_app.data.token_table import TokenTable
from ulmfit_app.data.vocabulary import make_vocab
from ulmfit_app.schema import SPECIAL_TOKENS, Split

VOCAB = [*SPECIAL_TOKENS, "b", "a"]


def dataset(n: int = 60) -> Dataset:
    """A third of the texts each `neg`, `pos` and without label; every fifth of the labelled ones validates."""
    texts = [f"text number {row} {'good film ' * (row % 4)}" for row in range(n)]
    label_ids = np.arange(n, dtype=np.int64) % 3 - 1
    splits = np.where(label_ids < 0, Split.UNLABELLED.value, Split.TRAIN.value)
    splits[(np.arange(n) % 5 == 4) & (label_ids >= 0)] = Split.VALID.value
    info = describe("toy", source="", split="", labels=("neg", "pos"), texts=texts, label_ids=label_ids, splits=splits)
    return Dataset(info, texts, label_ids, splits)


@given(lengths=st.lists(st.integers(1, 5), min_size=1, max_size=8), data=st.data())
def test_the_stream_is_the_texts_end_to_end(lengths: list[int], data: st.DataObject) -> None:
    offsets = np.cumsum([0, *lengths])
    drawn = np.random.default_rng(len(lengths)).integers(0, 3, offsets[-1]).astype(np.uint32)
    table = TokenTable(drawn, offsets, ["a", "b", "zyzzyva"])
    rows = np.array(data.draw(st.permutations(range(len(lengths)))), np.int64)
    stream, whole = TokenStream(table, rows, VOCAB), np.concatenate(table.numericalise(VOCAB, rows))
    assert len(stream) == len(whole)
    start = data.draw(st.integers(0, len(whole) - 1))
    stop = data.draw(st.integers(start + 1, len(whole)))
    assert stream[start:stop].tolist() == whole[start:stop].tolist()


def test_a_stream_of_nothing_has_no_tokens() -> None:
    table = TokenTable(np.empty(0, np.uint32), np.zeros(1, np.int64), [])
    assert len(TokenStream(table, np.empty(0, np.int64), VOCAB)) == 0


def test_a_sample_has_its_share_of_every_label_and_keeps_texts_and_splits_together() -> None:
    whole = dataset()
    part = sample(whole, 30)
    assert len(part.texts) == 30
    assert np.bincount(part.label_ids + 1).tolist() == [10, 10, 10]
    at = {text: row for row, text in enumerate(whole.texts)}
    for text, label, split in zip(part.texts, part.label_ids, part.splits, strict=True):
        assert (label, split) == (whole.label_ids[at[text]], whole.splits[at[text]])
    assert sample(whole, 60) is whole


def test_vocabularies_leave_out_what_only_validates() -> None:
    whole = dataset()
    explored = Exploration(whole, whole.token_table())
    assert explored.vocab == make_vocab(explored.table.counts(whole.rows(Split.TRAIN)))
    assert {"good", "film"} <= set(explored.vocab)
    train, valid = explored.lm_rows
    assert not set(whole.texts_of(whole.rows(Split.VALID))) & set(whole.texts_of(np.concatenate([train, valid])))
    assert explored.lm_counts.total() == explored.table.lengths()[train].sum()


def test_whether_tokens_are_kept_is_known_by_their_key() -> None:
    texts = ["one text", "another"]
    key = token_table.key_of(texts)
    assert not token_table.is_kept(key)
    token_table.tokenise(texts)
    assert token_table.is_kept(key)
    assert token_table.key_of(texts[:1]) != key
