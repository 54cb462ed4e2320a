"""The cards of the shipped models say what the record has measured of their weights, and nothing of other weights."""

from pathlib import Path
from typing import Any

import pytest

from benchmarks import cards, look, record
from tests.fixtures import tiny_classifier, tiny_lm
from ulmfit_app import modelfolder
from ulmfit_app.settings import settings


def arm(folder: Path, **figures: Any) -> dict[str, Any]:
    return {"of": f"abc {modelfolder.read_config(folder).weights_sha256[:12]}", **figures}


ACCURACY = {"accuracy": 0.9312, "low": 0.92, "high": 0.94, "mb": 20.0, "seconds": 60.0, "how": "so"}


def test_a_classifiers_card_has_its_accuracy_beside_the_others_and_its_limits(tmp_path: Path) -> None:
    folder = tiny_classifier(tmp_path / "imdb-classifier")
    words = {"0 to 99": {"accuracy": 0.8, "n": 10}}
    figures = {
        "classifiers": {
            "majority": {"of": "abc", **ACCURACY, "accuracy": 0.5},
            "ULMFiT": arm(folder, **ACCURACY, **{"by words": words}),
        },
        "official test reviews": {"ULMFiT": arm(folder, **ACCURACY | {"accuracy": 0.9222})},
        "probes": {"imdb-classifier": arm(folder, negation={"right": 1, "n": 2, "wrong": ["Not | bad."]})},
    }
    said = cards.notes(folder, figures)
    for words in (
        "0.5000",
        "0.9312",
        "0.9222",
        "| negation | 1 of 2 | Not / bad. |",
        "distributed for research",
        "CC BY-SA",
    ):
        assert words in said
    modelfolder.rewrite_card(folder, said)
    assert modelfolder.notes_of(modelfolder.read_card(folder)) == said and modelfolder.verify(folder)


def test_a_language_models_card_has_its_own_rows_only(tmp_path: Path) -> None:
    folder = tiny_lm(tmp_path / "general-lm")
    lm = {"perplexity": 71.2, "bits_per_character": 1.5, "accuracy": 0.3, "unknown_share": 0.02, "tokens": 1000}
    figures = {"language models": {"mine": arm(folder, **lm), "other": {"of": "abc def", **lm, "perplexity": 99.9}}}
    said = cards.notes(folder, figures)
    assert "71.2" in said and "99.9" not in said and "distributed for research" not in said


def test_what_was_seen_in_samples_is_said_of_the_weights_that_wrote_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tiny_lm(tmp_path / "general-lm")
    lm = {"perplexity": 71.2, "bits_per_character": 1.5, "accuracy": 0.3, "unknown_share": 0.02, "tokens": 1000}
    figures = {"language models": {"mine": arm(folder, **lm)}}
    assert look.HOW not in cards.notes(folder, figures)
    monkeypatch.setitem(cards.SEEN, modelfolder.read_config(folder).weights_sha256[:12], "It rhymes.")
    assert f"{look.HOW} It rhymes." in cards.notes(folder, figures) and "60 samples" in look.HOW


def test_weights_that_were_not_measured_keep_their_notes(tmp_path: Path) -> None:
    folder = tiny_lm(tmp_path / "general-lm")
    assert cards.notes(folder, {"language models": {"other": {"of": "abc def"}}}) == ""


@pytest.mark.parametrize("name", cards.PURPOSE)
def test_the_shipped_cards_are_current(name: str) -> None:
    folder = settings().shipped_models / name
    said = cards.notes(folder, record.figures("quality")) or modelfolder.notes_of(modelfolder.read_card(folder))
    assert modelfolder.read_card(folder) == modelfolder.render(name, modelfolder.read_config(folder), said)
