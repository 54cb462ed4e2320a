"""Runs in real processes: followed, stopped, killed. The worker's job is a stand-in of a few lines; no engine."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import psutil
import pytest

from tests.slow.stand_in import command
from tests.unit.runs.making import make_spec
from ulmfit_app.errors import NameTakenError, RunError
from ulmfit_app.runs import control, launcher
from ulmfit_app.runs.folder import RunFolder, all_runs, find
from ulmfit_app.runs.follow import follow
from ulmfit_app.runs.queue import read_queue
from ulmfit_app.runs.serving import serving_lock
from ulmfit_app.runs.state import LIVE, state_of
from ulmfit_app.runs.submit import submit
from ulmfit_app.runs.summary import summary
from ulmfit_app.schema import MessageEvent, ProgressEvent, RunState
from ulmfit_app.settings import settings

pytestmark = pytest.mark.slow

LONG = 1000
SEEN_WITHIN = 10.0  # seconds until a killed run is seen as interrupted


@pytest.fixture(autouse=True)
def stand_in(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Workers of `stand_in.py`; a spec's seed is the number of their steps of 0.05 s. What still runs is stopped."""
    monkeypatch.setattr(launcher, "worker_command", command)
    yield
    for run in all_runs():
        if state_of(run) in LIVE:
            control.stop(run.id)
            assert _wait_for_end(run) in (RunState.STOPPED, RunState.DONE)


def _pid(folder: RunFolder) -> int:
    for event in follow(folder):
        if isinstance(event, MessageEvent):
            return int(event.text)
    raise AssertionError("the worker said nothing")


def _wait_for_end(folder: RunFolder) -> RunState:
    for _ in follow(folder):
        pass
    return state_of(folder)


def _wait_for(folder: RunFolder, *states: RunState) -> None:
    until = time.monotonic() + 120
    while state_of(folder) not in states:
        assert time.monotonic() < until
        time.sleep(0.01)


def test_a_run_is_followed_to_its_end() -> None:
    folder = find(submit(make_spec(seed=30)))
    assert state_of(folder) in LIVE
    events = list(follow(folder))
    done = [event.done for event in events if isinstance(event, ProgressEvent)]
    assert done[-1] == 30
    assert done == sorted(set(done))
    assert len(done) <= 2 + 2 * (events[-1].t - events[0].t)  # at most two a second, and the last
    assert state_of(folder) is RunState.DONE
    assert folder.log.read_text() == "in the log\n"
    assert list(follow(folder)) == events


def test_a_new_run_is_live_from_its_first_moment_to_its_last() -> None:
    """Never interrupted in between, however often one looks."""
    seen, ended = [], threading.Event()

    def look() -> None:
        while not ended.is_set():
            seen.extend(state_of(run) for run in all_runs())

    looking = [threading.Thread(target=look) for _ in range(3)]
    for thread in looking:
        thread.start()
    try:
        folder = find(submit(make_spec(seed=1)))
        _wait_for(folder, RunState.DONE)
    finally:
        ended.set()
        for thread in looking:
            thread.join()
    assert RunState.RUNNING in seen and set(seen) <= {*LIVE, RunState.DONE}
    assert state_of(folder) is RunState.DONE


def test_a_killed_worker_is_an_interrupted_run_within_seconds_and_goes_on() -> None:
    folder = find(submit(make_spec(seed=20)))
    os.kill(_pid(folder), signal.SIGKILL)
    since = time.monotonic()
    assert _wait_for_end(folder) is RunState.INTERRUPTED
    assert time.monotonic() - since < SEEN_WITHIN
    assert "killed" in summary(folder).reason
    control.resume(folder.id)
    assert _wait_for_end(folder) is RunState.DONE


def test_a_pause_frees_the_slot_and_the_next_run_starts() -> None:
    first, second = find(submit(make_spec(name="a", seed=LONG))), find(submit(make_spec(name="b", seed=LONG)))
    _pid(first)
    assert summary(second).position == 1
    control.pause(first.id)
    _wait_for(first, RunState.PAUSED)
    _pid(second)  # started by the first one's worker
    assert state_of(second) is RunState.RUNNING
    control.resume(first.id)
    assert state_of(first) is RunState.QUEUED
    control.stop(second.id)
    _wait_for(first, RunState.RUNNING)
    assert state_of(second) is RunState.STOPPED


def test_runs_follow_each_other_without_anyone() -> None:
    runs = [find(submit(make_spec(name=f"lm-{number}", seed=2))) for number in range(3)]
    for run in runs:
        _wait_for(run, RunState.DONE)
    started = [run.status().started for run in runs]  # type: ignore[union-attr]
    assert started == sorted(started)
    assert read_queue() == ()
    assert [run.log.read_text() for run in runs] == ["in the log\n"] * 3


def test_a_run_whose_predecessor_was_killed_starts_when_it_is_followed() -> None:
    first, second = find(submit(make_spec(name="a", seed=LONG))), find(submit(make_spec(name="b", seed=1)))
    os.kill(_pid(first), signal.SIGKILL)
    assert _wait_for_end(second) is RunState.DONE
    assert state_of(first) is RunState.INTERRUPTED


