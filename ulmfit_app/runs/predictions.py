"""How a bulk prediction is written down: the fields of a row of the file, then what the model says of it.

The same in the table of a run and on the page that predicts a short file at once.
"""

from collections.abc import Collection, Sequence

from ulmfit_app.schema import Prediction


def header(columns: Sequence[str], labels: Sequence[str]) -> list[str]:
    """The names of a file's `columns`, then of the prediction, its probability and that of every one of `labels`."""
    ours = ("prediction", "probability", *(f"p_{label}" for label in labels))
    return [*columns, *(_apart(name, columns) for name in ours)]


def row_of(fields: Sequence[str], said: Prediction | None, labels: Sequence[str]) -> list[object]:
    """The row under `header`; the last fields are empty where there is no text, hence no prediction."""
    if said is None:
        return [*fields, "", "", *[""] * len(labels)]
    return [*fields, said.label, said.probabilities[said.label], *said.probabilities.values()]


def _apart(name: str, taken: Collection[str]) -> str:
    """`name`, with as many `_` after it as keep it apart from those `taken`."""
    while name in taken:
        name += "_"
    return name
