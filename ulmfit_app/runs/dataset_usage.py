"""Which runs used or still need a dataset: it is not changed under them. Changes no dataset itself."""

from collections.abc import Iterator
from contextlib import contextmanager

from ulmfit_app.errors import RunError
from ulmfit_app.runs.queue import locked
from ulmfit_app.runs.state import UNFINISHED
from ulmfit_app.runs.summary import RunSummary, summaries


def runs_on(dataset: str, content_hash: str = "") -> list[RunSummary]:
    """Runs that read the dataset of that name, or had its content under another one; the newest first."""
    return [run for run in summaries() if run.spec and _reads(run, dataset, content_hash)]


@contextmanager
def unused_dataset(dataset: str) -> Iterator[None]:
    """Keep new runs away while the block changes the dataset. Raises `RunError` if an unfinished run needs it."""
    with locked():
        using = [run for run in runs_on(dataset) if run.state in UNFINISHED]
        if using:
            raise RunError(
                f"The run {using[0].id}, which is {using[0].state}, needs the dataset “{dataset}”.",
                kept="Nothing was changed.",
                todo="Wait for it, or stop it; a paused or interrupted run can be deleted.",
            )
        yield


def _reads(run: RunSummary, dataset: str, content_hash: str) -> bool:
    spec = run.spec
    return spec is not None and (spec.dataset == dataset or (bool(content_hash) and spec.dataset_hash == content_hash))