def test_processes_that_submit_at_once_train_everything_once() -> None:
    with ExitStack() as stack:
        for number in range(4):
            spec = make_spec(name=f"lm-{number}", seed=3).model_dump_json()
            stack.enter_context(subprocess.Popen([*command("submit"), spec]))
    runs = all_runs()
    assert len(runs) == 4
    for run in runs:
        assert _wait_for_end(run) is RunState.DONE
        assert run.log.read_text() == "in the log\n"


def test_a_request_stops_a_run_and_frees_its_name() -> None:
    folder = find(submit(make_spec(seed=LONG)))
    with pytest.raises(NameTakenError):
        submit(make_spec(seed=1))
    control.stop(folder.id)
    assert _wait_for_end(folder) is RunState.STOPPED
    assert _wait_for_end(find(submit(make_spec(seed=1)))) is RunState.DONE


def test_a_second_worker_on_a_live_run_does_nothing() -> None:
    folder = find(submit(make_spec(seed=LONG)))
    _pid(folder)
    second = subprocess.run(launcher.worker_command(folder.id), capture_output=True, text=True, timeout=60)
    assert second.returncode == 1
    assert "Another worker" in second.stderr
    control.stop(folder.id)
    assert _wait_for_end(folder) is RunState.STOPPED
    events = [event for event in follow(folder) if isinstance(event, MessageEvent)]
    assert len(events) == 1


def test_the_worker_has_a_session_and_a_lower_priority_of_its_own() -> None:
    runs = [find(submit(make_spec(name=name, seed=LONG))) for name in ("a", "b")]
    mine = os.getpriority(os.PRIO_PROCESS, 0)
    for run in runs:  # the second is started by the first
        pid = _pid(run)
        assert os.getsid(pid) == pid
        assert os.getpriority(os.PRIO_PROCESS, pid) == max(mine, 10)
        control.stop(run.id)


@pytest.mark.skipif(not hasattr(os, "SCHED_IDLE"), reason="Linux only")
def test_beside_a_server_the_worker_takes_what_is_left() -> None:
    with serving_lock():
        served = find(submit(make_spec(name="a", seed=LONG)))
        assert os.sched_getscheduler(_pid(served)) == os.SCHED_IDLE
    alone = find(submit(make_spec(name="b", seed=LONG)))
    control.stop(served.id)
    assert os.sched_getscheduler(_pid(alone)) == os.SCHED_OTHER  # started by the first one
    control.stop(alone.id)


def test_a_worker_that_cannot_begin_is_told_and_blocks_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launcher, "worker_command", lambda run_id: [sys.executable, "-c", "import nothing_like_it"])
    folder = find(submit(make_spec(name="a")))
    assert _wait_for_end(folder) is RunState.INTERRUPTED
    assert "nothing_like_it" in folder.log.read_text()
    assert str(folder.log) in summary(folder).reason
    monkeypatch.setattr(launcher, "worker_command", command)
    assert _wait_for_end(find(submit(make_spec(name="b", seed=1)))) is RunState.DONE


def test_a_worker_whose_folder_is_removed_ends_and_makes_nothing() -> None:
    folder = find(submit(make_spec(seed=LONG)))
    process = psutil.Process(_pid(folder))
    while folder.path.exists():  # the worker writes and unlinks beside it, so one pass may find a name gone or one new
        shutil.rmtree(folder.path, ignore_errors=True)
    process.wait(60)
    assert not folder.path.exists()
    assert not (settings().home_path / "models").exists()


@pytest.fixture
def small_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home on a disk of its own of 1 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", place], capture_output=True)
    if mounted.returncode:
        pytest.skip("mounting needs more rights than this user has")
    monkeypatch.setenv("ULMFIT_HOME", str(place / "home"))
    settings.cache_clear()
    yield place
    subprocess.run(["umount", "--lazy", place], check=True)


def _fill(place: Path) -> Path:
    filler = place / "filler"
    with suppress(OSError), filler.open("wb", buffering=0) as file:
        while file.write(bytes(4096)):
            pass
    return filler


def test_a_full_disk_is_told_and_the_run_goes_on_later(small_disk: Path) -> None:
    folder = find(submit(make_spec(seed=100)))
    _pid(folder)
    filler = _fill(small_disk)
    assert _wait_for_end(folder) is RunState.FAILED
    assert summary(folder).reason.startswith("The disk is full. Free some space, then resume.")
    _fill(small_disk)
    with pytest.raises(RunError, match="is full"):
        submit(make_spec(name="b"))
    with pytest.raises(RunError, match="is full"):
        control.resume(folder.id)
    assert state_of(folder) is RunState.FAILED
    filler.unlink()
    control.resume(folder.id)
    assert _wait_for_end(folder) is RunState.DONE
    assert len(all_runs()) == 1
