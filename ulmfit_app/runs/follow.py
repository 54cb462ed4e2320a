"""Following a run from outside: its events as they come, until it ends, is paused, or dies."""

import time
from collections.abc import Callable, Iterator

from ulmfit_app.runs.dispatch import dispatch
from ulmfit_app.runs.events import read_events
from ulmfit_app.runs.folder import RunFolder
from ulmfit_app.runs.state import LIVE, state_of
from ulmfit_app.schema import Event, RunState

POLL = 0.25  # seconds


def follow(folder: RunFolder, between: Callable[[], None] | None = None) -> Iterator[Event]:
    """Yield every event of the run from its first on, and end when the run is no longer live.

    While the run waits in the queue it is dispatched from here: the worker before it may have been killed, and there
    may be no server. `between` is called at every look.
    """
    offset = 0
    while True:
        state = state_of(folder)  # before the events: what a worker wrote before its end is still read
        events, offset = read_events(folder.events, offset)
        yield from events
        if state not in LIVE:
            return
        if state is RunState.QUEUED:
            dispatch()
        if between is not None:
            between()
        time.sleep(POLL)
