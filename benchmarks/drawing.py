"""A plotly figure as an SVG file of the docs, drawn by the system's Chromium; says which numbers it is of."""

import hashlib
import json
from pathlib import Path
from typing import Any

from benchmarks.record import ROOT
from tools.chromium import chromium

LABELS = ROOT / "docs" / "figures" / "labels.svg"
DRAW = """() => Plotly.toImage(document.querySelector(".plotly-graph-div"), {format: "svg"})
    .then(url => decodeURIComponent(url.slice(url.indexOf(",") + 1)))"""


def write(figure: Any, path: Path, figures: dict[str, Any]) -> None:
    """Draw the plotly `figure` of the record's `figures` to `path`. Raises `LookupError` without a browser."""
    with chromium() as browser:
        page = browser.new_page()
        page.set_content(figure.to_html(include_plotlyjs=True))
        picture = page.evaluate(DRAW)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{picture}\n<!-- {mark(figures)} -->\n", encoding="utf-8")


def mark(figures: dict[str, Any]) -> str:
    """Which numbers a drawing is of: a hash of them."""
    return hashlib.sha256(json.dumps(figures, sort_keys=True).encode()).hexdigest()
