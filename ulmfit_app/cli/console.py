"""What the commands print: answers on stdout, everything else on stderr; bars on a terminal, plain lines elsewhere."""

import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any, Protocol

import typer

LINE_EVERY = 10.0  # seconds between progress lines where there is no terminal
INTERRUPTED = 130  # exit code, as a shell has it for SIGINT

AsJson = Annotated[bool, typer.Option("--json", help="Print exactly one JSON object on stdout.")]


def answer(text: str) -> None:
    """Print a line of the answer on stdout."""
    typer.echo(text)


def answer_json(value: dict[str, Any]) -> None:
    """Print the whole answer as one JSON object on stdout."""
    typer.echo(json.dumps(value, ensure_ascii=False, allow_nan=False))


def note(text: str) -> None:
    """Print a line that is not part of the answer, on stderr."""
    typer.echo(text, err=True)


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """`rows` under `header` in aligned columns, two spaces apart."""
    lines = [list(header), *([str(cell) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def shortened(text: str, width: int) -> str:
    """`text` on one line, cut to `width` characters with an ellipsis."""
    line = " ".join(text.split())
    return line if len(line) <= width else line[: width - 1] + "…"


@contextmanager
def interruptible(kept: Callable[[], str]) -> Iterator[None]:
    """Ctrl-C in the block ends the command with code 130, and says what `kept` gives then."""
    try:
        yield
    except KeyboardInterrupt:
        note(f"\nInterrupted. {kept()}")
        raise typer.Exit(INTERRUPTED) from None


class Progress(Protocol):
    """A bar that lines can be printed above."""

    def update(self, label: str, done: int, total: int, detail: str = "") -> None:
        """Show that `done` of `total` of what `label` says is done; a new `label` begins a new bar."""

    def say(self, text: str) -> None:
        """Print a line without disturbing the bar."""


class LineProgress:
    """Progress as plain lines on stderr: a new label, its end, and every LINE_EVERY seconds."""

    def __init__(self) -> None:
        self._label, self._since = "", 0.0

    def update(self, label: str, done: int, total: int, detail: str = "") -> None:
        """See `Progress`."""
        now = time.monotonic()
        if label != self._label or done == total or now - self._since >= LINE_EVERY:
            self._label, self._since = label, now
            note(f"{label}: {done:,} of {total:,}{', ' + detail if detail else ''}")

    def say(self, text: str) -> None:
        """See `Progress`."""
        note(text)


@contextmanager
def progress() -> Iterator[Progress]:
    """A bar on a terminal, plain lines elsewhere."""
    if not sys.stderr.isatty():
        yield LineProgress()
        return
    from ulmfit_app.cli.bar import Bar

    with Bar() as bar:
        yield bar


def counter(shown: Progress, label: str) -> Callable[[int, int], None]:
    """The small progress callback (done, total) that data and inference take."""

    def report(done: int, total: int) -> None:
        shown.update(label, done, total)

    return report
