"""Following a run from outside: its events as they come, until it ends. Reads only."""

import time
from collections.abc import Iterator

from ulmfit_app.runs.events import read_events
from ulmfit_app.runs.folder import RunFolder
from ulmfit_app.runs.state import LIVE, state_of
from ulmfit_app.schema import Event

POLL = 0.25  # seconds


def follow(folder: RunFolder) -> Iterator[Event]:
    """Yield every event of the run from its first on, and end when the run is no longer live.

    Also ends if the worker dies without a word: the run is then interrupted.
    """
    offset = 0
    while True:
        live = state_of(folder) in LIVE  # before the events: what a worker wrote before its end is still read
        events, offset = read_events(folder.events, offset)
        yield from events
        if not live:
            return
        time.sleep(POLL)
