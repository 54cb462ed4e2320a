"""Arms of a comparison: each a function of this package, called in a fresh process that answers with JSON.

Knows neither what an arm measures nor which arms are compared. An arm that fails says so, and the rest goes on.
"""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.record import ROOT
from ulmfit_app import hardware

# What an arm returns: "samples" {measure: [numbers]}, and if it likes "profile" {name: number} and "same", which must
# be equal in all arms of a figure and repeat (what they computed on).
Answer = dict[str, Any]

TIMEOUT = 1800  # seconds for one arm
OUT_OF_TIME: Answer = {"skipped": "there was no time left"}


class Skipped(Exception):  # noqa: N818 (not an error: the machine lacks something)
    """Raised by an arm that cannot be measured here; the message says why."""


@dataclass(frozen=True, slots=True)
class Arm:
    """`call` names a function ("benchmarks.serving.predict") of `settings`; `environment` is added to the process's."""

    figure: str
    name: str
    call: str
    settings: dict[str, Any]
    repeats: int = 3
    environment: dict[str, str] = field(default_factory=dict)

    def file(self, repeat: int) -> str:
        """The name under which the answer of a repeat is kept."""
        return re.sub(r"[^a-z0-9]+", "-", f"{self.figure} {self.name} {repeat}".lower()) + ".json"


@dataclass(frozen=True, slots=True)
class Run:
    """One arm's answer in one repeat: an `Answer`, or {"failed": why}, or {"skipped": why}."""

    arm: Arm
    repeat: int
    answer: Answer


def measure(arms: Sequence[Arm], folder: Path, threads: int, minutes: float | None = None) -> Iterator[Run]:
    """Every repeat of every arm, in turn and in turned order: A B, B A, A B. Answers are kept in `folder`.

    An answer that is there already is not measured again; failures are. After `minutes` the rest is skipped.
    """
    folder.mkdir(parents=True, exist_ok=True)
    until = time.monotonic() + 60 * minutes if minutes else float("inf")
    hopeless: dict[int, Answer] = {}  # arms that failed or were skipped are not tried again
    for repeat in range(max((arm.repeats for arm in arms), default=0)):
        for arm in arms if repeat % 2 == 0 else reversed(arms):
            if repeat >= arm.repeats:
                continue
            kept = folder / arm.file(repeat)
            answer = json.loads(kept.read_text()) if kept.exists() else hopeless.get(id(arm))
            if answer is None:
                answer = run(arm, folder, threads, until)
                if "samples" in answer:
                    kept.write_text(json.dumps(answer))
                else:
                    hopeless[id(arm)] = answer
            yield Run(arm, repeat, answer)


def run(arm: Arm, folder: Path, threads: int, until: float = float("inf")) -> Answer:
    """Call the arm in a process of its own with that many threads; `folder` is its home for models and texts."""
    if arm.settings.get("device") == "cuda" and "cuda" not in hardware.devices():
        return {"skipped": "this machine has no CUDA device"}
    left = until - time.monotonic()
    if left <= 0:
        return OUT_OF_TIME
    settings = {**arm.settings, "folder": str(folder), "threads": threads}
    command = [sys.executable, "-m", "benchmarks.arms", arm.call, json.dumps(settings)]
    pinned = {"OMP_NUM_THREADS": str(threads), "MKL_NUM_THREADS": str(threads), "ULMFIT_HOME": str(folder / "home")}
    environment = {**os.environ, **pinned, **arm.environment}
    try:
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=min(TIMEOUT, left)
        )
    except subprocess.TimeoutExpired as error:
        return OUT_OF_TIME if left < TIMEOUT else {"failed": f"no answer in {error.timeout:.0f} s"}
    if done.returncode:
        return {"failed": _without_paths(_last_line(done.stderr) or f"exit status {done.returncode}", folder)}
    answer: Answer = json.loads(done.stdout)
    return answer


def _last_line(text: str) -> str:
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "")


def _without_paths(text: str, folder: Path) -> str:
    """A record names no path outside the repository."""
    for path, name in ((folder, "…"), (ROOT, "."), (Path.home(), "~")):
        text = text.replace(str(path), name)
    return text


def main() -> None:
    """Call the function named by the arguments; what it prints goes to stderr, its answer to stdout."""
    answer_to = os.dup(1)
    os.dup2(2, 1)
    module, function = sys.argv[1].rsplit(".", 1)
    settings = json.loads(sys.argv[2])
    try:
        answer = getattr(import_module(module), function)(settings)
    except Skipped as error:
        answer = {"skipped": str(error)}
    os.write(answer_to, json.dumps(answer).encode())


if __name__ == "__main__":
    from benchmarks import arms  # as the arms know this module: `Skipped` would be two classes otherwise

    arms.main()
