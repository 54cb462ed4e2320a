"""The progress bar of a terminal, drawn with rich (a dependency of typer). Imported only where there is a terminal."""

from types import TracebackType

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn


class Bar:
    """One line at the bottom of stderr: label, bar, count, time, detail."""

    def __init__(self) -> None:
        self._rich = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[detail]}"),
            console=Console(stderr=True),
            transient=True,
        )
        self._task: TaskID | None = None
        self._label = ""

    def __enter__(self) -> "Bar":
        self._rich.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._rich.stop()

    def update(self, label: str, done: int, total: int, detail: str = "") -> None:
        """Move the bar; a new `label` starts it anew."""
        if self._task is None or label != self._label:
            if self._task is not None:
                self._rich.remove_task(self._task)
            self._task = self._rich.add_task(escape(label), total=total, detail="")
            self._label = label
        self._rich.update(self._task, completed=done, total=total, detail=escape(detail))

    def say(self, text: str) -> None:
        """Print a line above the bar."""
        self._rich.console.print(text, markup=False, highlight=False, soft_wrap=True)
