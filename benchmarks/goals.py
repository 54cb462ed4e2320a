"""The goals of the speed work, and what records say of them. Pure functions of runs and records."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.arms import Run
from benchmarks.summary import speedup, spread

EXACT = 1e-3  # how far a loss may be off after the steps of the exact arm


@dataclass(frozen=True, slots=True)
class Goal:
    """Our arm `ours` in `figure` is to be `must`, better `aim`, times as fast as `against` by `measure`.

    `CHOSEN` in `ours` stands for the precision that the app chooses on the machine. Without `must`: told beside it.
    """

    what: str
    figure: str
    measure: str
    ours: str
    against: str
    must: float | None = None
    aim: float | None = None


CHOSEN = "chosen precision"
CACHE = "token cache"


def _serving() -> list[Goal]:
    sides, fp32 = ("ours", "plain fastai"), "ours, fp32"
    bulk, kept = "with tokenisation documents/s", tuple(f"{side}, memory kept" for side in sides)
    return [
        Goal("predict, short text, median", "predict", "short text ms", *sides, 8, 20),
        Goal("predict, short text, median, model stored in fp32", "predict", "short text ms", fp32, sides[1]),
        Goal("predict, 250-token review, median", "predict", "250-token review ms", *sides),
        Goal("bulk, tokenisation in both", "bulk", bulk, *sides, 2.5, 5),
        Goal("bulk, tokenisation in both, memory kept in both", "bulk", bulk, *kept),
        Goal("bulk, tokens given", "bulk", "tokens given documents/s", *sides),
        Goal("generate 30 words", "generate", "30 words tokens/s", *sides, 10, 25),
        Goal("generate 100 words", "generate", "100 words tokens/s", *sides),
        Goal("generate 300 words", "generate", "300 words tokens/s", *sides, 25, 60),
        Goal("generate 300 words, model stored in fp32", "generate", "300 words tokens/s", fp32, sides[1]),
    ]


def _training() -> list[Goal]:
    bf16, fp32 = "plain fastai, bf16", "plain fastai, fp32"
    ours = f"ours, {CHOSEN}"
    lm = ("language model", "tokens/s", ours)
    found = [
        Goal("language model steps", *lm, bf16, 1.15, 1.4),
        Goal("language model steps", *lm, fp32, 1.8, 2.2),
        Goal("language model steps", *lm, f"{bf16}, memory kept"),
        Goal("language model steps", *lm, f"{fp32}, memory kept"),
    ]
    for stage, must, aim in (("head", 1.5, 3.0), ("all layers", 1.15, 1.4)):
        figure = f"classifier, {stage}"
        found += [
            Goal(f"classifier steps, {stage}", figure, "documents/s", ours, bf16, must, aim),
            Goal(f"classifier steps, {stage}", figure, "documents/s", ours, fp32),
        ]
    cuda = ("language model steps, CUDA", "language model, CUDA", "tokens/s", "ours, bf16")
    return [*found, Goal(*cuda, bf16), Goal(*cuda, "plain fastai, fp16")]


GOALS = [*_serving(), *_training()]


@dataclass(frozen=True, slots=True)
class Bound:
    """A figure of the record `record`, by its `keys`, is to be at most `must`, better `aim`, in `unit`."""

    what: str
    record: str
    keys: tuple[str, ...]
    must: float
    aim: float
    unit: str


BOUNDS = [
    Bound("start to first prediction", "ui", ("start to first prediction s",), 8, 4, "s"),
    Bound("resident memory after all pages", "ui", ("resident memory after all pages MB",), 800, 500, "MB"),
]


def reached(runs: Sequence[Run], precision: str) -> list[dict[str, Any]]:
    """Each goal that these runs speak of: what, ours, against, must, aim and what was reached, as plain values."""
    rows = []
    for goal in GOALS:
        ours = goal.ours.replace(CHOSEN, precision)
        found = speedup(runs, goal.figure, goal.measure, ours, goal.against)
        if found:
            rows.append(
                {"what": goal.what, "ours": ours, "against": goal.against, "must": goal.must, "aim": goal.aim, **found}
            )
    return rows + [_cache(run) for run in runs if _answered(run, CACHE)]


def _cache(run: Run) -> dict[str, Any]:
    """The token cache has one arm: it measures its own ratio."""
    row = {"what": "25,000 tokenised reviews, later load", "ours": "later load", "against": "first load"}
    return {**row, "must": 50, "aim": 200, **spread(run.answer["samples"]["later against first"])}


def parity(runs: Sequence[Run]) -> dict[str, Any]:
    """Whether the same training gave the same: the exact arm step by step, the others within plain fastai's spread."""
    said: dict[str, Any] = {}
    exact = {run.arm.name: run.answer["samples"] for run in runs if _answered(run, "without dropout")}
    if len(exact) == 2:
        ours, plain = exact["ours"], exact["plain fastai"]
        pairs = zip(ours["training loss"], plain["training loss"], strict=True)
        said["without dropout: largest difference of a training loss"] = max(abs(a - b) for a, b in pairs)
        off = abs(ours["validation loss"][0] - plain["validation loss"][0])
        said["without dropout: difference of the validation loss"] = off
        said["without dropout: equal to 1e-3"] = off <= EXACT
    ends: dict[str, list[float]] = {}
    for run in runs:
        if _answered(run, "with dropout"):
            ends.setdefault(run.arm.name.rsplit(", seed", 1)[0], []).append(run.answer["samples"]["validation loss"][0])
    plain_ends = ends.pop("plain fastai, fp32", [])
    if len(plain_ends) > 1:
        spread, middle = max(plain_ends) - min(plain_ends), statistics.mean(plain_ends)
        said["with dropout: spread of plain fastai's seeds"] = spread
        for name, losses in ends.items():
            off = abs(statistics.mean(losses) - middle)
            said[f"with dropout: {name}, difference of the means"] = off
            said[f"with dropout: {name}, within the spread"] = off <= spread
    return said


def _answered(run: Run, figure: str) -> bool:
    return run.arm.figure == figure and "samples" in run.answer
