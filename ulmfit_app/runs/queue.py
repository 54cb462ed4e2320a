"""The queue: `<home>/queue.json`, the runs that wait, in order. Starts nothing; that is `dispatch.py`'s business.

Read by anyone at any time, as it is replaced atomically; changed only while `locked()` is held, which also guards
everything that must change together with it: names of results, requests, folders that come and go.
"""

import errno
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from filelock import FileLock, Timeout
from pydantic import ValidationError

from ulmfit_app.errors import RunError
from ulmfit_app.runs.folder import write_atomically
from ulmfit_app.schema import Queue, QueueEntry
from ulmfit_app.settings import settings

PATIENCE = 10.0  # seconds; the lock is held for milliseconds


@contextmanager
def locked() -> Iterator[None]:
    """Hold queue.lock. A file that cannot be written inside becomes a `RunError` that says what to do."""
    home = settings().home_path
    try:
        home.mkdir(parents=True, exist_ok=True)
        with FileLock(home / "queue.lock", timeout=PATIENCE):
            yield
    except Timeout as error:
        raise RunError(
            f"Another process has kept {home / 'queue.lock'} for {PATIENCE:.0f} seconds.",
            kept="Nothing was changed.",
            todo="Try again.",
        ) from error
    except OSError as error:
        raise cannot_write(error) from error


def cannot_write(error: OSError) -> RunError:
    """What to tell if a file of the home cannot be written."""
    home = settings().home_path
    if error.errno == errno.ENOSPC:
        return RunError(
            f"The disk of {home} is full.", kept="Nothing was started.", todo="Free some space, then try again."
        )
    return RunError(
        f"The folder {home} cannot be written ({error.strerror}).",
        kept="Nothing was started.",
        todo="Make it writable, or set ULMFIT_HOME to another folder.",
    )


def read_queue() -> tuple[QueueEntry, ...]:
    """The queue now. A damaged file is an empty one: its runs show as interrupted and can be resumed."""
    try:
        return Queue.model_validate_json((settings().home_path / "queue.json").read_bytes()).entries
    except (FileNotFoundError, NotADirectoryError, ValidationError):
        return ()


def write_queue(entries: Sequence[QueueEntry]) -> None:
    """Replace the queue. Only while `locked()` is held."""
    write_atomically(settings().home_path / "queue.json", Queue(entries=tuple(entries)))


def remove(run_id: str) -> None:
    """Take the run out of the queue, if it is in it. Only while `locked()` is held."""
    entries = read_queue()
    left = [entry for entry in entries if entry.run != run_id]
    if len(left) < len(entries):
        write_queue(left)


def positions(entries: Sequence[QueueEntry]) -> dict[str, int]:
    """Position, from 1, of every run that waits among those of its owner; runs that are starting have none."""
    found: dict[str, int] = {}
    waiting: Counter[str] = Counter()
    for entry in entries:
        if entry.pid is None:
            waiting[entry.owner] += 1
            found[entry.run] = waiting[entry.owner]
    return found
