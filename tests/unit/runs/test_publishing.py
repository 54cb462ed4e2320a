"""A model gets its place once, whenever the worker is killed: every prefix of what a worker does is continued."""

from collections.abc import Callable
from typing import Literal

import pytest

from tests.unit.runs.making import checkpoint, make_run
from ulmfit_app.errors import NameTakenError
from ulmfit_app.runs import worker, worker_train
from ulmfit_app.runs.folder import RunFolder
from ulmfit_app.runs.models import result_folder
from ulmfit_app.runs.publishing import publish, staging
from ulmfit_app.runs.state import state_of
from ulmfit_app.runs.summary import summary
from ulmfit_app.runs.worker import Task
from ulmfit_app.runs.worker_task import obey
from ulmfit_app.schema import RunKind, RunRequest, RunResult, RunState


class Killed(BaseException):
    """Stands for kill -9 in this process."""


class Steps:
    """The steps that a worker takes from the end of the training on; dies after `left` of them."""

    def __init__(self, left: int) -> None:
        self.left, self.trainings = left, 0

    def done(self) -> None:
        if self.left == 0:
            raise Killed
        self.left -= 1


@pytest.fixture
def die_after(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], Steps]:
    """A worker that trains in no time, the model being a folder with one file, and is killed between two steps."""

    def train(task: Task) -> RunResult:
        assert task.spec.name
        folder = staging(task.folder, task.spec.name)
        steps.trainings += 1
        steps.done()
        folder.mkdir(parents=True)
        (folder / "model.safetensors").write_text("the weights")
        steps.done()
        return RunResult(model=task.spec.name, seconds=1.0, metrics={"accuracy": 0.5})

    def after(write: Callable[..., object]) -> Callable[..., None]:
        def write_then_maybe_die(*given: object) -> None:
            write(*given)
            steps.done()

        return write_then_maybe_die

    steps = Steps(0)
    monkeypatch.setattr(worker_train, "_trained", train)
    monkeypatch.setattr(RunFolder, "write_result", after(RunFolder.write_result))
    monkeypatch.setattr(worker_train, "publish", after(publish))

    def die_after(left: int) -> Steps:
        steps.left = left
        return steps

    return die_after


@pytest.mark.parametrize("survived", range(5))
def test_a_worker_killed_anywhere_ends_done_with_its_model(die_after: Callable[[int], Steps], survived: int) -> None:
    folder = make_run()
    steps = die_after(survived)
    if survived < 4:
        with pytest.raises(Killed):
            worker.work(folder, worker.JOBS)
        assert state_of(folder) is RunState.INTERRUPTED
    die_after(99)
    worker.work(folder, worker.JOBS)
    assert state_of(folder) is RunState.DONE
    assert [path.name for path in result_folder("my-lm").parent.iterdir()] == ["my-lm"]
    assert (result_folder("my-lm") / "model.safetensors").read_text() == "the weights"
    assert not (folder.model / "my-lm").exists()
    result = folder.result()
    assert result is not None
    assert result.metrics == {"accuracy": 0.5}
    assert steps.trainings == (2 if survived < 2 else 1)  # from result.json on nothing is trained again


def test_a_name_taken_meanwhile_costs_nothing(die_after: Callable[[int], Steps]) -> None:
    folder = make_run()
    result_folder("my-lm").mkdir(parents=True)
    steps = die_after(99)
    worker.work(folder, worker.JOBS)
    assert state_of(folder) is RunState.FAILED
    assert "something else was called 'my-lm'. The model is finished" in summary(folder).reason
    result_folder("my-lm").rmdir()
    worker.work(folder, worker.JOBS)
    assert state_of(folder) is RunState.DONE
    assert (result_folder("my-lm") / "model.safetensors").exists()
    assert steps.trainings == 1


def test_a_model_of_that_name_is_never_replaced() -> None:
    folder = make_run()
    mine, theirs = staging(folder, "my-lm"), result_folder("my-lm")
    for model, text in ((mine, "mine"), (theirs, "theirs")):
        model.mkdir(parents=True)
        (model / "config.json").write_text(text)
    with pytest.raises(NameTakenError, match="Rename or delete the other"):
        publish(folder, "my-lm")
    assert [(model / "config.json").read_text() for model in (mine, theirs)] == ["mine", "theirs"]


def test_the_engines_leftovers_are_cleared() -> None:
    folder = make_run()
    (folder.model / ".my-lm.half").mkdir(parents=True)
    assert staging(folder, "my-lm") == folder.model / "my-lm"
    assert not folder.model.exists()


def _obeying(task: Task) -> RunResult:
    obey(task)
    return RunResult(seconds=0.0)


@pytest.mark.parametrize(
    ("action", "checkpoints", "expected"),
    [
        ("stop", [], RunState.STOPPED),
        ("stop", ["step-1"], RunState.DONE),  # the engine makes a model of it
        ("pause", [], RunState.PAUSED),
        ("pause", ["step-1"], RunState.PAUSED),
    ],
)
def test_a_request_before_the_training(
    action: Literal["stop", "pause"], checkpoints: list[str], expected: RunState
) -> None:
    folder = make_run()
    for name in checkpoints:
        checkpoint(folder, name)
    folder.write_request(RunRequest(action=action))
    worker.work(folder, {RunKind.TRAIN_LM: _obeying})
    assert state_of(folder) is expected
