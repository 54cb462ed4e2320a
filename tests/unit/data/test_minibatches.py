"""Minibatches against fastai's LMDataLoader and Pad_Chunk."""

import numpy as np
import pytest
import torch
from fastai.data.core import Datasets
from fastai.text.data import LMDataLoader, TensorText, pad_input_chunk
from hypothesis import given, settings
from hypothesis import strategies as st

from ulmfit_app.data.minibatches import classifier_batch, is_shifted, lm_batches

texts = st.lists(st.integers(1, 30), min_size=1, max_size=12)


def _ids(lengths: list[int]) -> list[np.ndarray]:
    ends = np.cumsum(lengths)
    return [np.arange(end - n, end) + 9 for end, n in zip(ends.tolist(), lengths, strict=True)]


@given(lengths=texts, bs=st.integers(1, 6), seq_len=st.integers(1, 9))
@settings(max_examples=60, deadline=None)
def test_lm_minibatches_are_fastais(lengths: list[int], bs: int, seq_len: int) -> None:
    if (sum(lengths) - 1) // bs == 0:
        assert list(lm_batches(_ids(lengths), bs, seq_len)) == []
        return
    tensors = Datasets([torch.tensor(ids) for ids in _ids(lengths)], [lambda ids: TensorText(ids)])
    expected = list(LMDataLoader(tensors, lens=lengths, bs=bs, seq_len=seq_len, shuffle=False))
    ours = list(lm_batches(_ids(lengths), bs, seq_len))
    assert len(ours) == len(expected)
    for (x, y), (fastai_x, fastai_y) in zip(ours, expected, strict=True):
        assert x.tolist() == fastai_x.tolist() and y.tolist() == fastai_y.tolist()
        assert x.dtype == np.int64 and is_shifted(x, y)


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
