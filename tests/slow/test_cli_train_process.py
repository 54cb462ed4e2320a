"""`ulmfit train` as a person uses it: real processes, Ctrl-C, and the whole chain on a tiny dataset."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from ulmfit_app import modelfolder
from ulmfit_app.runs import control
from ulmfit_app.runs.folder import RunFolder, all_runs
from ulmfit_app.runs.follow import follow
from ulmfit_app.runs.locks import held
from ulmfit_app.runs.models import result_folder
from ulmfit_app.runs.state import LIVE, state_of
from ulmfit_app.schema import CheckpointEvent, EpochEvent, ProgressEvent, RunState

TINY = ("--set", "size=tiny", "--precision", "fp32", "--threads", "1", "--device", "cpu")
LONG = ("train", "lm", "--data", "toy", "--from", "scratch", "--set", "stages.1.epochs=1000", *TINY)


@pytest.fixture(autouse=True)
def one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests share the machine."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


@pytest.fixture(autouse=True)
def toy(tmp_path: Path) -> None:
    """400 texts whose label is told by their words."""
    path = tmp_path / "toy.csv"
    words = {"neg": "a boring film and an awful plot", "pos": "a funny film and a great plot"}
    rows = [f"{words[label]} of scene {i} with actor {i % 7},{label}" for i in range(200) for label in words]
    path.write_text("\n".join(["text,label", *rows]))
    assert ulmfit("data", "add", "toy", path, "--text-column", "text", "--label-column", "label").returncode == 0


def ulmfit(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ulmfit_app", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300)


@pytest.fixture
def training() -> Iterator[tuple[subprocess.Popen[str], RunFolder]]:
    """A long training followed by a command, once its first stage has left a checkpoint; ended afterwards."""
    command = [sys.executable, "-m", "ulmfit_app", *LONG]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            run = _first_run(process)
            for event in follow(run):
                if isinstance(event, CheckpointEvent):
                    break
            yield process, run
        finally:
            process.kill()
    if state_of(run) in LIVE:
        control.stop(run.id)
        assert _end_of(run) is RunState.STOPPED


def _first_run(process: subprocess.Popen[str]) -> RunFolder:
    while process.poll() is None:
        if (runs := all_runs()) and held(runs[0].lock):
            return runs[0]
        time.sleep(0.05)
    raise AssertionError("the command ended before its run began")


def _end_of(run: RunFolder) -> RunState:
    for _ in follow(run):
        pass
    return state_of(run)


def test_the_first_ctrl_c_stops_the_run_and_says_what_is_kept(
    training: tuple[subprocess.Popen[str], RunFolder],
) -> None:
    process, run = training
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert state_of(run) is RunState.STOPPED
    assert "The model 'toy-lm' is kept, marked partial." in err
    assert modelfolder.verify(result_folder("toy-lm")).partial
    assert run.checkpoint_names()
    assert out == ""


def test_the_second_ctrl_c_leaves_the_run_going(training: tuple[subprocess.Popen[str], RunFolder]) -> None:
    process, run = training
    worker = _worker_of(run)
    os.kill(worker, signal.SIGSTOP)  # so that both presses come before its next event
    process.send_signal(signal.SIGINT)
    while not run.request_file.exists():
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    try:
        _, err = process.communicate(timeout=60)
    finally:
        os.kill(worker, signal.SIGCONT)
    assert process.returncode == 130
    assert f"Left running: {run.id}." in err
    events = (event for event in follow(run) if isinstance(event, ProgressEvent))
    assert len([next(events) for _ in range(5)]) == 5
    assert state_of(run) is RunState.RUNNING


def _worker_of(run: RunFolder) -> int:
    """The process whose command names the run."""
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended just now
            if run.id.encode() in (process / "cmdline").read_bytes():
                return int(process.name)
    raise AssertionError("no such process")


def test_a_stop_from_elsewhere_is_code_3(training: tuple[subprocess.Popen[str], RunFolder]) -> None:
    process, run = training
    assert ulmfit("runs", "stop", run.id).returncode == 0
    assert process.wait(timeout=60) == 3


def test_a_stop_before_the_first_epoch_ends_leaves_a_model() -> None:
    options = ("--set", "stages.0.epochs=1", "--set", "bs=4", "--set", "seq_len=4", "--name", "early", "--detach")
    started = ulmfit(*LONG, *options)
    (run,) = all_runs()
    assert started.stdout == f"{run.id}\n"
    for event in follow(run):
        if isinstance(event, ProgressEvent) and event.phase == "train":
            break
    assert ulmfit("runs", "stop", run.id).returncode == 0
    events = list(follow(run))
    assert not any(isinstance(event, EpochEvent) for event in events)
    assert state_of(run) is RunState.STOPPED
    text = ulmfit("generate", "--model", "early", "--prompt", "a funny", "--n-words", 3, "--seed", 1)
    assert text.stdout.lower().startswith("a funny ")


def test_the_whole_chain_by_command(tmp_path: Path) -> None:
    common = ("--data", "toy", "--recipe", "demo", "--json", *TINY)
    lm = ulmfit("train", "lm", *common, "--from", "scratch", "--set", "stages.1.max_steps=30")
    assert lm.returncode == 0, lm.stderr
    assert json.loads(lm.stdout)["result"]["metrics"]["perplexity"] > 1
    classifier = ulmfit("train", "classifier", *common, "--set", "bs=16", "--set", "stages.3.lr=0.01")
    assert classifier.returncode == 0, classifier.stderr
    assert "from toy-lm: the newest language model fine-tuned on this dataset" in classifier.stderr
    result = json.loads(classifier.stdout)["result"]
    assert result["model"] == "toy-classifier"
    assert result["metrics"]["accuracy"] > 0.9
    predicted = ulmfit("predict", "--model", "toy-classifier", "--text", "a funny film and a great plot", "--json")
    assert json.loads(predicted.stdout)["label"] == "pos"
    outside = tmp_path / "outside.csv"
    outside.write_text("review,is\nan awful film and a boring plot,neg\na great film,pos\n")
    columns = ("--text-column", "review", "--label-column", "is")
    report = ulmfit("evaluate", "--model", "toy-classifier", "--input", outside, *columns, "--json")
    assert json.loads(report.stdout)["n"] == 2
    text = ulmfit("generate", "--model", "toy-lm", "--prompt", "a funny", "--n-words", 5, "--seed", 1)
    assert text.stdout.lower().startswith("a funny ")
    runs = json.loads(ulmfit("runs", "list", "--json").stdout)["runs"]
    assert sorted(run["name"] for run in runs) == ["toy-classifier", "toy-lm"]
