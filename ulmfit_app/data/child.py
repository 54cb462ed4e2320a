"""Processes that data is read or tokenised in. They end with the process that started them."""

import os
import signal
import sys
import threading
from importlib.machinery import ModuleSpec
from multiprocessing import parent_process
from multiprocessing.context import SpawnContext, SpawnProcess


class Child(SpawnProcess):
    """A process that does not import the script that is running: under Streamlit it would run the page once more."""

    def start(self) -> None:
        """Start it. Python 3.11 imports `__main__` into it, unless that is the `__main__` of a package."""
        main = sys.modules["__main__"]
        if main.__spec__ is None:
            main.__spec__ = ModuleSpec("ulmfit_app.__main__", None)
        super().start()


class Context(SpawnContext):
    """The multiprocessing context of such processes."""

    Process = Child


def settle() -> None:
    """To be called first in it: leave Ctrl-C to the parent, and keep torch out.

    Other libraries import torch where they find it (180 MB, 2 s) without using it here.
    """
    threading.Thread(target=_end_with_parent, daemon=True).start()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.modules.setdefault("torch", None)  # type: ignore[arg-type]


def _end_with_parent() -> None:
    """A process whose parent was killed would wait for more texts for ever (seen with Python 3.11)."""
    parent = parent_process()
    assert parent
    parent.join()
    os._exit(1)
