"""What the worker sees of request.json: cheap while there is none, never fatal."""

import os
import shutil
import time

import pytest

from tests.unit.runs.making import make_run
from ulmfit_app.errors import RunError
from ulmfit_app.runs.folder import RunFolder
from ulmfit_app.runs.wishes import EVERY, Wishes
from ulmfit_app.schema import RunRequest


def work_begun() -> RunFolder:
    """A run whose worker has its lock."""
    folder = make_run()
    folder.lock.touch()
    return folder


def test_requests_come_change_and_go() -> None:
    folder = work_begun()
    wishes = Wishes(folder)
    assert wishes() == "go"
    folder.write_request(RunRequest(action="pause"))
    assert wishes() == "pause"
    folder.write_request(RunRequest(action="stop"))
    os.utime(folder.request_file, ns=(1, 1))  # whatever the clock says
    assert wishes() == "stop"
    folder.withdraw_request()
    assert wishes() == "go"


@pytest.mark.parametrize("damage", ["", "{", '{"v": 1, "action": "explode"}', "\x00" * 40])
def test_a_damaged_request_does_not_end_the_run(damage: str, capsys: pytest.CaptureFixture[str]) -> None:
    folder = work_begun()
    wishes = Wishes(folder)
    folder.request_file.write_text(damage)
    assert [wishes() for _ in range(3)] == ["go"] * 3
    assert capsys.readouterr().err.count("request.json") == 1
    folder.write_request(RunRequest(action="stop"))
    assert wishes() == "stop"


def test_a_request_is_parsed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    reads = []
    request = RunFolder.request
    monkeypatch.setattr(RunFolder, "request", lambda folder: (reads.append(1), request(folder))[1])
    folder = work_begun()
    wishes = Wishes(folder)
    assert [wishes() for _ in range(5)] == ["go"] * 5
    assert reads == []
    folder.write_request(RunRequest(action="pause"))
    assert [wishes() for _ in range(5)] == ["pause"] * 5
    assert reads == [1]


def test_a_run_that_takes_too_much_is_stopped_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    said = [""]
    asked: list[float] = []
    wishes = Wishes(work_begun(), 1000, lambda: 0, lambda: (asked.append(clock[0]), said[0])[1])
    assert wishes() == "go"
    said[0] = "Too much."
    clock[0] = EVERY / 2
    assert wishes() == "go"
    clock[0] = EVERY
    assert wishes() == wishes() == "stop" and wishes.why() == "Too much."
    assert asked == [0, EVERY]


def test_a_run_whose_folder_was_removed_ends() -> None:
    folder = work_begun()
    wishes = Wishes(folder)
    assert wishes() == "go"
    shutil.rmtree(folder.path)
    with pytest.raises(RunError, match="was removed"):
        wishes()


def test_after_its_time_a_run_stops_as_if_that_were_wished() -> None:
    folder, worked = work_begun(), [0.0]
    wishes = Wishes(folder, 600, lambda: worked[0])
    assert wishes() == "go"
    worked[0] = 599
    assert wishes() == "go"
    folder.write_request(RunRequest(action="pause"))
    worked[0] = 601
    assert (wishes(), wishes.why()) == ("pause", "Stopped on request.")  # what somebody wishes goes first
    folder.withdraw_request()
    assert (wishes(), wishes.why()) == ("stop", "Stopped after 10 min, the limit here.")
