"""Every benchmark with a `main` runs it: `python -m benchmarks.NAME` would else do nothing and succeed."""

import ast
from pathlib import Path

import pytest

from benchmarks.record import ROOT

PROGRAMS = [
    path
    for path in sorted((ROOT / "benchmarks").glob("*.py"))
    if any(isinstance(node, ast.FunctionDef) and node.name == "main" for node in ast.parse(path.read_text()).body)
]


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_a_program_runs_its_main(path: Path) -> None:
    guard = ast.parse(path.read_text()).body[-1]
    assert isinstance(guard, ast.If) and ast.unparse(guard.test) == "__name__ == '__main__'"
    assert "main(" in ast.unparse(guard)
