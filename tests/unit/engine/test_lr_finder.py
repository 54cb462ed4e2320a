"""The finder against fastai's own `lr_find` on the same learner, and what a person can ask of it."""

from pathlib import Path

import pytest
from fastai.callback.schedule import SuggestionMethod

from tests.unit.engine.courses import CLASSIFIER, CPU, LM, asked_at, learner
from ulmfit_app.engine import devices, lr_finder
from ulmfit_app.engine.lr_finder import Watcher, mock_training, suggestions
from ulmfit_app.engine.outcome import Paused
from ulmfit_app.schema import ProgressEvent, Recipe


@pytest.mark.parametrize("recipe", [LM, CLASSIFIER], ids=["lm", "classifier"])
def test_curve_and_suggestions_are_fastais(recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lr_finder, "REPORT_EVERY", 0.0)
    theirs, ours = learner(recipe), learner(recipe)
    theirs.path = tmp_path
    for each in (theirs, ours):
        each.freeze_to(-1)
    devices.seed_everything(3)
    methods = SuggestionMethod
    expected = theirs.lr_find(
        show_plot=False, suggest_funcs=(methods.Valley, methods.Slide, methods.Steep, methods.Minimum)
    )
    devices.seed_everything(3)
    events: list[ProgressEvent] = []
    rates, losses = mock_training(ours, [Watcher(CPU, events.append, lambda: "go")])  # type: ignore[arg-type]
    assert rates == pytest.approx([float(rate) for rate in theirs.recorder.lrs])
    assert losses == [float(loss) for loss in theirs.recorder.losses]
    assert suggestions(rates, losses) == pytest.approx(expected._asdict())
    assert (events[-1].done, events[-1].total) == (len(losses), 100)


def test_nothing_is_written(tmp_path: Path) -> None:
    ours = learner(LM)
    ours.path = tmp_path
    mock_training(ours)
    assert list(tmp_path.iterdir()) == []


def test_a_stop_keeps_the_curve_so_far() -> None:
    ours = learner(LM)
    rates, losses = mock_training(ours, [Watcher(CPU, lambda event: None, asked_at(8, "stop"))])  # type: ignore[arg-type]
    assert len(rates) == len(losses) == 8
    assert suggestions(rates, losses) == {}


def test_a_pause_ends_it() -> None:
    with pytest.raises(Paused):
        mock_training(learner(LM), [Watcher(CPU, lambda event: None, asked_at(2, "pause"))])  # type: ignore[arg-type]


def test_a_curve_ends_before_its_first_loss_that_is_no_number() -> None:
    ours = learner(LM)
    loss = ours.loss_func
    calls = iter(range(1000))
    ours.loss_func = lambda *args: loss(*args) * (float("nan") if next(calls) == 20 else 1.0)
    rates, losses = mock_training(ours)
    assert len(rates) == len(losses) == 20
