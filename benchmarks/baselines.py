"""What a text classifier is compared with: majority, TF-IDF with logistic regression, NB-SVM. scikit-learn computes.

Nothing here is tuned on the texts that it is measured on.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV

Ids = NDArray[np.int64]
SEED = 42
STRENGTHS = (1.0, 3.0, 10.0, 30.0, 100.0)  # of which cross-validation chooses the inverse regularisation
FOLDS = 3
WORDS_AND_SIGNS = r"\w+|[^\w\s]"
SMOOTHING, STRENGTH = 1.0, 1.0  # of NB-SVM, as published


@dataclass(frozen=True, slots=True)
class Baseline:
    """A fitted one: `predict` gives the label id of each text, `size` the bytes of its numbers and words, `how` its
    settings in words."""

    predict: Callable[[Sequence[str]], Ids]
    size: int
    how: str


def majority(texts: Sequence[str], label_ids: Ids) -> Baseline:
    """Always the most frequent label; of several the first."""
    most = int(np.bincount(label_ids).argmax())
    return Baseline(lambda asked: np.full(len(asked), most, np.int64), label_ids.itemsize, "the most frequent label")


def tfidf(texts: Sequence[str], label_ids: Ids) -> Baseline:
    """Logistic regression on TF-IDF of words and pairs of words, scikit-learn's tokens, tf on a logarithmic scale."""
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, dtype=np.float32)
    features = vectorizer.fit_transform(texts)
    search = GridSearchCV(LogisticRegression(max_iter=1000, random_state=SEED), {"C": STRENGTHS}, cv=FOLDS)
    model = search.fit(features, label_ids).best_estimator_
    size = model.coef_.nbytes + vectorizer.idf_.nbytes + _bytes(vectorizer.vocabulary_)
    how = f"C = {model.C:g}, of {', '.join(f'{c:g}' for c in STRENGTHS)} by {FOLDS}-fold cross-validation in training"
    return Baseline(lambda asked: model.predict(vectorizer.transform(asked)), size, how)


def nb_svm(texts: Sequence[str], label_ids: Ids) -> Baseline:
    """NB-SVM of two classes (ids 0 and 1) on which of the 1- to 3-grams of words and signs a text has.

    A linear model of the log-count ratios of the n-grams. Source: Wang and Manning 2012, "Baselines and Bigrams" (ACL
    P12-2018); for trigrams as Mesnil et al. 2014 (arXiv:1412.5335) do it: logistic regression with liblinear's C = 1,
    without the interpolation of weights.
    """
    vectorizer = CountVectorizer(ngram_range=(1, 3), binary=True, token_pattern=WORDS_AND_SIGNS, dtype=np.float32)
    features = vectorizer.fit_transform(texts)
    positive, negative = (SMOOTHING + np.asarray(features[label_ids == label].sum(0)).ravel() for label in (1, 0))
    ratio = np.log(positive / positive.sum()) - np.log(negative / negative.sum())
    model = LogisticRegression(solver="liblinear", dual=True, C=STRENGTH, max_iter=1000, random_state=SEED)
    model.fit(features.multiply(ratio).tocsr(), label_ids)
    weights = model.coef_.ravel() * ratio

    def predict(asked: Sequence[str]) -> Ids:
        return (vectorizer.transform(asked) @ weights + model.intercept_[0] > 0).astype(np.int64)

    how = f"smoothing {SMOOTHING:g}, logistic regression with C = {STRENGTH:g}, as published"
    return Baseline(predict, weights.nbytes + _bytes(vectorizer.vocabulary_), how)


def _bytes(words: dict[str, int]) -> int:
    return sum(len(word.encode()) for word in words)
