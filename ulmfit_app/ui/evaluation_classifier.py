"""The evaluation of a classifier, drawn: the figures, the scores of every label, what is taken for what, the texts."""

from collections.abc import Mapping
from functools import partial
from html import escape
from typing import Any

import streamlit as st

from ulmfit_app.charts.confusion import confusion_matrix
from ulmfit_app.runs.folder import RunFolder
from ulmfit_app.schema import ClassifierReport
from ulmfit_app.ui.errors import plain
from ulmfit_app.ui.evaluation_texts import Judged, draw_texts, judged_texts
from ulmfit_app.ui.figure import draw_figure_downloads

MOST_CONFUSED = 10
DRAWN = 60  # labels up to which the matrix is drawn: the square of them goes to the browser
CELL = "cell"  # in the URL
Cell = tuple[int, int]  # positions of the true and the predicted label


def draw_classifier(folder: RunFolder, report: ClassifierReport) -> None:
    """Draw the report, then the texts that it is of."""
    _draw_figures(report)
    rows = judged_texts(folder.table) if folder.table.exists() else []
    left, right = st.columns([3, 2], gap="large")
    with left:
        cell = _draw_confusion(folder.id, report)
    with right:
        _draw_scores(report)
        _draw_most_confused(report)
    _draw_cell(folder.id, report, cell, rows)
    losses, results = st.tabs(["Top losses", "All texts"])
    with losses:
        st.caption("The texts on which the model was most surely wrong: look here first for wrong labels.")
        draw_texts(rows, f"losses-{folder.id}", order=lambda row: -row.loss)
    with results:
        st.caption("Text, true label and prediction as in fastai's `show_results`, in the order of the texts.")
        draw_texts(rows, f"results-{folder.id}")


def _draw_figures(report: ClassifierReport) -> None:
    majority = max(report.per_class, key=lambda score: score.support)
    figures = {
        "accuracy": f"{report.accuracy:.1%}",
        "its 95% interval": f"{report.low:.1%} to {report.high:.1%}",
        "macro-F1": f"{report.f1:.3f}",
        "loss in nats": f"{report.loss:.3f}",
        "calibration error": f"{report.ece:.1%}",
        "texts": f"{report.n:,}",
    }
    items = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in figures.items())
    st.html(f"<dl class='ulmfit-figures'>{items}</dl>")
    st.markdown(
        f"Always answering “{plain(majority.label)}” would be right on {majority.support / report.n:.1%}. The interval "
        "(Wilson) says how far the accuracy on other texts of this kind may lie from this one; macro-F1 counts every "
        "label alike, however rare; the calibration error is the mean distance between the probability of a prediction "
        "and how often such predictions are right."
    )


def _draw_confusion(run_id: str, report: ClassifierReport) -> Cell:
    """Draw the matrix, unless it is too large, and the same choice as a list; returns the cell that is chosen."""
    st.subheader("What is taken for what", anchor=False)
    chart, pick = f"matrix-{run_id}", f"cell-{run_id}"
    if len(report.labels) <= DRAWN:
        _draw_matrix(report, chart, pick)
    else:
        st.caption(f"A matrix of {len(report.labels):,} labels could not be read. The list has every cell with texts.")
    return _choose_cell(report, pick)


def _choose_cell(report: ClassifierReport, pick: str) -> Cell:
    """Let the person choose under the key `pick`; a link's cell comes first, and the choice is kept in the URL."""
    names = {f"{true}-{said}": (true, said) for true, said in cells(report)}
    asked = st.query_params.get(CELL)
    if asked in names and pick not in st.session_state:
        st.session_state[pick] = names[asked]
    cell: Cell = st.selectbox(
        "Texts of a cell (or choose one in the matrix)",
        list(names.values()),
        key=pick,
        format_func=partial(_cell_words, report),
    )
    name = "{}-{}".format(*cell)
    if asked != name and (asked is not None or name != next(iter(names))):
        st.query_params[CELL] = name
    return cell


