"""Markdown tables as lines of text."""

from collections.abc import Sequence


def table(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of a Markdown table; columns of numbers to the right."""
    columns = [[row[column].lstrip("*") for row in rows if row[column]] for column in range(len(heading))]
    marks = ["---:" if cells and all(cell[0].isdigit() for cell in cells) else "---" for cells in columns]
    return [f"| {' | '.join(cells)} |" for cells in (heading, marks, *rows)]


def cell(text: str) -> str:
    """`text` on one line and without what would end a cell or begin HTML."""
    return " ".join(text.split()).replace("|", "/").replace("<", "&lt;")
