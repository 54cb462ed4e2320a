"""Starting workers: the only subprocess import. A launcher is only how the same worker command is started.

It does not know what the run does.
"""

import subprocess
import sys
import threading
import time
from pathlib import Path

from ulmfit_app.errors import RunError
from ulmfit_app.runs.folder import RunFolder
from ulmfit_app.runs.state import lock_held

START_TIMEOUT = 60.0  # seconds until a worker holds its lock; measured: well under one
POLL = 0.02


def worker_command(run_id: str) -> list[str]:
    """The command that works on a run, on this machine or any other."""
    return [sys.executable, "-m", "ulmfit_app.runs.worker", run_id]


def start(folder: RunFolder) -> None:
    """Start the worker in a session of its own, so that it outlives this process, and wait until it holds its lock.

    Raises `RunError` if it ends before that.
    """
    with folder.log.open("ab") as log:
        process = subprocess.Popen(
            worker_command(folder.id), stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    # A long-lived parent must collect the worker when it ends, or it stays in the process table.
    threading.Thread(target=process.wait, daemon=True).start()
    deadline = time.monotonic() + START_TIMEOUT
    while not lock_held(folder) and folder.status() is None:
        if process.poll() is not None and folder.status() is None:
            raise RunError(f"The worker of the run {folder.id} did not start.", todo=f"Its output is in {folder.log}.")
        if time.monotonic() > deadline:
            raise RunError(
                f"The worker of the run {folder.id} did not begin within {START_TIMEOUT:.0f} seconds.",
                kept="It may still do so.",
                todo=f"Look again with `ulmfit runs show {folder.id}`.",
            )
        time.sleep(POLL)


def serve_app(script: Path, port: int) -> int:
    """Run the Streamlit server on `script` in the foreground, in its folder; returns its exit code."""
    command = [sys.executable, "-m", "streamlit", "run", script.name, "--server.port", str(port)]
    with subprocess.Popen(command, cwd=script.parent) as server:
        while True:
            try:
                return server.wait()
            except KeyboardInterrupt:
                continue  # the terminal sends Ctrl-C to the server too, which then ends in its own time
