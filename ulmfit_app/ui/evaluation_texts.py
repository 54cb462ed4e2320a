"""The texts of an evaluation, row by row: read from its table.csv, drawn as fastai's `show_results` does."""

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

import streamlit as st

from ulmfit_app import limits

SHOWN = 10  # rows of one page
WIDTH = 2000  # characters of a text that are kept; the download has all
FOLDED = 200  # characters of a text that are always seen


@dataclass(frozen=True, slots=True)
class Judged:
    """A text with its true label, the model's, the probability it gave the true one, the loss in nats."""

    row: int
    text: str
    label: str
    prediction: str
    chance: float
    loss: float


def judged_texts(path: Path) -> list[Judged]:
    """The rows of the table at `path`, read once for all sessions."""
    return _read(str(path), path.stat().st_mtime_ns)


@st.cache_resource(max_entries=4, show_spinner="Reading the texts")
def _read(path: str, changed: int) -> list[Judged]:
    """`changed` belongs to the key of the cache."""
    with limits.one_at_a_time(), Path(path).open(newline="", encoding="utf-8") as file:
        return [
            Judged(
                int(row["row"]), row["text"][:WIDTH], row["label"], row["prediction"],
                float(row["probability_of_label"]), float(row["loss"]),
            )
            for row in csv.DictReader(file)
        ]  # fmt: skip


def draw_texts(rows: Sequence[Judged], key: str, order: Callable[[Judged], float] | None = None) -> None:
    """Draw `rows`, in this order or by `order`, a page at a time."""
    rows = rows if order is None else sorted(rows, key=order)
    pages = -(-len(rows) // SHOWN)
    number = st.pagination(pages, key=key) if pages > 1 else 1
    shown = rows[(number - 1) * SHOWN : number * SHOWN]
    head = "".join(f"<th scope='col'>{name}</th>" for name in ("text", "true", "predicted", "p(true)", "loss", "row"))
    body = "".join(_line(row) for row in shown)
    st.html(
        "<div class='ulmfit-judged' role='region' aria-label='Texts' tabindex='0'><table>"
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _line(row: Judged) -> str:
    wrong = " class='ulmfit-wrong'" if row.label != row.prediction else ""
    cells = {
        "true": escape(row.label),
        "predicted": f"<span{wrong}>{escape(row.prediction)}</span>",
        "p(true)": f"{row.chance:.1%}",
        "loss": f"{row.loss:.3f}",
        "row": f"{row.row:,}",
    }
    facts = "".join(f"<td data-name='{name}'>{cell}</td>" for name, cell in cells.items())
    return f"<tr><td>{_folded(row.text)}</td>{facts}</tr>"


def _folded(text: str) -> str:
    """A long text opens when its beginning is clicked."""
    if len(text) <= FOLDED:
        return escape(text)
    rest = escape(text[FOLDED:]) + ("…" if len(text) == WIDTH else "")
    return f"<details><summary>{escape(text[:FOLDED])}</summary>{rest}</details>"
