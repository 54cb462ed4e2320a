"""docs/results.md from the records: `make results`. A test checks that the file is what this gives."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from benchmarks import quality_page
from benchmarks.goals import BOUNDS, GOALS, Bound
from benchmarks.markdown import table
from benchmarks.record import RESULTS, ROOT
from benchmarks.summary import SHARE_OF

TARGET = ROOT / "docs" / "results.md"
HEADER = """\
# Results

Every number here is from a record in `benchmarks/results/`, rendered by `make results`; none is typed by hand.
"""
TITLES = {
    "quality": "How good the models are",
    "labels": "With few labels",
    "commands": "The long commands",
    "ui": "The app: start, reruns, memory",
    "load": "Many visitors at once",
    "fuzz": "Hostile inputs",
    "serving": "Serving, against plain fastai",
    "training": "Training, against plain fastai",
    "tokenisation": "The token cache",
    "parity": "The same training, the same result",
    "serving-full": "Serving, full size",
    "training-full": "Training, full size",
    "tokenisation-full": "The token cache, longer",
}
# Records with tables of their own.
PAGES = {"quality": quality_page.quality, "labels": quality_page.labels, "commands": quality_page.commands}
HOW = """\
Each arm ran in fresh processes with the same number of threads, the arms in turn and in turned order, after a warm-up,
on the same texts and weights (random ones of the size named below: speed does not depend on their values). “Memory
kept” is a setting of the system's allocator with which the app's workers run; ours has it in training. The last column
says how near our side comes to what this machine was measured to do at most, in the same run.
"""
LIMITS = {"matrix product": "peak of matrix products", "weights read": "speed at which weights are read"}
NUMBERS = ("median", "q1", "q3", "p95", "n")


def page() -> str:
    """The whole page."""
    order = [*TITLES, *sorted(path.stem for path in RESULTS.glob("*.json") if path.stem not in TITLES)]
    records = [json.loads(path.read_text()) for name in order if (path := RESULTS / f"{name}.json").exists()]
    return "\n".join([HEADER, *goal_table(records), *(section(record) for record in records)])


def goal_table(records: Sequence[dict[str, Any]]) -> list[str]:
    """All goals that a record speaks of, in one table; nothing without such records."""
    by_name = {record["name"]: record["figures"] for record in records}
    rows = [_goal(row, name, figures) for name, figures in by_name.items() for row in figures.get("goals", [])]
    rows += [_bound(bound, by_name[bound.record]) for bound in BOUNDS if bound.record in by_name]
    if not rows:
        return []
    heading = ("what", "ours", "against", "must", "aim", "reached", "least to most", "", "ours comes to")
    return ["## Goals", "", HOW, *table(heading, rows), ""]


def _goal(row: dict[str, Any], record: str, figures: dict[str, Any]) -> list[str]:
    times = [f"{row[name]:g}x" if row[name] else "" for name in ("must", "aim")]
    what = row["what"] + (", full size" if record.endswith("-full") else "")
    said = [f"**{row['median']:.3g}x**", f"{row['least']:.3g}x to {row['most']:.3g}x"]
    rated = verdict(row["median"], row["must"], row["aim"])
    return [what, row["ours"], row["against"], *times, *said, rated, _near_limit(row, figures.get("arms", {}))]


def _near_limit(row: dict[str, Any], arms: dict[str, Any]) -> str:
    """Which limit of the machine our arm comes nearest to, by its profile; nothing where none was measured."""
    goal = next((goal for goal in GOALS if goal.what == row["what"]), None)
    if goal is None:
        return ""
    parts = (goal.measure.rsplit(" ", 1)[0], "tokens given")  # of a profile that has parts: this one, or all of a bulk
    shares = {}
    for name, share in arms.get(goal.figure, {}).get(row["ours"], {}).get("profile", {}).items():
        part, *more = name.split(": ")
        if SHARE_OF in name and (not more or part in parts):
            shares[name.partition(SHARE_OF)[2]] = share
    limit = max(shares, key=lambda name: shares[name], default="")
    return f"{shares[limit]:.0%} of the {LIMITS[limit]}" if limit else ""


def _bound(bound: Bound, figures: dict[str, Any]) -> list[str]:
    value: Any = figures
    for key in bound.keys:
        value = value[key]
    limits = [f"{limit:g} {bound.unit}" for limit in (bound.must, bound.aim)]
    said = verdict(-value, -bound.must, -bound.aim)
    return [bound.what, "", "", *limits, f"**{value:g} {bound.unit}**", "", said, ""]


def verdict(value: float, must: float | None, aim: float | None) -> str:
    """What a value says of its goal; nothing where there is none."""
    if must is None:
        return ""
    if value < must:
        return "missed"
    return "aim reached" if aim is not None and value >= aim else "must reached"


def section(record: dict[str, Any]) -> str:
    """A record: how it was measured, then its figures."""
    machine = record["machine"]
    lines = [
        f"## {TITLES.get(record['name'], record['name'])}",
        "",
        f"`{record['command']}`, commit {record['commit']}, {record['measured']}. {machine['processor']}, "
        f"{machine['cores']} cores, {machine['memory_gb']} GB, {machine['system']}, Python {machine['python']}; "
        f"load {machine['load']} at the start.",
        "",
    ]
    figures = dict(record["figures"])
    if record["name"] in PAGES:
        return "\n".join([*lines, *PAGES[record["name"]](figures)])
    arms = figures.pop("arms", {})
    figures.pop("goals", None)
    lines += [*table(("what", "value"), [[name, str(value)] for name, value in flat(figures)]), ""]
    for figure, of_figure in arms.items():
        lines += [f"### {figure[0].upper()}{figure[1:]}", "", *arm_tables(of_figure), ""]
    return "\n".join(lines)


def arm_tables(arms: dict[str, Any]) -> Iterator[str]:
    """The arms of a figure: their measures, what did not run, and what their time went into."""
    rows, profiles, told = [], [], []
    for name, arm in arms.items():
        if name == "warning":
            told.append(f"Warning: {arm}.")
            continue
        told += [f"{name}: {word}, {arm[word]}." for word in ("failed", "skipped") if word in arm]
        measures = {measure: value for measure, value in arm.items() if isinstance(value, dict) and "median" in value}
        rows += [[name, measure, *(f"{value[key]:g}" for key in NUMBERS)] for measure, value in measures.items()]
        profile = "; ".join(f"{what} {value:g}" for what, value in arm.get("profile", {}).items())
        profiles += [f"- {name}: {profile}"] if profile else []
    yield from table(("arm", "measure", *NUMBERS), rows) if rows else ()
    yield from ["", *told] if told else ()
    if profiles:
        yield from ["", "What the time goes into:", "", *profiles]


def flat(figures: dict[str, Any], before: str = "") -> list[tuple[str, Any]]:
    """Nested figures as `(name, value)`, names joined."""
    rows: list[tuple[str, Any]] = []
    for name, value in figures.items():
        whole = f"{before}, {name}" if before else name
        rows += flat(value, whole) if isinstance(value, dict) else [(whole, value)]
    return rows


if __name__ == "__main__":
    TARGET.write_text(page())
