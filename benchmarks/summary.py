"""What runs of arms come to: medians and quartiles, ratios between arms, what failed. Numbers only, no measuring."""

import statistics
from collections.abc import Sequence
from typing import Any

from benchmarks.arms import Run

DIGITS = 4
PEAKS = {"GFLOP/s": "matrix product GFLOP/s", "GB/s": "weights read GB/s"}  # unit of a profile -> the machine's measure
SHARE_OF = ", as a share of the machine's "


def summed_up(samples: Sequence[float]) -> dict[str, float]:
    """Median, quartiles, 95th percentile (the nearest sample) and how many samples there are."""
    ordered = sorted(samples)
    low, middle, high = statistics.quantiles(ordered, n=4, method="inclusive") if len(ordered) > 1 else ordered * 3
    p95 = ordered[round(0.95 * (len(ordered) - 1))]
    numbers = {"median": middle, "q1": low, "q3": high, "p95": p95}
    return {**{name: _rounded(value) for name, value in numbers.items()}, "n": len(ordered)}


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


def figures(runs: Sequence[Run]) -> dict[str, Any]:
    """By figure: its arms with their measures summed up over all repeats, the last profile, and what went wrong."""
    found: dict[str, Any] = {}
    for figure in dict.fromkeys(run.arm.figure for run in runs):
        of_figure = [run for run in runs if run.arm.figure == figure]
        names = dict.fromkeys(run.arm.name for run in of_figure)
        found[figure] = {name: _arm([run for run in of_figure if run.arm.name == name]) for name in names}
        different = _different(of_figure)
        if different:
            found[figure]["warning"] = f"arms did not compute on the same in repeats {different}"
    return found


def add_shares(figures: dict[str, Any]) -> None:
    """Beside each GFLOP/s and GB/s of a profile: which share it is of what the machine was measured to do at most."""
    for figure, arms in figures.items():
        machine = figures.get("the machine, CUDA" if figure.endswith("CUDA") else "the machine", {})
        for name, arm in arms.items():
            precision = "bf16" if "bf16" in name else "fp32"
            peak = machine.get(f"peak, {precision}", {})
            profile = arm.get("profile", {}) if isinstance(arm, dict) else {}
            for what, value in list(profile.items()):
                for unit, measure in PEAKS.items():
                    if unit in what and measure in peak:
                        share = _rounded(value / peak[measure]["median"])
                        profile[f"{what}{SHARE_OF}{measure.removesuffix(unit).strip()}"] = share


def _arm(runs: Sequence[Run]) -> dict[str, Any]:
    answers = [run.answer for run in runs]
    good = [answer for answer in answers if "samples" in answer]
    described: dict[str, Any] = {"repeats": len(good)}
    for word in ("failed", "skipped"):
        reasons = [answer[word] for answer in answers if word in answer]
        if reasons:
            described[word] = reasons[0]
    if good:
        measures = good[0]["samples"]
        described |= {name: summed_up([s for answer in good for s in answer["samples"][name]]) for name in measures}
        described["profile"] = good[-1].get("profile", {})
    return described


def _different(runs: Sequence[Run]) -> list[int]:
    """The repeats in which arms report different things computed on."""
    told: dict[int, list[Any]] = {}
    for run in runs:
        if "same" in run.answer:
            told.setdefault(run.repeat, []).append(run.answer["same"])
    return [repeat for repeat, values in told.items() if any(value != values[0] for value in values)]


def speedup(runs: Sequence[Run], figure: str, measure: str, ours: str, theirs: str) -> dict[str, float] | None:
    """How many times faster the arm `ours` is than `theirs`: repeat by repeat, median, least and most of these.

    A measure in something per second is better when higher, any other when lower. None if an arm has no answer.
    """
    medians: dict[str, dict[int, float]] = {ours: {}, theirs: {}}
    for run in runs:
        if run.arm.figure == figure and run.arm.name in medians and measure in run.answer.get("samples", {}):
            medians[run.arm.name][run.repeat] = statistics.median(run.answer["samples"][measure])
    both = medians[ours].keys() & medians[theirs].keys()
    if not both:
        return None
    ratios = [medians[ours][repeat] / medians[theirs][repeat] for repeat in both]
    if not measure.endswith("/s"):
        ratios = [1 / ratio for ratio in ratios]
    return spread(ratios)


def spread(ratios: Sequence[float]) -> dict[str, float]:
    """Median, least and most."""
    found = {"median": statistics.median(ratios), "least": min(ratios), "most": max(ratios)}
    return {name: _rounded(value) for name, value in found.items()}
