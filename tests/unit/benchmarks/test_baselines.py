"""The baselines learn what they should from a few texts, and are measured on nothing but what they are given."""

import numpy as np
import pytest

from benchmarks import baselines

GOOD = ["a fine warm film", "fine acting , warm heart", "a fine story", "warm and fine", "so fine !", "a warm film"]
BAD = ["a dull cold film", "dull acting , cold heart", "a dull story", "cold and dull", "so dull !", "a cold film"]
TEXTS, IDS = GOOD + BAD, np.array([1] * 6 + [0] * 6)


@pytest.mark.parametrize("fit", [baselines.tfidf, baselines.nb_svm])
def test_it_learns_the_words_of_a_class(fit) -> None:
    fitted = fit(TEXTS, IDS)
    assert fitted.predict(["warm , fine", "cold , dull", "an unseen , fine one"]).tolist() == [1, 0, 1]
    assert fitted.size > 100


def test_the_majority_is_the_most_frequent_label() -> None:
    assert baselines.majority(["a", "b", "c"], np.array([0, 1, 1])).predict(["x", "y"]).tolist() == [1, 1]


def test_a_word_in_both_classes_decides_nothing_for_nb_svm() -> None:
    """Its log-count ratio is 0, so a text of such words gets the same answer however often it has them."""
    fitted = baselines.nb_svm([f"film {text}" for text in TEXTS], IDS)
    assert len(set(fitted.predict(["film", "film film", "film film film"]).tolist())) == 1
