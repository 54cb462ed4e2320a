"""Asking whether an OS lock is held, without taking part in it. Locks themselves are `filelock.FileLock` (flock)."""

import fcntl
import os
from pathlib import Path


def held(lock: Path) -> bool:
    """True while a process holds `lock`. Makes no file, and writes nothing.

    A shared lock is tried and let go at once: readers do not see each other, and a worker that is just taking the lock
    waits for microseconds.
    """
    try:
        file = os.open(lock, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(file)
    return False
