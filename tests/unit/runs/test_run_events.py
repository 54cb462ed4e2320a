"""events.jsonl: offsets, torn lines, unknown lines, and the limit of two progress events a second."""

import resource
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from ulmfit_app.runs import events
from ulmfit_app.runs.events import EventWriter, read_events
from ulmfit_app.schema import CheckpointEvent, EpochEvent, Event, MessageEvent, ProgressEvent, SampleEvent, StageEvent

ALL = [
    StageEvent(name="head", number=1, of=2, resumed_at=7),
    ProgressEvent(phase="train", done=1, total=2, rate=3.5, loss=0.25),
    EpochEvent(epoch=1, of=2, step=3, train_loss=0.5, valid_loss=None, metrics={"accuracy": 0.75}, seconds=1.5),
    SampleEvent(prompt="I liked", text="I liked « it »"),
    CheckpointEvent(name="1epoch", step=3),
    MessageEvent(text="two\nlines", level="warning"),
]


def _write(path: Path, *written: Event) -> None:
    writer = EventWriter(path)
    for event in written:
        writer.write(event)
    writer.close()


def test_every_type_comes_back_equal(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    _write(path, *ALL)
    assert read_events(path) == (ALL, path.stat().st_size)


def test_a_reader_goes_on_from_its_offset(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    _write(path, ALL[0])
    _, offset = read_events(path)
    assert read_events(path, offset) == ([], offset)
    _write(path, ALL[4])
    assert read_events(path, offset) == ([ALL[4]], path.stat().st_size)


def test_an_unfinished_last_line_waits(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    _write(path, *ALL)
    data = path.read_bytes()
    for cut in range(len(data)):
        path.write_bytes(data[:cut])
        whole, offset = read_events(path)
        assert len(whole) == data[:cut].count(b"\n")
        path.write_bytes(data)
        assert [*whole, *read_events(path, offset)[0]] == ALL


def test_a_writer_cuts_the_line_that_a_killed_worker_left(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    _write(path, ALL[0])
    with path.open("ab") as file:
        file.write(b'{"v": 1, "type": "mess')
    _write(path, ALL[4])
    assert read_events(path)[0] == [ALL[0], ALL[4]]


def test_a_full_disk_leaves_no_half_line(tmp_path: Path) -> None:
    """A limit on the size of a file stands for the full disk: both take a part of a line without complaint."""
    path = tmp_path / "events.jsonl"
    writer = EventWriter(path)
    writer.write(ALL[0])
    before = path.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 20, hard))
    try:
        with pytest.raises(OSError, match="No space left"):
            writer.write(ALL[4])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, ignored)
    assert path.read_bytes() == before
    writer.write(ALL[4])
    writer.close()
    assert read_events(path)[0] == [ALL[0], ALL[4]]


def test_lines_of_another_version_are_skipped(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(b'{"type": "hologram"}\nnot json\n[1]\n{"type": "message", "wrong": 1}\n\xff\n')
    _, offset = read_events(path)
    _write(path, ALL[5])
    assert read_events(path, offset)[0] == [ALL[5]]


def test_no_file_is_no_event(tmp_path: Path) -> None:
    assert read_events(tmp_path / "events.jsonl") == ([], 0)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The monotonic time of the writer, in a list of one."""
    time = [100.0]
    monkeypatch.setattr(events.time, "monotonic", lambda: time[0])
    return time


def _done(path: Path) -> list[int]:
    return [event.done for event in read_events(path)[0] if isinstance(event, ProgressEvent)]


def test_at_most_two_progress_events_a_second(tmp_path: Path, clock: list[float]) -> None:
    path = tmp_path / "events.jsonl"
    writer = EventWriter(path)
    for done in range(1, 101):
        writer.write(ProgressEvent(phase="train", done=done, total=100))
        clock[0] += 0.125
    writer.close()
    assert _done(path) == [*range(1, 101, 4), 100]


def test_the_last_progress_of_a_stage_and_of_a_phase_is_written(tmp_path: Path, clock: list[float]) -> None:
    path = tmp_path / "events.jsonl"
    train = ProgressEvent(phase="train", done=1, total=3)
    writer = EventWriter(path)
    for done in (1, 2, 3):
        writer.write(replace(train, done=done))
    writer.write(replace(train, phase="validate", done=10))
    writer.write(replace(train, phase="validate", done=11))
    writer.write(StageEvent(name="next", number=2, of=2))
    writer.close()
    assert _done(path) == [1, 3, 11]
    assert isinstance(read_events(path)[0][-1], StageEvent)
