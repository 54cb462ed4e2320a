"""A worker whose job is of a few lines; no engine. `stand_in.py RUN` works, `stand_in.py submit SPEC` submits a run.

A spec's seed is the number of steps of 0.05 s. Workers that it starts are of its kind.
"""

import os
import sys
import time

from ulmfit_app.engine.outcome import NothingTrained, Paused
from ulmfit_app.runs import launcher, worker
from ulmfit_app.runs.submit import submit
from ulmfit_app.runs.worker import Task
from ulmfit_app.schema import MessageEvent, ProgressEvent, RunKind, RunResult, RunSpec

STEP = 0.05


def command(run_id: str) -> list[str]:
    """In place of `launcher.worker_command`."""
    return [sys.executable, __file__, run_id]


def job(task: Task) -> RunResult:
    """Counts steps, obeys after each."""
    sys.stdout.write("in the log\n")
    task.journal.record(MessageEvent(text=str(os.getpid())))
    for step in range(task.spec.seed):
        time.sleep(STEP)
        task.journal.record(ProgressEvent(phase="train", done=step + 1, total=task.spec.seed))
        if (wish := task.wishes()) != "go":
            raise Paused if wish == "pause" else NothingTrained
    result = RunResult(model=task.spec.name, seconds=1)
    task.folder.write_result(result)
    return result


if __name__ == "__main__":
    launcher.worker_command = command
    if sys.argv[1] == "submit":
        submit(RunSpec.model_validate_json(sys.argv[2]))
        sys.exit()
    worker.JOBS = {RunKind.TRAIN_LM: job}
    sys.exit(worker.main())
