"""Minibatches against fastai's LMDataLoader and Pad_Chunk."""

import random

import numpy as np
import pytest
import torch
from fastai.data.core import Datasets
from fastai.text.data import LMDataLoader, SortedDL, TensorText, pad_input_chunk
from fastcore.foundation import L
from fastcore.xtras import ReindexCollection
from hypothesis import given, settings
from hypothesis import strategies as st

from ulmfit_app.data.minibatches import (
    classifier_batch,
    classifier_order,
    goes_on,
    is_shifted,
    lm_batch,
    lm_batch_count,
    lm_order,
    lm_positions,
)

texts = st.lists(st.integers(1, 30), min_size=1, max_size=12)


def _ids(lengths: list[int]) -> list[np.ndarray]:
    ends = np.cumsum(lengths)
    return [np.arange(end - n, end) + 9 for end, n in zip(ends.tolist(), lengths, strict=True)]


@given(lengths=texts, bs=st.integers(1, 6), seq_len=st.integers(1, 9))
@settings(max_examples=60, deadline=None)
def test_lm_minibatches_are_fastais(lengths: list[int], bs: int, seq_len: int) -> None:
    stream = np.concatenate(_ids(lengths))
    count = lm_batch_count(len(stream), bs, seq_len)
    if len(stream) <= bs:
        assert count == 0
        return
    tensors = Datasets([torch.tensor(ids) for ids in _ids(lengths)], [lambda ids: TensorText(ids)])
    expected = list(LMDataLoader(tensors, lens=lengths, bs=bs, seq_len=seq_len, shuffle=False))
    assert count == len(expected)
    for index, (fastai_x, fastai_y) in enumerate(expected):
        x, y = lm_batch(stream, index, bs, seq_len)
        assert x.tolist() == fastai_x.tolist() and y.tolist() == fastai_y.tolist()
        assert stream[lm_positions(len(stream), index, bs, seq_len)].tolist() == x[:, 0].tolist()
        assert index == 0 or goes_on(lm_batch(stream, index - 1, bs, seq_len)[1], x)


@given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 50))
def test_the_stream_is_shuffled_as_fastai_shuffles_it(seed: int, n: int) -> None:
    texts = ReindexCollection(list(range(n)), idxs=L.range(n))
    random.seed(seed)
    texts.shuffle()
    assert lm_order(n, seed).tolist() == list(texts.idxs)


@given(
    lengths=st.lists(st.integers(1, 30), min_size=1, max_size=400), bs=st.integers(1, 7), seed=st.integers(0, 2**32 - 1)
)
@settings(max_examples=60, deadline=None)
def test_the_order_of_an_epoch_is_fastais(lengths: list[int], bs: int, seed: int) -> None:
    loader = SortedDL(list(range(len(lengths))), res=lengths, bs=bs, shuffle=True, num_workers=0)
    np.random.seed(seed)
    expected = [int(i) for i in loader.shuffle_fn(list(range(len(lengths))))]
    assert classifier_order(np.array(lengths), seed, bs).tolist() == expected


@given(lengths=texts, seq_len=st.integers(1, 9))
def test_classifier_minibatches_are_fastais(lengths: list[int], seq_len: int) -> None:
    samples = [(TensorText(torch.tensor(ids)), 0) for ids in _ids(lengths)]
    expected = [padded.tolist() for padded, _ in pad_input_chunk(samples, seq_len=seq_len)]
    assert classifier_batch(_ids(lengths), seq_len).tolist() == expected


def test_padding_comes_in_whole_chunks_in_front_and_the_rest_behind() -> None:
    batch = classifier_batch([np.arange(10, 20), np.array([7, 8])], seq_len=3)
    assert batch[1].tolist() == [1, 1, 1, 1, 1, 1, 7, 8, 1, 1]


@pytest.mark.parametrize("y", [[[2, 3, 5]], [[2, 3]]])
def test_a_target_that_is_not_shifted_by_one_is_seen(y: list[list[int]]) -> None:
    x = np.array([[1, 2, 4]])
    assert not is_shifted(x, np.array(y))
    assert is_shifted(x, np.array([[2, 4, 9]]))
