"""Arms that take no time."""

import os
from typing import Any

from benchmarks.arms import Answer, Skipped


def double(settings: dict[str, Any]) -> Answer:
    print("not the answer")  # noqa: T201
    return {"samples": {"words/s": [2.0 * settings["n"]]}, "profile": {"threads": int(os.environ["OMP_NUM_THREADS"])}}


def missing(settings: dict[str, Any]) -> Answer:
    raise Skipped("this machine has no such thing")


def broken(settings: dict[str, Any]) -> Answer:
    raise ValueError(f"wrong in {settings['folder']}/home")
