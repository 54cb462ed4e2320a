"""queue.json: order, positions, moving; what cannot be written; a damaged file."""

import errno
import os
from pathlib import Path

import pytest
from filelock import FileLock

from tests.unit.runs.making import make_run, queued_run
from ulmfit_app.errors import NotFoundError, RunError
from ulmfit_app.runs import control, queue
from ulmfit_app.runs.folder import RunFolder
from ulmfit_app.runs.queue import locked, positions, read_queue, write_queue
from ulmfit_app.runs.state import state_of
from ulmfit_app.runs.summary import summary
from ulmfit_app.schema import QueueEntry, RunState
from ulmfit_app.settings import settings


def _order() -> list[str]:
    return [entry.run for entry in read_queue()]


def _three() -> list[RunFolder]:
    return [queued_run(name=f"lm-{number}") for number in range(3)]


def test_runs_wait_in_the_order_of_submission() -> None:
    runs = _three()
    assert _order() == [run.id for run in runs]
    assert [summary(run).position for run in runs] == [1, 2, 3]
    assert all(state_of(run) is RunState.QUEUED for run in runs)


@pytest.mark.parametrize(
    ("position", "expected"), [(1, "201"), (2, "021"), (3, "012"), (99, "012"), (0, "201"), (-5, "201")]
)
def test_a_run_is_moved(position: int, expected: str) -> None:
    runs = _three()
    control.move(runs[2].id, position)
    assert _order() == [runs[int(number)].id for number in expected]


def test_a_starting_run_stays_ahead_and_cannot_be_moved() -> None:
    first, second, third = _three()
    with locked():
        write_queue([QueueEntry(run=first.id, pid=os.getpid(), process="x"), *read_queue()[1:]])
    control.move(third.id, 1)
    assert _order() == [first.id, third.id, second.id]
    assert positions(read_queue()) == {third.id: 1, second.id: 2}
    with pytest.raises(RunError, match="does not wait"):
        control.move(first.id, 2)


def test_only_what_waits_can_be_moved() -> None:
    with pytest.raises(RunError, match="does not wait"):
        control.move(make_run().id, 1)
    with pytest.raises(NotFoundError):
        control.move("nothing", 1)


@pytest.mark.parametrize("damage", ["", "{", '{"v": 2}', '{"v": 1, "entries": [{"run": "../../models"}]}'])
def test_a_damaged_queue_loses_no_run(damage: str) -> None:
    lost = queued_run()
    (settings().home_path / "queue.json").write_text(damage)
    assert read_queue() == ()
    assert state_of(lost) is RunState.INTERRUPTED
    with locked():
        write_queue([QueueEntry(run=lost.id)])
    assert state_of(lost) is RunState.QUEUED


def test_a_queue_that_somebody_keeps_is_told(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "PATIENCE", 0.05)
    home.mkdir()
    with FileLock(home / "queue.lock"), pytest.raises(RunError, match=r"queue\.lock for 0 seconds.*Try again"):
        make_run()


@pytest.mark.parametrize(
    ("number", "words"),
    [(errno.ENOSPC, "is full. Nothing was started. Free some space"), (errno.EROFS, "cannot be written (Read-only")],
)
def test_a_home_that_cannot_be_written_is_told(
    home: Path, number: int, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number), str(home))

    monkeypatch.setattr(queue, "write_atomically", refuse)
    with pytest.raises(RunError) as told:
        make_run()
    assert words in str(told.value)
    assert str(home) in str(told.value)
    assert [path.name for path in (home / "runs").iterdir()] == []


def test_a_home_below_a_file_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("ULMFIT_HOME", str(tmp_path / "file" / "home"))
    settings.cache_clear()
    assert read_queue() == ()
    with pytest.raises(RunError, match=r"cannot be written \(Not a directory\).*ULMFIT_HOME"):
        make_run()
