"""Word vectors for a language model without a parent."""

import sys

import numpy as np
import pytest
import torch

from ulmfit_app.engine import word2vec
from ulmfit_app.errors import TrainingError

VOCAB = ["xxunk", "xxpad", "xxbos", "cat", "dog", "sits", "runs", "xxfake", "xxfake"]


def texts() -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [np.concatenate([[2], rng.integers(3, 7, size=40)]) for _ in range(300)]


def vectors(seed: int = 1) -> torch.Tensor:
    return word2vec.vectors(texts(), VOCAB, 8, seed=seed, on_progress=lambda *_: None)


def test_words_that_occur_have_centred_vectors_of_the_given_spread() -> None:
    found = vectors()
    assert found.shape == (len(VOCAB), 8) and found.dtype == torch.float32
    there = found[2:7]
    assert torch.allclose(there.mean(0), torch.zeros(8), atol=1e-6)
    assert there.std(unbiased=False).item() == pytest.approx(word2vec.SPREAD, rel=1e-4)
    assert not found[[0, 1, 7, 8]].any()


def test_equal_seeds_give_equal_vectors() -> None:
    assert torch.equal(vectors(), vectors())
    assert not torch.equal(vectors(), vectors(seed=2))


def test_words_of_the_same_surroundings_get_similar_vectors() -> None:
    rng = np.random.default_rng(0)
    pets, tools = [["cat", "dog"], ["saw", "axe"]], [["sits", "runs"], ["cuts", "chops"]]
    vocab = [word for pair in (*pets, *tools) for word in pair]
    ids = {word: place for place, word in enumerate(vocab)}
    sentences = []
    for _ in range(4000):
        world = rng.integers(2)
        sentences.append(np.array([ids[rng.choice(pets[world])], ids[rng.choice(tools[world])]] * 3))
    found = word2vec.vectors(sentences, vocab, 8, seed=1, on_progress=lambda *_: None)
    cos = torch.nn.functional.cosine_similarity
    assert cos(found[ids["cat"]], found[ids["dog"]], dim=0) > cos(found[ids["cat"]], found[ids["axe"]], dim=0)


def test_progress_covers_every_pass_and_can_end_the_work() -> None:
    told: list[tuple[int, int]] = []
    word2vec.vectors(texts(), VOCAB, 8, seed=1, on_progress=lambda *now: told.append(now))
    assert told == [(0, 600), (200, 600), (300, 600), (500, 600), (600, 600)]

    def enough(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        word2vec.vectors(texts(), VOCAB, 8, seed=1, on_progress=enough)


def test_a_missing_gensim_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gensim.models", None)
    with pytest.raises(TrainingError, match="gensim"):
        vectors()
