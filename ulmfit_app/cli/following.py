"""Following a run on the terminal: its events in words, and what Ctrl-C does.

The worker is in a session of its own, so Ctrl-C reaches this process only.
"""

import signal
from types import FrameType, TracebackType

from ulmfit_app.cli.console import Progress, note, progress
from ulmfit_app.runs import control
from ulmfit_app.runs.folder import RunFolder
from ulmfit_app.runs.follow import follow
from ulmfit_app.runs.state import LIVE, state_of
from ulmfit_app.schema import (
    CheckpointEvent,
    EpochEvent,
    Event,
    MessageEvent,
    ProgressEvent,
    SampleEvent,
    StageEvent,
)


class CtrlC:
    """While it is entered: the first Ctrl-C has a run stopped at the next `look`, the second one interrupts."""

    def __init__(self) -> None:
        self.presses = 0
        self._told = False

    def __enter__(self) -> "CtrlC":
        self._before = signal.signal(signal.SIGINT, self._pressed)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        signal.signal(signal.SIGINT, self._before)

    def look(self, run: RunFolder) -> None:
        """Stop `run` if Ctrl-C was pressed. Not done by the signal itself, which may come while the queue is locked."""
        if self.presses and not self._told and state_of(run) in LIVE:
            self._told = True
            note("\nStopping after this minibatch. Ctrl-C again leaves the run going instead.")
            control.stop(run.id)

    def _pressed(self, number: int, frame: FrameType | None) -> None:
        self.presses += 1
        if self.presses > 1:
            raise KeyboardInterrupt


def narrate(run: RunFolder, ctrl_c: CtrlC) -> None:
    """Print the events of `run` until it ends."""
    with progress() as shown:
        narrator = Narrator(shown)
        for event in follow(run, lambda: ctrl_c.look(run)):
            narrator.tell(event)


class Narrator:
    """Turns events into lines and the state of a bar."""

    def __init__(self, shown: Progress) -> None:
        self._shown = shown
        self._stage = "load"

    def tell(self, event: Event) -> None:
        """Show one event."""
        if isinstance(event, ProgressEvent):
            label = self._stage if event.phase in ("train", self._stage) else f"{self._stage}, {event.phase}"
            self._shown.update(label, event.done, event.total, progress_detail(event))
            return
        if isinstance(event, StageEvent):
            self._stage = event.name
        self._shown.say(line_of(event))


def line_of(event: Event) -> str:
    """An event that is not progress, in words."""
    match event:
        case StageEvent():
            again = "" if event.resumed_at is None else f", resumed at step {event.resumed_at:,}"
            return f"Stage {event.number} of {event.of}: {event.name}{again}"
        case EpochEvent():
            valid = "" if event.valid_loss is None else f", valid loss {event.valid_loss:.4f}"
            metrics = "".join(f", {name} {value:.4g}" for name, value in event.metrics.items())
            losses = f"train loss {event.train_loss:.4f}{valid}{metrics}"
            return f"Epoch {event.epoch} of {event.of}: {losses} ({event.seconds:.0f} s)"
        case CheckpointEvent():
            return f"Checkpoint '{event.name}' saved at step {event.step:,}."
        case SampleEvent():
            return f"Sample: {event.text}"
        case MessageEvent():
            return event.text if event.level == "info" else f"Warning: {event.text}"
    raise TypeError(f"no words for {event!r}")


def progress_line(event: ProgressEvent) -> str:
    """An event of progress on one line."""
    return ", ".join(filter(None, (f"{event.done:,} of {event.total:,} {event.unit}", progress_detail(event))))


def progress_detail(event: ProgressEvent) -> str:
    """Loss, speed and remaining time, as far as they are known."""
    parts = [] if event.loss is None else [f"loss {event.loss:.4f}"]
    parts += [] if event.rate is None else [f"{event.rate:,.0f} {event.rate_unit}"]
    parts += [] if event.eta is None else [f"{_duration(event.eta)} left"]
    return ", ".join(parts)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"
