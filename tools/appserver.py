"""The app as a process of its own on a free port, for the browser tests, the screenshots and the benchmarks."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
START_SECONDS = 180


@dataclass(frozen=True)
class Server:
    """A running app: its address, what it logs, its process."""

    url: str
    log: Path
    pid: int


@contextmanager
def serve(home: Path, log: Path) -> Iterator[Server]:
    """The app over the home folder `home`, up when the block begins; ended like a service manager ends it.

    Raises `RuntimeError` with the log if it does not come up.
    """
    port = _free_port()
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
    environment = {**os.environ, "ULMFIT_HOME": str(home), "HOME": str(log.parent)}  # as on a first start
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=CHECKOUT, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
    try:
        _wait_until_up(process, f"http://localhost:{port}/_stcore/health", log)
        yield Server(f"http://localhost:{port}", log, process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_up(process: "subprocess.Popen[bytes]", url: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            urllib.request.urlopen(url)
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise RuntimeError(f"the server did not start:\n{log.read_text()}")
