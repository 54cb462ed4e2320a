"""Reading and writing events.jsonl: one JSON object a line, appended by the worker only.

Numbers that are not finite are written as Python's json writes them (`NaN`, `Infinity`).
"""

import errno
import json
import os
import time
from dataclasses import asdict
from pathlib import Path
from typing import BinaryIO

from ulmfit_app.schema import EVENTS, Event, ProgressEvent

PROGRESS_EVERY = 0.5  # seconds: at most two progress events a second


def read_events(path: Path, offset: int = 0) -> tuple[list[Event], int]:
    """The events of `path` from byte `offset` on, and the offset to go on from.

    An unfinished last line is left for the next call. A line that cannot be read (an event type of a newer version,
    a sector lost in a power cut) is skipped.
    """
    try:
        with path.open("rb") as file:
            file.seek(offset)
            data = file.read()
    except FileNotFoundError:
        return [], offset
    complete = data[: data.rfind(b"\n") + 1]
    parsed = (_parse(line) for line in complete.splitlines())
    return [event for event in parsed if event is not None], offset + len(complete)


def _parse(line: bytes) -> Event | None:
    try:
        fields = json.loads(line)
        return EVENTS[fields.pop("type")](**fields)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


class EventWriter:
    """Appends events, at most two progress events a second. The last of a stage or phase is always written."""

    def __init__(self, path: Path) -> None:
        """Open `path` for appending; a line that a killed worker left unfinished is cut off."""
        _cut_torn_line(path)
        self._file: BinaryIO = path.open("ab", buffering=0)
        self._held: ProgressEvent | None = None
        self._last_progress = float("-inf")

    def write(self, event: Event) -> None:
        """Append `event`, or hold it back if it is progress and the last one is too recent."""
        if isinstance(event, ProgressEvent):
            self._progress(event)
        else:
            self._flush()
            self._append(event)

    def close(self) -> None:
        """Write what was held back and close the file."""
        try:
            self._flush()
        finally:
            self._file.close()

    def _progress(self, event: ProgressEvent) -> None:
        if self._held is not None and self._held.phase != event.phase:
            self._flush()
        self._held = event
        if time.monotonic() - self._last_progress >= PROGRESS_EVERY:
            self._flush()

    def _flush(self) -> None:
        if self._held is not None:
            self._append(self._held)
            self._held, self._last_progress = None, time.monotonic()

    def _append(self, event: Event) -> None:
        line = json.dumps(asdict(event), ensure_ascii=False).encode() + b"\n"
        end = self._file.seek(0, os.SEEK_END)
        if self._file.write(line) < len(line):  # a full disk takes a part and does not complain until the next write
            self._file.truncate(end)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), self._file.name)


def _cut_torn_line(path: Path) -> None:
    if not path.exists():
        return
    with path.open("r+b") as file:
        file.truncate(file.read().rfind(b"\n") + 1)
