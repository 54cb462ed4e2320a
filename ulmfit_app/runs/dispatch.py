"""Starting what waits in the queue. Needs no server: whoever queues a run, and every worker that ends, dispatches.

Two slots: one training, and one short run beside it. Only the holder of `dispatch.lock` starts workers and removes dead
entries, so two dispatchers never start the same run; if one dies between starting a worker and noting it, the run's own
lock lets only one worker in.
"""

from collections.abc import Sequence
from typing import Literal

from filelock import FileLock, Timeout

from ulmfit_app import access
from ulmfit_app.runs import launcher
from ulmfit_app.runs.folder import RunFolder, everybodys_runs
from ulmfit_app.runs.locks import held
from ulmfit_app.runs.processes import process_mark
from ulmfit_app.runs.queue import cannot_write, locked, read_queue, write_queue
from ulmfit_app.schema import QueueEntry, RunKind
from ulmfit_app.settings import settings

Slot = Literal["training", "short"]

PATIENCE = 5.0  # seconds; another dispatcher needs milliseconds


def slot_of(kind: RunKind) -> Slot:
    """The slot that a run of `kind` takes."""
    return "training" if kind.trains else "short"


def dispatch() -> None:
    """Start the runs whose turn it is, and remove entries whose worker died before it began.

    Waits for another dispatcher, which may have looked before the newest entry came, but not for the workers. Raises
    `RunError` if a worker cannot be started, or the home cannot be written; the run then stays in the queue.
    """
    if not read_queue():
        return
    try:
        with FileLock(settings().home_path / "dispatch.lock", timeout=PATIENCE):
            _remove_dead()
            while (entry := _next(read_queue())) is not None:
                _start(entry)
    except Timeout:
        return  # somebody else is at it, and stuck or very busy: every later dispatch tries again
    except OSError as error:
        raise cannot_write(error) from error


def _next(entries: Sequence[QueueEntry]) -> QueueEntry | None:
    """The first entry that waits for a free slot, and whose former worker is gone."""
    busy = {slot_of(_folder(entry).kind) for entry in entries if entry.pid is not None}
    busy |= {slot_of(run.kind) for run in everybodys_runs() if held(run.lock)}
    for entry in entries:
        folder = _folder(entry)
        if entry.pid is None and slot_of(folder.kind) not in busy and folder.path.is_dir():  # it may be on its way
            return entry
    return None


def _start(entry: QueueEntry) -> None:
    pid = launcher.start(_folder(entry))
    started = entry.model_copy(update={"pid": pid, "process": process_mark(pid)})
    with locked():
        # A quick worker has taken its entry out by now; a stop may have, too.
        write_queue(_turned([started if other.run == entry.run else other for other in read_queue()], started))


def _turned(entries: list[QueueEntry], started: QueueEntry) -> list[QueueEntry]:
    """What the owner of `started` has waiting for the same slot goes behind the others' runs: owners take turns."""
    slot = slot_of(_folder(started).kind)

    def is_next_round(entry: QueueEntry) -> bool:
        return entry.pid is None and entry.owner == started.owner and slot_of(_folder(entry).kind) == slot

    if all(entry.owner == started.owner for entry in entries):
        return entries
    return sorted(entries, key=is_next_round)  # keeps the order of equals


def _remove_dead() -> None:
    if not any(map(_is_dead, read_queue())):
        return
    with locked():  # and look again: a folder gets its place a moment after its entry
        write_queue([entry for entry in read_queue() if not _is_dead(entry)])


def _is_dead(entry: QueueEntry) -> bool:
    if entry.pid is None:
        return not _folder(entry).path.is_dir()
    return process_mark(entry.pid) != entry.process or entry.process is None


def _folder(entry: QueueEntry) -> RunFolder:
    return RunFolder(access.place("runs", entry.owner) / entry.run)
