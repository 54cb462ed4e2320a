"""docs/results.md is what the records give; records name no path outside the repository."""

import json

import pytest

from benchmarks import render
from benchmarks.record import RESULTS

RECORDS = sorted(RESULTS.glob("*.json"))


def test_the_page_is_current() -> None:
    assert render.TARGET.read_text() == render.page()


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.stem)
def test_a_record_says_how_it_was_measured(path) -> None:
    record = json.loads(path.read_text())
    assert set(record) == {"name", "command", "commit", "measured", "machine", "figures"}
    assert record["name"] == path.stem and record["figures"]
    assert "/home/" not in path.read_text() and "/root/" not in path.read_text()


def test_nested_figures_become_rows() -> None:
    assert render.flat({"a": 1, "b": {"c": 2, "d": {"e": 3}}}) == [("a", 1), ("b, c", 2), ("b, d, e", 3)]
