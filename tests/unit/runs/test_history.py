"""Events put together, and what a resumed run repeats."""

from ulmfit_app.runs.history import RunHistory, history
from ulmfit_app.schema import CheckpointEvent, EpochEvent, Event, MessageEvent, ProgressEvent, SampleEvent, StageEvent

STEPS = 3  # an epoch


def _stage(number: int, resumed_at: int | None = None) -> StageEvent:
    return StageEvent(name=f"stage {number}", number=number, of=3, resumed_at=resumed_at, t=0.0)


def _step(step: int) -> ProgressEvent:
    return ProgressEvent(phase="train", done=1, total=9, step=step, loss=step / 8, lr=step / 4, t=0.0)


def _epoch(epoch: int) -> EpochEvent:
    return EpochEvent(
        epoch=epoch, of=2, step=epoch * STEPS, train_loss=1.0, valid_loss=2.0 * epoch,
        metrics={"accuracy": 0.5 * epoch}, seconds=1.0, t=0.0,
    )  # fmt: skip


def _checkpoint(name: str, step: int) -> CheckpointEvent:
    return CheckpointEvent(name=name, step=step, t=0.0)


PREPARED = [_stage(1), ProgressEvent(phase="tokenise", done=5, total=5, t=0.0), MessageEvent(text="9 texts.", t=0.0)]
FIRST = [_stage(2), _step(1), _step(2), _step(3), _epoch(1), _checkpoint("step-3", 3), SampleEvent(prompt="", text="a")]
SECOND = [_stage(3), _step(4), _checkpoint("step-4", 4), _step(5), _step(6), _epoch(2)]
WHOLE = [*PREPARED, *FIRST, *SECOND]


def _essence(told: RunHistory) -> tuple[object, ...]:
    stages = [stage.number for stage in told.stages]
    return (stages, told.epochs, told.loss, told.lr, told.messages, told.checkpoints, len(told.samples), told.step)


def test_an_uninterrupted_run() -> None:
    told = history(WHOLE)
    assert [stage.name for stage in told.stages] == ["stage 1", "stage 2", "stage 3"]
    assert told.stage == SECOND[0]
    assert told.progress == _step(6)
    assert told.loss == [(step, step / 8) for step in range(1, 7)]
    assert told.lr == [(step, step / 4) for step in range(1, 7)]
    assert told.metrics == {"valid_loss": [(3, 2.0), (6, 4.0)], "accuracy": [(3, 0.5), (6, 1.0)]}
    assert [message.text for message in told.messages] == ["9 texts."]
    assert told.step == 6


def _interrupted(after: int, resumed: list[Event]) -> RunHistory:
    return history([*WHOLE[:after], *PREPARED, *resumed])


def test_what_a_resumed_run_repeats_counts_once() -> None:
    for after in range(WHOLE.index(SECOND[2]) + 1, len(WHOLE) + 1):
        told = _interrupted(after, [_stage(3, resumed_at=4), *SECOND[3:]])
        assert _essence(told) == _essence(history(WHOLE)), after
    for after in range(WHOLE.index(_checkpoint("step-3", 3)) + 2, len(WHOLE) + 1):
        told = _interrupted(after, [_stage(3, resumed_at=3), *SECOND[1:]])
        assert _essence(told) == _essence(history(WHOLE)), after


def test_a_run_without_checkpoint_begins_again() -> None:
    for after in range(len(WHOLE)):
        assert _essence(_interrupted(after, [*FIRST, *SECOND])) == _essence(history(WHOLE)), after


def test_an_epoch_validated_twice_counts_once() -> None:
    """The checkpoint was written during the validation: its step is that of the end of the epoch."""
    told = _interrupted(len([*PREPARED, *FIRST]), [_stage(2, resumed_at=3), _epoch(1), *SECOND])
    assert told.epochs == [_epoch(1), _epoch(2)]


def test_while_a_resumed_run_prepares_itself_nothing_is_forgotten() -> None:
    told = history([*WHOLE, *PREPARED])
    assert [stage.number for stage in told.stages] == [1, 2, 3]
    assert told.stage == _stage(1)
    assert len(told.loss) == 6


def test_validation_and_missing_numbers_make_no_points() -> None:
    told = history([_stage(2), ProgressEvent(phase="validate", done=1, total=2, step=3, loss=0.5)])
    assert (told.loss, told.lr, told.step) == ([], [], 3)
    told.add(ProgressEvent(phase="train", done=1, total=2, step=4))
    assert (told.loss, told.lr) == ([], [])
    told.add(EpochEvent(epoch=1, of=1, step=4, train_loss=1.0, valid_loss=None, metrics={}, seconds=1.0))
    assert told.metrics == {}


def test_a_checkpoint_of_the_same_name_is_replaced() -> None:
    told = history([_stage(2), _checkpoint("best", 3), _checkpoint("best", 6)])
    assert told.checkpoints == [_checkpoint("best", 6)]
