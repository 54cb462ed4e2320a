"""How many examples a property is tried with, and what no answer may hold."""

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hypothesis import HealthCheck, settings

from ulmfit_app.settings import CHECKOUT

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "300"))  # `make fuzz` tries more
SLACK_MB = 300  # growth of the process's peak that a test may cause, however many examples it tries

fuzz = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))


def leaks(text: str, home: Path) -> list[str]:
    """What in `text` is none of a stranger's business."""
    return [word for word in (str(home), str(CHECKOUT), "Traceback (most", '.py", line') if word in text]


@contextmanager
def bounded_memory() -> Iterator[None]:
    """At its end the peak of this process's memory has not grown by more than `SLACK_MB`."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1000  # Linux counts in KB
    assert grown < SLACK_MB, f"the peak grew by {grown:.0f} MB"
