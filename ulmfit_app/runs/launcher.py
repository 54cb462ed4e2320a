"""Starting workers: the only subprocess import. A launcher is only how the same worker command is started.

It does not know what the run does.
"""

import subprocess
import sys
import threading
from pathlib import Path

from ulmfit_app.errors import RunError
from ulmfit_app.runs.folder import RunFolder
from ulmfit_app.settings import environment_with

# glibc gives large blocks back to the system and takes them anew, page by page, in every training step: tensors of
# hundreds of MB cost more time that way than in arithmetic. Kept, a step takes half the time; other systems ignore it.
KEEP_MEMORY = "glibc.malloc.mmap_max=0:glibc.malloc.trim_threshold=1099511627776"


def worker_command(run_id: str) -> list[str]:
    """The command that works on a run, on this machine or any other."""
    return [sys.executable, "-m", "ulmfit_app.runs.worker", run_id]


def start(folder: RunFolder) -> int:
    """Start the worker in a session of its own, so that it outlives this process; returns its process id at once.

    Raises `RunError` if the system starts no process.
    """
    try:
        with folder.log.open("ab") as log:
            process = subprocess.Popen(
                worker_command(folder.id),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env=environment_with(GLIBC_TUNABLES=KEEP_MEMORY),
            )
    except OSError as error:
        raise RunError(
            f"The worker of the run {folder.id} could not be started ({error.strerror}).",
            kept="The run waits in the queue.",
        ) from error
    # A long-lived parent must collect the worker when it ends, or it stays in the process table.
    threading.Thread(target=process.wait, daemon=True).start()
    return process.pid


def serve_app(script: Path, port: int) -> int:
    """Run the Streamlit server on `script` in the foreground, in its folder; returns its exit code."""
    command = [sys.executable, "-m", "streamlit", "run", script.name, "--server.port", str(port)]
    with subprocess.Popen(command, cwd=script.parent) as server:
        while True:
            try:
                return server.wait()
            except KeyboardInterrupt:
                continue  # the terminal sends Ctrl-C to the server too, which then ends in its own time
