"""The load benchmark finds answers that are wrong: else it could only ever say that there were none."""

from typing import Any

import pytest

from benchmarks.load import Minute, differences, figures
from ulmfit_app.schema import Prediction

TEXTS = {
    "good": Prediction(label="pos", index=1, probabilities={"neg": 0.25, "pos": 0.75}),
    "bad": Prediction(label="neg", index=0, probabilities={"neg": 0.875, "pos": 0.125}),
}


def answer(label: str, neg: float) -> dict[str, Any]:
    return {"label": label, "index": 0, "probabilities": {"neg": neg, "pos": 1 - neg}}


def test_right_answers_pass() -> None:
    answers = [answer("neg", 0.875 + 1e-7), answer("pos", 0.25)]
    assert list(differences(["bad", "good"], answers, TEXTS)) == []


@pytest.mark.parametrize(
    "answers",
    [
        [answer("pos", 0.25), answer("neg", 0.875)],  # of the other text
        [answer("neg", 0.875), answer("pos", 0.2501)],
        [answer("neg", 0.875), answer("neg", 0.25)],
        [answer("neg", 0.875)],
    ],
)
def test_wrong_ones_are_told(answers: list[dict[str, Any]]) -> None:
    assert list(differences(["bad", "good"], answers, TEXTS))


def test_the_figures_sum_up_all_repeats() -> None:
    minutes = [Minute(0, api=[1.0, 3.0], errors=["cut off"]), Minute(0, api=[2.0], browsers=[9.0], wrong=["?"])]
    found = figures(minutes, [80_000_000, 100_000_000, 104_000_000])
    assert (found["errors"], found["wrong answers"]) == (1, 1)
    assert found["API"] == {"answers": 3, "ms": {"median": 2, "p95": 2}}
    assert found["memory after the last over after the second %"] == 4.0