def _draw_matrix(report: ClassifierReport, chart: str, pick: str) -> None:
    """Draw it under the key `chart`; a click chooses in the list `pick`."""
    figure = confusion_matrix(report.labels, report.confusion)
    st.plotly_chart(
        figure,
        key=chart,
        on_select=partial(_take_over, chart, pick),
        selection_mode="points",
        config={"displayModeBar": False},
        alt="Confusion matrix, true labels by row, predicted labels by column; the list below it has every cell.",
    )
    counts = [(label, *row) for label, row in zip(report.labels, report.confusion, strict=True)]
    draw_figure_downloads(figure, chart, [("true label", *report.labels), *counts])


def cells(report: ClassifierReport) -> list[Cell]:
    """The cells that have texts: mistakes by their number, then what was right."""
    n = len(report.labels)
    found = [(true, said) for true in range(n) for said in range(n) if report.confusion[true][said]]
    return sorted(found, key=lambda cell: (cell[0] == cell[1], -report.confusion[cell[0]][cell[1]]))


def chosen_cell(event: Mapping[str, Any]) -> Cell | None:
    """The cell that a selection in the matrix means, None where it was taken back."""
    points = event.get("selection", {}).get("points", [])
    return (int(points[0]["y"]), int(points[0]["x"])) if points else None


def _take_over(chart: str, pick: str) -> None:
    """A cell chosen in the matrix is the one chosen in the list."""
    cell = chosen_cell(st.session_state[chart])
    if cell is not None:
        st.session_state[pick] = cell


def _cell_words(report: ClassifierReport, cell: Cell) -> str:
    true, said = (report.labels[position] for position in cell)
    n = f"{report.confusion[cell[0]][cell[1]]:,}"
    return f"{true}, recognised ({n})" if true == said else f"{true}, taken for {said} ({n})"


def _draw_cell(run_id: str, report: ClassifierReport, cell: Cell, rows: list[Judged]) -> None:
    true, said = (report.labels[position] for position in cell)
    st.subheader(plain(_cell_words(report, cell)), anchor=False)
    wanted = [row for row in rows if (row.label, row.prediction) == (true, said)]
    draw_texts(wanted, f"texts-{run_id}-{cell[0]}-{cell[1]}", order=lambda row: row.chance)


def _draw_scores(report: ClassifierReport) -> None:
    st.subheader("Every label", anchor=False)
    rows = "".join(
        f"<tr><th scope='row'>{escape(score.label)}</th><td>{score.precision:.3f}</td><td>{score.recall:.3f}</td>"
        f"<td>{score.f1:.3f}</td><td>{score.support:,}</td></tr>"
        for score in report.per_class
    )
    head = "".join(f"<th scope='col'>{name}</th>" for name in ("label", "precision", "recall", "F1", "texts"))
    _draw_table("Scores by label", head, rows)


def _draw_most_confused(report: ClassifierReport) -> None:
    """What fastai's `most_confused` lists."""
    mistakes = [cell for cell in cells(report) if cell[0] != cell[1]][:MOST_CONFUSED]
    st.subheader("Most confused", anchor=False)
    if not mistakes:
        st.markdown("No text was taken for another label.")
        return
    rows = "".join(
        f"<tr><th scope='row'>{escape(report.labels[true])}</th><td>{escape(report.labels[said])}</td>"
        f"<td>{report.confusion[true][said]:,}</td>"
        f"<td>{report.confusion[true][said] / report.per_class[true].support:.1%}</td></tr>"
        for true, said in mistakes
    )
    head = "".join(f"<th scope='col'>{name}</th>" for name in ("true", "predicted", "texts", "of the label"))
    _draw_table("Most confused labels", head, rows)


def _draw_table(name: str, head: str, rows: str) -> None:
    st.html(
        f"<div class='ulmfit-scores' role='region' aria-label='{name}' tabindex='0'><table>"
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )
