"""The events of runs as a session has read them so far: every look reads only what has come since the last one."""

from dataclasses import dataclass, field

import streamlit as st

from ulmfit_app.runs.events import read_events
from ulmfit_app.runs.folder import RunFolder
from ulmfit_app.runs.history import RunHistory

KEY = "runs-read"
MOST = 8  # runs kept in a session; the history of a long one takes megabytes


@dataclass(slots=True)
class Reading:
    """What was read up to byte `offset` of events.jsonl."""

    offset: int = 0
    told: RunHistory = field(default_factory=RunHistory)


def history_of(folder: RunFolder) -> RunHistory:
    """What the run in `folder` has told until now; empty where there is nothing to read."""
    readings: dict[str, Reading] = st.session_state.setdefault(KEY, {})
    reading = readings.pop(folder.id, None) or Reading()
    events, reading.offset = read_events(folder.events, reading.offset)
    for event in events:
        reading.told.add(event)
    readings[folder.id] = reading  # the one looked at last comes last
    while len(readings) > MOST:
        del readings[next(iter(readings))]
    return reading.told
