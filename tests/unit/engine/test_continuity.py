"""Interrupted and resumed gives what uninterrupted gives, to the last digit; pause and stop keep what they say."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import torch

from tests.unit.engine.courses import CLASSIFIER, LM, Training, asked_at, learner
from ulmfit_app import recipes
from ulmfit_app.engine import checkpoints, continuity
from ulmfit_app.engine.devices import Device
from ulmfit_app.engine.outcome import NothingTrained, Paused
from ulmfit_app.errors import NotFoundError, TrainingError
from ulmfit_app.schema import Architecture, CheckpointEvent, EpochEvent, Recipe, StageEvent

RECIPES = {
    "lm": LM,
    "lm keeping the best": recipes.override(
        LM, {"keep": "best", "patience": 1, "stages.1.epochs": 4, "stages.1.lr": 0.5}
    ),
    "classifier": CLASSIFIER,
    "frozen again": recipes.override(LM, {"stages.0.freeze_to": 0, "stages.1.freeze_to": -1}),
}


def assert_equal(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> None:
    assert one.keys() == other.keys()
    for name, tensor in one.items():
        assert torch.equal(tensor, other[name]), name


def epochs(training: Training) -> list[tuple[object, ...]]:
    told = [event for event in training.events if isinstance(event, EpochEvent)]
    return [(event.epoch, event.step, event.train_loss, event.valid_loss, event.metrics) for event in told]


def calls_of(tmp_path: Path, recipe: Recipe) -> int:
    """How often a whole training asks its control."""
    asked: list[None] = []

    def control() -> str:
        asked.append(None)
        return "go"

    Training(tmp_path / "count", recipe, control).run()
    return len(asked)


@pytest.mark.parametrize("name", RECIPES)
def test_paused_anywhere_and_resumed_equals_uninterrupted(tmp_path: Path, name: str) -> None:
    recipe = RECIPES[name]
    straight = Training(tmp_path / "straight", recipe)
    straight.run()
    for call in range(2, calls_of(tmp_path, recipe) + 1, 5):
        folder = tmp_path / f"at {call}"
        first = Training(folder, recipe, asked_at(call, "pause"))
        with pytest.raises(Paused):
            first.run()
        second = Training(folder, recipe, seed=99)
        second.run(resume=True)
        assert_equal(second.weights(), straight.weights())
        assert second.course.metrics(False) == straight.course.metrics(False)
        assert epochs(first) + epochs(second) == epochs(straight)


def test_paused_twice_in_one_epoch(tmp_path: Path) -> None:
    straight = Training(tmp_path / "straight")
    straight.run()
    for call in (6, 3, 40):
        with pytest.raises(Paused):
            Training(tmp_path / "often", LM, asked_at(call, "pause")).run(resume=True)
    last = Training(tmp_path / "often")
    last.run(resume=True)
    assert_equal(last.weights(), straight.weights())


@pytest.mark.parametrize(("recipe", "calls"), [(LM, (1, 2, 9, 30, 50)), (CLASSIFIER, range(1, 60, 2))])
def test_killed_after_a_checkpoint_equals_uninterrupted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recipe: Recipe, calls: Iterable[int]
) -> None:
    """Among the moments: the first minibatch of a stage, when the newest checkpoint is of the end of the one before."""
    monkeypatch.setattr(continuity, "EVERY", 0.0)
    monkeypatch.setattr(continuity, "SHARE", 0.0)
    straight = Training(tmp_path / "straight", recipe)
    straight.run()

    class KilledError(Exception):
        pass

    for call in calls:
        count = iter(range(10**6))

        def control(call: int = call, count: Iterator[int] = count) -> str:
            if next(count) >= call:
                raise KilledError("killed")
            return "go"

        folder = tmp_path / f"killed {call}"
        with suppress(KilledError):
            Training(folder, recipe, control).run()
        again = Training(folder, recipe, seed=99)
        again.run(resume=True)
        if call > 1:  # before the first checkpoint the weights are those of the seed
            assert_equal(again.weights(), straight.weights())


def test_the_newest_complete_checkpoint_is_used(tmp_path: Path) -> None:
    with pytest.raises(Paused):
        Training(tmp_path, LM, asked_at(30, "pause")).run()
    newest = max(checkpoints.names(tmp_path), key=lambda name: int(name.removeprefix("step-")) if "-" in name else 0)
    (tmp_path / newest / checkpoints.TENSORS).write_bytes(b"torn")
    again = Training(tmp_path)
    again.run(resume=True)
    (resumed,) = [event for event in again.events if isinstance(event, StageEvent) and event.resumed_at is not None]
    assert 0 < resumed.resumed_at < int(newest.removeprefix("step-"))
    straight = Training(tmp_path / "straight")
    straight.run()
    assert_equal(again.weights(), straight.weights())


def test_resuming_without_a_checkpoint_starts_over(tmp_path: Path) -> None:
    training = Training(tmp_path)
    training.run(resume=True)
    assert all(event.resumed_at is None for event in training.events if isinstance(event, StageEvent))


def test_stop_keeps_the_weights_of_the_moment(tmp_path: Path) -> None:
    paused = Training(tmp_path / "paused", LM, asked_at(8, "pause"))
    with pytest.raises(Paused):
        paused.run()
    stopped = Training(tmp_path / "stopped", LM, asked_at(8, "stop"))
    assert stopped.run() is True
    assert_equal(stopped.weights(), paused.weights())
    later = Training(tmp_path / "paused", LM, lambda: "stop", seed=99)
    assert later.run(resume=True) is True
    assert_equal(later.weights(), paused.weights())


def test_stop_before_the_first_step_has_nothing_to_keep(tmp_path: Path) -> None:
    with pytest.raises(NothingTrained, match="No model was made"):
        Training(tmp_path, LM, lambda: "stop").run()


def test_automatic_checkpoints_are_pruned_named_ones_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(continuity, "EVERY", 0.0)
    monkeypatch.setattr(continuity, "SHARE", 0.0)
    training = Training(tmp_path, recipes.override(LM, {"keep": "best"}))
    training.run()
    names = checkpoints.names(tmp_path)
    assert {"1epoch", "finetuned", "best"} < set(names)
    assert len([name for name in names if name.startswith("step-")]) == 2
    assert all(not path.name.startswith(".") for path in tmp_path.iterdir())


def test_checkpoints_cost_little_when_epochs_are_short(tmp_path: Path) -> None:
    training = Training(tmp_path)
    training.course.keeper.cost = 60.0  # as if writing one took a minute
    training.run()
    names = [event.name for event in training.events if isinstance(event, CheckpointEvent)]
    assert names[0] == "1epoch"


def test_a_checkpoint_moved_aside_by_a_dead_process_is_found(tmp_path: Path) -> None:
    with pytest.raises(Paused):
        Training(tmp_path, LM, asked_at(8, "pause")).run()
    for name in checkpoints.names(tmp_path):
        (tmp_path / name).rename(tmp_path / f".{name}.old")
    assert checkpoints.names(tmp_path) == []
    assert checkpoints.load_newest(learner(), tmp_path).moment.place.step == 7


def test_bf16_resumes_too(tmp_path: Path) -> None:
    bf16 = Device("cpu", "bf16")
    straight = Training(tmp_path / "straight", LM, device=bf16)
    straight.run()
    with pytest.raises(Paused):
        Training(tmp_path / "paused", LM, asked_at(20, "pause"), device=bf16).run()
    again = Training(tmp_path / "paused", LM, device=bf16)
    again.run(resume=True)
    for name, tensor in again.weights().items():
        torch.testing.assert_close(tensor, straight.weights()[name], atol=1e-3, rtol=0, msg=name)


# --- the files of a checkpoint -----------------------------------------------------------------------------------


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """A folder with the checkpoints of a whole training."""
    Training(tmp_path).run()
    return tmp_path


def test_row_18_named_checkpoints_are_listed_and_load(saved: Path) -> None:
    assert [name for name in checkpoints.names(saved) if "-" not in name] == ["1epoch", "finetuned"]
    learn = learner(seed=99)
    resumed = checkpoints.load(learn, saved, "1epoch")
    assert (resumed.moment.place.stage, resumed.moment.place.epoch) == (1, 1)
    assert resumed.moment.metrics.keys() == {"valid_loss", "accuracy", "perplexity"}


def test_a_missing_checkpoint_names_the_others(saved: Path) -> None:
    with pytest.raises(NotFoundError, match="1epoch"):
        checkpoints.load(learner(), saved, "2epoch")


@pytest.mark.parametrize("file", [checkpoints.TENSORS, checkpoints.STATE])
def test_a_damaged_checkpoint_is_told(saved: Path, file: str) -> None:
    path = saved / "1epoch" / file
    path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(TrainingError, match="damaged"):
        checkpoints.load(learner(), saved, "1epoch")


def test_a_checkpoint_of_another_shape_is_refused(saved: Path) -> None:
    with pytest.raises(TrainingError, match="another shape"):
        checkpoints.load(learner(shape=Architecture(emb_sz=4, n_hid=12, n_layers=3)), saved, "1epoch")


def test_nothing_in_a_checkpoint_is_pickled(saved: Path) -> None:
    assert {path.suffix for path in (saved / "1epoch").iterdir()} == {".safetensors", ".json"}


def test_a_full_disk_leaves_the_checkpoints_before(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    before = checkpoints.names(saved)
    monkeypatch.setattr(checkpoints, "save_file", full)
    training = Training(saved, LM, asked_at(3, "pause"))
    with pytest.raises(TrainingError, match=r"No space left.*Free some disk space"):
        training.run()
    assert checkpoints.names(saved) == before
    assert all(not path.name.startswith(".") for path in saved.iterdir())
