"""One home and what happens around it: two servers, one of them killed; a clock set back; a disk that is read-only.

Real servers and commands; the read-only disk needs the right to mount.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.slow.stand_in import command
from tests.unit.runs.making import make_run, make_spec, status
from tools.appserver import serve
from ulmfit_app.runs import control, launcher
from ulmfit_app.runs.folder import RunFolder, all_runs, find
from ulmfit_app.runs.follow import follow
from ulmfit_app.runs.queue import read_queue
from ulmfit_app.runs.state import state_of
from ulmfit_app.runs.submit import submit
from ulmfit_app.runs.summary import summary
from ulmfit_app.schema import MessageEvent, ProgressEvent, RunState, StageEvent
from ulmfit_app.settings import CHECKOUT, settings

pytestmark = pytest.mark.slow

DAY = 86_400
TINY = (
    "--recipe", "demo", "--from", "scratch", "--set", "size=tiny", "--set", "stages.1.max_steps=40",
    "--precision", "fp32", "--threads", "1", "--device", "cpu", "--detach", "--json",
)  # fmt: skip


def ulmfit(*arguments: object) -> subprocess.CompletedProcess[str]:
    """`ulmfit …` in a process of its own."""
    line = [sys.executable, "-m", "ulmfit_app", *map(str, arguments)]
    return subprocess.run(line, cwd=CHECKOUT, capture_output=True, text=True, timeout=120)


def _until(folder: RunFolder, *states: RunState, seconds: float = 120) -> None:
    until = time.monotonic() + seconds
    while state_of(folder) not in states:
        assert time.monotonic() < until, state_of(folder)
        time.sleep(0.05)


def _begun(folder: RunFolder) -> None:
    until = time.monotonic() + 120
    while not (folder.events.exists() and '"phase": "train"' in folder.events.read_text()):
        assert time.monotonic() < until
        time.sleep(0.05)


def test_two_servers_of_one_home_one_killed_train_everything_once(home: Path, tmp_path: Path) -> None:
    texts = tmp_path / "toy.csv"
    texts.write_text("\n".join(["text", *(f"a film of scene {i} with actor {i % 7} and a plot" for i in range(300))]))
    assert ulmfit("data", "add", "toy", texts, "--text-column", "text").returncode == 0
    with serve(home, tmp_path / "one.txt") as one, serve(home, tmp_path / "two.txt"):
        started = [ulmfit("train", "lm", "--data", "toy", *TINY, "--name", f"lm-{number}") for number in range(2)]
        runs = [find(json.loads(done.stdout)["id"]) for done in started]
        _begun(runs[0])
        os.kill(one.pid, signal.SIGKILL)
        for run in runs:
            _until(run, RunState.DONE)
    for run in runs:
        stages = [event for event in follow(run) if isinstance(event, StageEvent)]
        assert len({stage.number for stage in stages}) == len(stages)  # each stage once
        assert not any(stage.resumed_at for stage in stages)
    assert read_queue() == ()
    assert {path.name for path in (home / "models").iterdir()} >= {"lm-0", "lm-1"}


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers whose job is of a few lines."""
    monkeypatch.setattr(launcher, "worker_command", command)


@pytest.mark.parametrize("shift", [-DAY, DAY])
@pytest.mark.usefixtures("stand_in")
def test_a_clock_that_is_set_loses_nothing(shift: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run is paused; the clock of all later processes is another one; it is resumed, and another one follows it."""
    first = find(submit(make_spec(name="a", seed=60)))
    while not any(isinstance(event, ProgressEvent) for event in follow(first)):
        time.sleep(0.05)
    control.pause(first.id)
    _until(first, RunState.PAUSED)
    (tmp_path / "sitecustomize.py").write_text(
        f"import time\nnow = time.time\ntime.time = lambda: now() + {shift}\n"
        f"exact = time.time_ns\ntime.time_ns = lambda: exact() + {shift} * 10**9\n"
    )
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{CHECKOUT}")
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + shift)
    control.resume(first.id)
    second = find(submit(make_spec(name="b", seed=2)))
    for run in (first, second):
        _until(run, RunState.DONE)
    assert {run.id for run in all_runs()} == {first.id, second.id}
    assert all(summary(run).seconds >= 0 for run in all_runs())
    assert second.log.read_text() == "in the log\n"
    workers = [event for event in follow(second) if isinstance(event, MessageEvent)]
    assert len(workers) == 1
    assert read_queue() == ()


@pytest.fixture
def read_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home with one run that is done, on a disk that can only be read."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", place], capture_output=True)
    if mounted.returncode:
        pytest.skip("mounting needs more rights than this user has")
    monkeypatch.setenv("ULMFIT_HOME", str(place / "home"))
    settings.cache_clear()
    make_run(name="old").write_status(status(RunState.DONE))
    subprocess.run(["mount", "-o", "remount,ro", place], check=True)
    yield place / "home"
    subprocess.run(["umount", "--lazy", place], check=True)


def test_a_read_only_home_is_read_and_told(read_only: Path, tmp_path: Path) -> None:
    listed = ulmfit("runs", "list")
    assert (listed.returncode, "old" in listed.stdout) == (0, True)
    for refused in (
        ulmfit("train", "lm", "--data", "rotten-tomatoes", "--recipe", "demo", "--name", "new", "--detach"),
        ulmfit("runs", "delete", all_runs()[0].id),
    ):
        assert refused.returncode == 1
        assert "Traceback" not in refused.stderr
        assert "cannot be written" in refused.stderr or "read-only" in refused.stderr.lower()
    with serve(read_only, tmp_path / "log.txt"):
        pass  # it comes up, and ends like every other
    assert "Traceback" not in (tmp_path / "log.txt").read_text()
    for page in sorted((CHECKOUT / "pages").glob("*.py")):
        app = AppTest.from_file(page, default_timeout=120).run()
        assert not app.exception, page.name
    assert [state_of(run) for run in all_runs()] == [RunState.DONE]
