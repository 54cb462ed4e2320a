"""One run folder: the names of its files, reading them, and replacing them atomically.

Who may write which file is said in the package's docstring; what the files mean together is `state.py`'s business.
"""

import os
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from ulmfit_app import access
from ulmfit_app.errors import NotFoundError, RunError
from ulmfit_app.schema import RUN_ID, Record, RunKind, RunRequest, RunResult, RunSpec, RunStatus

IS_RUN = re.compile(RUN_ID)
AnyRecord = TypeVar("AnyRecord", bound=Record)


@dataclass(frozen=True, slots=True)
class RunFolder:
    """Paths and records of the run in `path`. Every `RunError` raised here names the file."""

    path: Path

    @property
    def id(self) -> str:
        """The run's id, the name of its folder: UTC time, kind, four random digits; sorts by time."""
        return self.path.name

    @property
    def kind(self) -> RunKind:
        """What the run does; its id tells, so that no file is read."""
        match = IS_RUN.fullmatch(self.id)
        assert match  # there is no `RunFolder` of another name
        return RunKind(match[1])

    @property
    def events(self) -> Path:
        """One JSON object a line."""
        return self.path / "events.jsonl"

    @property
    def log(self) -> Path:
        """The worker's output, tracebacks among it."""
        return self.path / "log.txt"

    @property
    def checkpoints(self) -> Path:
        """The engine's checkpoints."""
        return self.path / "checkpoints"

    @property
    def model(self) -> Path:
        """Where the model is written before it gets its place among the models: a folder with one folder in it."""
        return self.path / "model"

    @property
    def table(self) -> Path:
        """A row for every text that an evaluation or a bulk prediction read; complete from the moment it exists."""
        return self.path / "table.csv"

    @property
    def lock(self) -> Path:
        """Locked by the worker while it lives."""
        return self.path / "lock"

    @property
    def request_file(self) -> Path:
        """What the user asks of the worker."""
        return self.path / "request.json"

    def spec(self) -> RunSpec:
        """What the run was asked to do."""
        spec = _read(self.path / "spec.json", RunSpec)
        if spec is None:
            raise RunError(f"The run {self.id} has no spec.json: it cannot be read.")
        return spec

    def status(self) -> RunStatus | None:
        """What the worker last said, None if it never did."""
        return _read(self.path / "status.json", RunStatus)

    def result(self) -> RunResult | None:
        """What came out, None before the end."""
        return _read(self.path / "result.json", RunResult)

    def request(self) -> RunRequest | None:
        """What the user asks, None if nothing."""
        return _read(self.request_file, RunRequest)

    def checkpoint_names(self) -> list[str]:
        """The finished checkpoints, the oldest first."""
        try:
            found = [path for path in self.checkpoints.iterdir() if not path.name.startswith(".")]
            return [path.name for path in sorted(found, key=lambda path: path.stat().st_mtime_ns)]
        except FileNotFoundError:  # none yet, or one was replaced just now
            return []

    def write_status(self, status: RunStatus) -> None:
        """Worker only."""
        write_atomically(self.path / "status.json", status)

    def write_result(self, result: RunResult) -> None:
        """Worker only."""
        write_atomically(self.path / "result.json", result)

    def write_request(self, request: RunRequest) -> None:
        """UI, CLI and API only."""
        write_atomically(self.request_file, request)

    def withdraw_request(self) -> None:
        """UI, CLI and API only; a worker that has read the request follows it all the same."""
        self.request_file.unlink(missing_ok=True)


def runs_root() -> Path:
    """The folder that holds this user's runs; not created by asking for it."""
    return access.place("runs")


def trash_root() -> Path:
    """The folder that holds deleted runs until somebody empties it; not created by asking for it."""
    return access.place("runs", deleted=True)


def find(run_id: str) -> RunFolder:
    """The run called `run_id`; `NotFoundError` if there is none."""
    folder = RunFolder(runs_root() / run_id)
    if IS_RUN.fullmatch(run_id) is None or not folder.path.is_dir():
        raise NotFoundError(f"There is no run '{run_id}'.", todo="The page Runs and `ulmfit runs list` show all.")
    return folder


def all_runs() -> list[RunFolder]:
    """Every run of this user, the newest first."""
    return _runs_in(runs_root())


def everybodys_runs() -> list[RunFolder]:
    """Every run of this home, whosever it is: for the dispatcher, never to show."""
    return [folder for root in access.places("runs") for folder in _runs_in(root)]


def find_anybodys(run_id: str) -> RunFolder:
    """`find` among the runs of everybody: for the run's own worker."""
    for root in access.places("runs"):
        if IS_RUN.fullmatch(run_id) and (root / run_id).is_dir():
            return RunFolder(root / run_id)
    raise NotFoundError(f"There is no run '{run_id}'.")


def deleted_runs() -> list[RunFolder]:
    """Every run in the trash, the newest first."""
    return _runs_in(trash_root())


def _runs_in(root: Path) -> list[RunFolder]:
    names = os.listdir(root) if root.is_dir() else ()  # noqa: PTH208  (no 500 paths to sort 500 names)
    return [RunFolder(root / name) for name in sorted(filter(IS_RUN.fullmatch, names), reverse=True)]


def now() -> str:
    """The time in UTC, ISO 8601, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def write_atomically(path: Path, record: Record) -> None:
    """Replace `path` by `record` as JSON: a reader, or a restart after a power cut, sees the old or the new file."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    with beside.open("w", encoding="utf-8") as file:
        file.write(record.model_dump_json(indent=1))
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def _read(path: Path, record: type[AnyRecord]) -> AnyRecord | None:
    try:
        return record.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValidationError as error:
        raise RunError(
            f"{path.name} of the run {path.parent.name} is damaged, or was written by another version of this program."
        ) from error
