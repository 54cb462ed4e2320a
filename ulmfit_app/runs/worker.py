"""The worker: `python -m ulmfit_app.runs.worker <run id>` works on one run, starts the next one's worker, and ends.

Holds the run's lock, and is the only writer of its status, events, log, checkpoints and result. Torch and fastai are
imported here and in no other process, and only after the lock is held. It does not retry.
"""

import faulthandler
import os
import sys
import traceback
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

from ulmfit_app import access, limits, quota
from ulmfit_app.engine.outcome import NothingTrained, Paused
from ulmfit_app.errors import AppError, RunError
from ulmfit_app.runs.dispatch import dispatch
from ulmfit_app.runs.failures import reason_of
from ulmfit_app.runs.folder import RunFolder, find_anybodys
from ulmfit_app.runs.journal import Journal, Said
from ulmfit_app.runs.queue import locked, remove
from ulmfit_app.runs.serving import is_served
from ulmfit_app.runs.wishes import Wishes
from ulmfit_app.runs.worker_evaluate import evaluate
from ulmfit_app.runs.worker_predict import predict
from ulmfit_app.runs.worker_task import Job, NothingDone, Task, kept
from ulmfit_app.runs.worker_train import find_rates, train
from ulmfit_app.schema import RunKind, RunResult, RunSpec, RunState, RunStatus
from ulmfit_app.settings import settings

NICENESS = 10
LEAVE_TRIES = 3  # each waits for as long as the queue's patience
LOCK_PATIENCE = 2.0  # seconds; a reader that asks for the state holds the lock for microseconds
EXIT_CODES = {RunState.DONE: 0, RunState.FAILED: 1, RunState.STOPPED: 3, RunState.PAUSED: 3}
FINAL = (RunState.DONE, RunState.STOPPED)


JOBS: dict[RunKind, Job] = {
    RunKind.TRAIN_LM: train,
    RunKind.TRAIN_CLASSIFIER: train,
    RunKind.LR_FIND: kept(find_rates),
    RunKind.EVALUATE: kept(evaluate),
    RunKind.PREDICT: kept(predict),
}


def work(folder: RunFolder, jobs: Mapping[RunKind, Job]) -> int:
    """Work on the run under its lock; returns the exit code of the process."""
    try:
        lock = FileLock(folder.lock).acquire(timeout=LOCK_PATIENCE)
    except Timeout:
        sys.stderr.write(f"Another worker has the run {folder.id}.\n")
        return 1
    with lock:
        before = folder.status()
        if before is not None and before.state in FINAL:
            sys.stderr.write(f"The run {folder.id} has ended: {before.state}.\n")
            _leave_queue(folder)
            return 1
        with Journal(folder, before) as journal:
            _leave_queue(folder)
            return EXIT_CODES[_work(folder, before, journal, jobs)]


def _leave_queue(folder: RunFolder) -> None:
    """From here on the lock tells the state of the run. If the queue is taken for long, the dispatcher cleans up."""
    for _ in range(LEAVE_TRIES):
        with suppress(RunError), locked():
            remove(folder.id)
            return


def _work(folder: RunFolder, before: RunStatus | None, journal: Journal, jobs: Mapping[RunKind, Job]) -> RunState:
    """Do the job. The one place where exceptions become a status."""
    state: Said = RunState.FAILED
    wishes = Wishes(folder, limits.seconds(folder.kind), journal.seconds, quota.overdrawn)
    try:
        spec = folder.spec()
        threads = journal.computes_with(_threads(spec, before))
        result = jobs[spec.kind](Task(spec, folder, journal, wishes, threads, resumed=before is not None))
        state, reason = _ending(result, wishes)
    except Paused:
        state, reason = RunState.PAUSED, f"Paused on request. {_kept(folder)}"
    except (NothingTrained, NothingDone) as error:
        state, reason = RunState.STOPPED, f"{wishes.why()} {reason_of(error)}"
    except AppError as error:
        resumable = folder.checkpoint_names() and folder.result() is None
        reason = f"{reason_of(error)} {_kept(folder)}" if resumable else reason_of(error)
    except (Exception, SystemExit) as error:
        with suppress(OSError):  # log.txt lies on the same disk, which may be full
            traceback.print_exc()
        reason = f"{reason_of(error)} {_kept(folder)}"
    journal.end(state, reason)
    return state


def _ending(result: RunResult, wishes: Wishes) -> tuple[Said, str]:
    if result.partial and result.model is None:
        return RunState.STOPPED, f"{wishes.why()} What was computed until then is kept."
    if result.partial:
        return RunState.STOPPED, f"{wishes.why()} The model '{result.model}' is kept, marked partial."
    return RunState.DONE, ""


def _kept(folder: RunFolder) -> str:
    """What is left of a run that did not reach its end, as sentences."""
    names = folder.checkpoint_names()
    if not names:
        made = "No model was made, and there is no checkpoint" if folder.kind.trains else "There is no result"
        return f"{made}: resume starts it anew."
    return f"The run's folder keeps the checkpoints {', '.join(names)}: resume goes on from the last one."


def _threads(spec: RunSpec, before: RunStatus | None) -> int:
    """What was asked for; as many as before, so that the results are the same; else a core is left to a server."""
    if before is not None and before.threads:
        return before.threads
    if spec.kind.trains is None:
        return 1
    from ulmfit_app.data.token_workers import usable_cores

    return spec.threads or settings().threads or max(1, usable_cores() - is_served())


def _yield_to_others() -> None:
    """Give way to other processes; beside a server of this home, take only what it and its browser leave.

    Linux lets a process that is merely nice run on for some milliseconds when another one wakes, and drawing a page is
    many short pieces of work: with the idle policy the slowest reruns took a quarter less (two cores, one trial).
    """
    if hasattr(os, "setpriority"):  # not added to: the worker that started this one has it already
        os.setpriority(os.PRIO_PROCESS, 0, max(NICENESS, os.getpriority(os.PRIO_PROCESS, 0)))
    with suppress(OSError):  # Linux only: if memory runs out, this process goes, not the server
        Path("/proc/self/oom_score_adj").write_text("500")
    if hasattr(os, "SCHED_IDLE"):
        policy = os.SCHED_IDLE if is_served() else os.SCHED_OTHER
        with suppress(OSError):  # some containers forbid it
            os.sched_setscheduler(0, policy, os.sched_param(0))


def main() -> int:
    """Entry point of the process."""
    faulthandler.enable()
    _yield_to_others()
    try:
        folder = find_anybodys(sys.argv[1])
        owner = access.owner_of(folder.path.parent)
    except (IndexError, AppError) as error:
        sys.stderr.write(f"usage: python -m ulmfit_app.runs.worker <run id>: {error}\n")
        return 2
    with access.acting_for(owner):
        code = work(folder, JOBS)
    try:
        dispatch()
    except AppError as error:
        sys.stderr.write(f"{error}\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
