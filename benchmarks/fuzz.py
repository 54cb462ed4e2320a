"""`make fuzz`: every property of tests/fuzz with ten thousand examples, and the record of it. Hours.

    python -m benchmarks.fuzz [EXAMPLES]

The examples are drawn anew each time. Exits as pytest does: a property that fails is told with its smallest example.
"""

import os
import resource
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks import record

EXAMPLES = 10_000
TESTS = "tests/fuzz"


def main(examples: int) -> int:
    """Run the tests and write the record; pytest's exit code."""
    started, begun = record.machine(), time.monotonic()
    with TemporaryDirectory() as place:
        report = Path(place) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-p", "no:xdist", f"--junitxml={report}", TESTS]
        environment = {**os.environ, "FUZZ_EXAMPLES": str(examples), "OMP_NUM_THREADS": "1"}
        code = subprocess.run(command, cwd=record.ROOT, env=environment, check=False).returncode
        properties = tried(report)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1000  # Linux counts in KB
    figures = {
        "examples for each property": examples,
        "properties": len(properties),
        "failed": sum(outcome != "passed" for outcome, _ in properties.values()),
        "minutes": round((time.monotonic() - begun) / 60, 1),
        "peak memory, MB": round(peak),
        "seconds": {name: seconds for name, (_, seconds) in properties.items()},
    }
    record.write("fuzz", "make fuzz", started, figures)
    return code


def tried(report: Path) -> dict[str, tuple[str, float]]:
    """Outcome and seconds of every test in pytest's `report`, by file and name."""
    found = {}
    for case in ET.parse(report).iter("testcase"):
        bad = any(child.tag in ("failure", "error", "skipped") for child in case)
        name = f"{case.attrib['classname'].split('.')[-1].removeprefix('test_fuzz_')}, {case.attrib['name']}"
        found[_unique(name, found)] = ("failed" if bad else "passed", round(float(case.attrib["time"]), 1))
    return found


def _unique(name: str, taken: dict[str, Any]) -> str:
    """`name`, with a number where a test has several cases that pytest names alike."""
    return next(each for n in range(1, 1000) if (each := name if n == 1 else f"{name} {n}") not in taken)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else EXAMPLES))
