"""What the user wishes of a run, as its worker sees it: request.json, looked at between minibatches; and its limits."""

import math
import os
import sys
import time
from collections.abc import Callable
from typing import Literal

from ulmfit_app.errors import RunError
from ulmfit_app.runs.folder import RunFolder
from ulmfit_app.schema import RunRequest

EVERY = 30.0  # seconds
Wish = Literal["go", "pause", "stop"]


class Wishes:
    """Call it to know what to do: go on, pause or stop. Costs two stats while there is no request.

    After `most` seconds (None: no limit), `worked` by all workers of the run, it is to stop as if that were wished; so
    it is when `overdrawn`, asked every `EVERY` seconds, gives a reason. Raises `RunError` if the run's folder is gone:
    nobody could ever see or stop that worker.
    """

    def __init__(
        self,
        folder: RunFolder,
        most: float | None = None,
        worked: Callable[[], float] = time.monotonic,
        overdrawn: Callable[[], str] = lambda: "",
    ) -> None:
        self._folder = folder
        self._most, self._worked = math.inf if most is None else most, worked
        self._overdrawn, self._asked, self._limit = overdrawn, -math.inf, ""
        self._path, self._lock = str(folder.request_file), str(folder.lock)
        self._seen = 0
        self._request: RunRequest | None = None

    def __call__(self) -> Wish:
        wish = self._wished()
        if wish == "go":
            self._limit = self._limit or self._reached()
            return "stop" if self._limit else "go"
        return wish

    def why(self) -> str:
        """Why the run was stopped, as a sentence."""
        return self._limit or "Stopped on request."

    def _reached(self) -> str:
        """The limit that was reached, as a sentence; empty if none was."""
        if self._worked() >= self._most:
            return f"Stopped after {self._most / 60:g} min, the limit here."
        if time.monotonic() - self._asked < EVERY:
            return ""
        self._asked = time.monotonic()
        return self._overdrawn()

    def _wished(self) -> Wish:
        try:
            changed = os.stat(self._path).st_mtime_ns  # noqa: PTH116  (a tenth of Path.stat, once a minibatch)
        except OSError:
            if not os.path.exists(self._lock):  # noqa: PTH110  (as above)
                raise RunError(f"The folder of the run {self._folder.id} was removed while it worked.") from None
            return "go"
        if changed != self._seen:
            self._seen, self._request = changed, self._read()
        return self._request.action if self._request else "go"

    def _read(self) -> RunRequest | None:
        try:
            return self._folder.request()
        except RunError as error:  # a damaged request must not cost a training
            sys.stderr.write(f"{error}\n")
            return None
