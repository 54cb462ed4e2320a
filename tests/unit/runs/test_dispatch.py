"""Which runs start when: slots, dead entries, two dispatchers at once. The launcher is replaced."""

import os
import select
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

from tests.unit.runs.making import make_run, make_spec, queued_run
from ulmfit_app.errors import RunError
from ulmfit_app.runs import dispatch as module
from ulmfit_app.runs import launcher
from ulmfit_app.runs.dispatch import dispatch, slot_of
from ulmfit_app.runs.folder import RunFolder
from ulmfit_app.runs.processes import process_mark
from ulmfit_app.runs.queue import locked, read_queue, write_queue
from ulmfit_app.runs.state import state_of
from ulmfit_app.runs.submit import _enqueue
from ulmfit_app.schema import QueueEntry, RunKind, RunState


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Ids of the runs whose workers were started; this process plays all workers."""
    ids: list[str] = []

    def start(folder: RunFolder) -> int:
        ids.append(folder.id)
        return os.getpid()

    monkeypatch.setattr(launcher, "start", start)
    return ids


def _dead_pid() -> int:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        pass
    return process.pid


def test_one_training_at_a_time(started: list[str]) -> None:
    first, second = queued_run(name="a"), queued_run(name="b")
    dispatch()
    dispatch()
    assert started == [first.id]
    assert state_of(first) is RunState.QUEUED  # until its worker holds its lock
    with FileLock(first.lock):
        with locked():
            write_queue(read_queue()[1:])  # as the worker does
        dispatch()
        assert started == [first.id]
    dispatch()
    assert started == [first.id, second.id]


def test_a_short_run_has_a_slot_of_its_own(started: list[str]) -> None:
    kinds = (RunKind.TRAIN_LM, RunKind.TRAIN_CLASSIFIER, RunKind.EVALUATE, RunKind.PREDICT)
    with locked():
        runs = [_enqueue(make_spec(kind=kind)) for kind in kinds]
    dispatch()
    assert started == [runs[0].id, runs[2].id]
    assert [slot_of(kind) for kind in RunKind] == ["training", "training", "short", "short", "short"]


def test_an_entry_stays_with_pid_and_start_of_its_worker(started: list[str]) -> None:
    run = queued_run()
    dispatch()
    assert read_queue() == (QueueEntry(run=run.id, pid=os.getpid(), process=process_mark(os.getpid())),)


def test_a_worker_that_died_before_it_began_is_removed(monkeypatch: pytest.MonkeyPatch, started: list[str]) -> None:
    first, second = queued_run(name="a"), queued_run(name="b")
    with locked():
        write_queue([QueueEntry(run=first.id, pid=_dead_pid(), process="x"), QueueEntry(run=second.id)])
    dispatch()
    assert started == [second.id]
    assert state_of(first) is RunState.INTERRUPTED


@pytest.mark.parametrize("process", ["an earlier boot 17", None])
def test_another_process_of_the_same_number_is_not_the_worker(started: list[str], process: str | None) -> None:
    run = queued_run()
    with locked():
        write_queue([QueueEntry(run=run.id, pid=os.getpid(), process=process)])
    dispatch()
    assert read_queue() == ()
    assert state_of(run) is RunState.INTERRUPTED


def test_a_process_is_told_from_others_whatever_the_clock_says() -> None:
    mark = process_mark(os.getpid())
    assert mark is not None
    time.sleep(0.05)  # Linux counts in hundredths of a second
    assert mark == process_mark(os.getpid())
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        assert process_mark(other.pid) not in (mark, None)
        assert other.stdin
        other.stdin.close()
    assert process_mark(other.pid) is None


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="waits for the end of a process as Linux does")
def test_a_zombie_does_not_live() -> None:
    ended = os.pidfd_open(pid := os.posix_spawn(sys.executable, [sys.executable, "-c", ""], {}))
    try:
        select.select([ended], [], [])  # it has ended, and nobody has asked for its exit code
        assert process_mark(pid) is None
    finally:
        os.waitpid(pid, 0)
        os.close(ended)


def test_an_entry_whose_run_has_no_folder_is_removed(started: list[str]) -> None:
    run = queued_run()
    run.path.rename(run.path.with_name("elsewhere"))
    dispatch()
    assert (started, read_queue()) == ([], ())


def test_a_run_on_its_way_is_left_to_its_submitter(started: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Its entry is there a moment before its folder, while the queue is locked; nobody waits for that here."""
    run = queued_run()
    run.path.rename(run.path.with_name("not yet"))
    monkeypatch.setattr(module, "_remove_dead", lambda: None)
    dispatch()
    assert started == []
    run.path.with_name("not yet").rename(run.path)
    dispatch()
    assert started == [run.id]


def test_a_home_that_cannot_be_written_any_more_is_told(started: list[str], home: Path) -> None:
    queued_run()
    (home / "dispatch.lock").mkdir()  # stands for a read-only home, which does not bind root
    with pytest.raises(RunError, match=r"cannot be written.*ULMFIT_HOME"):
        dispatch()
    assert started == []


def test_a_run_queued_again_waits_for_its_former_worker(started: list[str]) -> None:
    run = queued_run()
    with FileLock(run.lock):
        dispatch()
        assert started == []
        assert [entry.run for entry in read_queue()] == [run.id]
    dispatch()
    assert started == [run.id]


def test_a_run_that_somebody_started_by_hand_takes_the_slot(started: list[str]) -> None:
    by_hand = make_run(name="a")
    queued_run(name="b")
    with FileLock(by_hand.lock):
        dispatch()
    assert started == []


def test_a_worker_that_cannot_be_started_leaves_its_run_in_the_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    run = queued_run()
    monkeypatch.setattr(launcher, "worker_command", lambda run_id: ["/nothing/like/it"])
    with pytest.raises(RunError, match=r"could not be started.*waits in the queue"):
        dispatch()
    assert state_of(run) is RunState.QUEUED


def test_a_run_stopped_while_its_worker_starts_does_not_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    queued_run()

    def start(_: RunFolder) -> int:
        with locked():
            write_queue([])
        return os.getpid()

    monkeypatch.setattr(launcher, "start", start)
    dispatch()
    assert read_queue() == ()


def test_a_stuck_dispatcher_blocks_nobody_for_long(
    home: Path, started: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    queued_run()
    monkeypatch.setattr(module, "PATIENCE", 0.05)
    with FileLock(home / "dispatch.lock"):
        dispatch()
    assert started == []


def _at_once(count: int, work: Callable[[], None]) -> None:
    barrier = threading.Barrier(count)
    threads = [threading.Thread(target=lambda: (barrier.wait(), work())) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_dispatchers_at_once_start_a_run_once(started: list[str]) -> None:
    runs = [queued_run(name=f"lm-{number}") for number in range(3)]
    _at_once(8, dispatch)
    assert started == [runs[0].id]


def test_an_empty_queue_touches_nothing(home: Path) -> None:
    dispatch()
    assert not home.exists()
