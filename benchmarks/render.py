"""docs/results.md from the records: `make results`. A test checks that the file is what this gives."""

import json
from typing import Any

from benchmarks.record import RESULTS, ROOT

TARGET = ROOT / "docs" / "results.md"
HEADER = """\
# Results

Every number here is from a record in `benchmarks/results/`, rendered by `make results`; none is typed by hand.
"""
TITLES = {"ui": "The app: start, reruns, memory"}


def page() -> str:
    """The whole page."""
    records = [json.loads(path.read_text()) for path in sorted(RESULTS.glob("*.json"))]
    return "\n".join([HEADER, *(section(record) for record in records)])


def section(record: dict[str, Any]) -> str:
    """A record: how it was measured, then its figures as a table."""
    machine = record["machine"]
    rows = [f"| {name} | {value} |" for name, value in flat(record["figures"])]
    return "\n".join(
        [
            f"## {TITLES.get(record['name'], record['name'])}",
            "",
            f"`{record['command']}`, commit {record['commit']}, {record['measured']}. {machine['processor']}, "
            f"{machine['cores']} cores, {machine['memory_gb']} GB, {machine['system']}, Python {machine['python']}; "
            f"load {machine['load']} at the start.",
            "",
            "| what | value |",
            "| --- | ---: |",
            *rows,
            "",
        ]
    )


def flat(figures: dict[str, Any], before: str = "") -> list[tuple[str, Any]]:
    """Nested figures as `(name, value)`, names joined."""
    rows: list[tuple[str, Any]] = []
    for name, value in figures.items():
        whole = f"{before}, {name}" if before else name
        rows += flat(value, whole) if isinstance(value, dict) else [(whole, value)]
    return rows


if __name__ == "__main__":
    TARGET.write_text(page())
