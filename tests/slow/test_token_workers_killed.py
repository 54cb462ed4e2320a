"""The processes that split texts end with the process that started them, even if that is killed."""

import os
import signal
import subprocess
import sys
import time

import psutil

SCRIPT = """
from ulmfit_app.data.token_workers import tokenised_chunks

if __name__ == "__main__":
    for _ in tokenised_chunks(["a film of many words "] * 400_000, "en", 2):
        print("begun", flush=True)
"""


def test_the_workers_of_a_killed_process_end() -> None:
    with subprocess.Popen([sys.executable, "-c", SCRIPT], stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline() == b"begun\n"
        workers = psutil.Process(process.pid).children()
        os.kill(process.pid, signal.SIGKILL)
    assert len(workers) >= 2
    until = time.monotonic() + 60
    while any(_lives(worker) for worker in workers):
        assert time.monotonic() < until
        time.sleep(0.1)


def _lives(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
