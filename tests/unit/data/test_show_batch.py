"""The minibatches that are shown: the notebook's rows, fastai's words, the shift by one."""

import numpy as np
import pytest

from ulmfit_app.data.dataset import Dataset, describe
from ulmfit_app.data.exploration import Exploration
from ulmfit_app.data.show_batch import CLASSIFIER_ROWS, LM_ROWS, show_classifier_batch, show_lm_batch
from ulmfit_app.errors import DataError
from ulmfit_app.schema import Split

WORDS = ["good", "bad", "film", "plot", "actor", "scene", "the", "a", "was", "is"]


def explored(n: int = 200, words: int = 40, labels: tuple[str, ...] = ("neg", "pos")) -> Exploration:
    drawn = np.random.default_rng(0)
    texts = [" ".join(drawn.choice(WORDS, drawn.integers(2, words))) for _ in range(n)]
    if n > 5:
        texts[0] = "Zyzzyva " + " ".join(WORDS * 10)
    label_ids = np.arange(n) % 2 if labels else np.full(n, -1)
    splits = np.array([Split.VALID.value if row % 5 == 4 else Split.TRAIN.value for row in range(n)])
    info = describe(
        "toy", source="made up", split="every fifth", labels=labels, texts=texts, label_ids=label_ids, splits=splits
    )
    dataset = Dataset(info, texts, label_ids.astype(np.int64), splits)
    return Exploration(dataset, dataset.token_table())


def test_a_classifier_batch_shows_nine_rows_the_longest_first() -> None:
    batch = show_classifier_batch(explored())
    lengths = [len(tokens) for tokens, _ in batch.rows]
    assert len(lengths) == CLASSIFIER_ROWS == 9
    assert lengths == sorted(lengths, reverse=True)
    assert batch.shape == (64, lengths[0])
    assert all(tokens[0] == "xxbos" and "xxpad" not in tokens for tokens, _ in batch.rows)
    assert {category for _, category in batch.rows} == {"neg", "pos"}
    assert (batch.index, batch.count) == (0, 160 // 64)


def test_the_padding_of_every_text_is_counted() -> None:
    batch = show_classifier_batch(explored(n=40))
    lengths = [len(tokens) for tokens, _ in batch.rows]
    assert (lengths + batch.padding[:CLASSIFIER_ROWS].sum(axis=1)).tolist() == [batch.shape[1]] * CLASSIFIER_ROWS
    assert batch.padding[0].tolist() == [0, 0]
    assert batch.padding[:, 0].any() and not (batch.padding[:, 0] % 72).any()
    assert batch.padded == pytest.approx(batch.padding.sum() / np.prod(batch.shape))


def test_another_seed_draws_other_texts_and_the_longest_stays_first() -> None:
    texts = explored()
    one, other = show_classifier_batch(texts, seed=1), show_classifier_batch(texts, seed=2)
    assert one.rows[0] == other.rows[0] and one.rows != other.rows
    assert show_classifier_batch(texts, seed=1).rows == one.rows


def test_a_number_beyond_the_last_minibatch_means_the_last() -> None:
    texts = explored()
    assert show_classifier_batch(texts, 99).index == show_classifier_batch(texts, 1).index == 1
    assert show_lm_batch(texts, 99).rows == show_lm_batch(texts, show_lm_batch(texts).count - 1).rows


def test_rows_of_the_language_model_go_on_from_minibatch_to_minibatch() -> None:
    texts = explored(n=3000)
    first, second = show_lm_batch(texts), show_lm_batch(texts, 1)
    assert (first.follows, second.follows) == (None, True)
    for (_, target), (tokens, _) in zip(first.rows, second.rows, strict=True):
        assert tokens[0] == target[-1]
    assert [at - start for start, at in zip(first.positions, second.positions, strict=True)] == [72] * LM_ROWS


def test_a_word_outside_the_vocabulary_is_shown_as_unknown() -> None:
    batch = show_classifier_batch(explored(n=40))  # all 32 training texts, the first among them
    longest = batch.rows[0][0]
    assert longest[:4] == ["xxbos", "xxmaj", "xxunk", "good"]


def test_an_lm_batch_shows_five_rows_shifted_by_one() -> None:
    batch = show_lm_batch(explored())
    assert len(batch.rows) == LM_ROWS == 5
    assert batch.shifted
    for text, shifted in batch.rows:
        assert len(text) == batch.shape[1] == len(shifted)
        assert text[1:] == shifted[:-1]
    assert any("xxbos" in text for text, _ in batch.rows)


def test_what_cannot_be_shown_is_refused() -> None:
    with pytest.raises(DataError, match="no labelled"):
        show_classifier_batch(explored(labels=()))
    with pytest.raises(DataError, match="too few tokens"):
        show_lm_batch(explored(n=5, words=4))
