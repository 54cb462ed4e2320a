"""The confusion matrix of a classifier as a figure whose cells can be chosen."""

from collections.abc import Sequence

from plotly.graph_objects import Figure, Heatmap, Scatter

from ulmfit_app.charts.words import plain, short

CELL, LARGEST = 64, 620  # pixels: height of a cell, of the whole drawing
NUMBERED = 16  # labels up to which every cell has its number
WIDTH = 18  # characters of a label on an axis
EMPTY, FULL = "rgba(11,143,135,0)", "rgba(11,143,135,0.6)"  # over the page, so that text is read in both themes


def confusion_matrix(labels: Sequence[str], counts: Sequence[Sequence[int]]) -> Figure:
    """True labels by row, predicted ones by column; the darker a cell, the larger its share of the true label's texts.

    `counts`: (labels, labels). A point that is chosen carries (true, predicted) as positions in its customdata: cells
    of a heat map cannot be selected (plotly 6), so markers that nobody sees lie over them.
    """
    n = len(labels)
    shares = [[count / max(1, sum(row)) for count in row] for row in counts]
    cells = [(true, predicted) for true in range(n) for predicted in range(n)]
    height = min(LARGEST, 90 + CELL * n)
    names = [plain(label) for label in labels]
    words = [f"true {names[t]}, predicted {names[p]}: {counts[t][p]:,} ({shares[t][p]:.1%})" for t, p in cells]
    figure = Figure()
    figure.add_trace(
        Heatmap(
            z=shares, zmin=0, zmax=1, colorscale=[[0, EMPTY], [1, FULL]], showscale=False, xgap=2, ygap=2,
            hoverinfo="skip",
        )
    )  # fmt: skip
    figure.add_trace(
        Scatter(
            x=[p for _, p in cells], y=[t for t, _ in cells], mode="markers", customdata=cells, text=words,
            hovertemplate="%{text}<extra></extra>",
            marker={"symbol": "square", "size": max(8, height // n - 24), "opacity": 0},
            selected={"marker": {"opacity": 0}}, unselected={"marker": {"opacity": 0}},
        )
    )  # fmt: skip
    if n <= NUMBERED:  # as annotations: they have the theme's colour, and do not fade when a cell is chosen
        for true, predicted in cells:
            number = f"{counts[true][predicted]:,}"
            figure.add_annotation(x=predicted, y=true, text=number, showarrow=False, captureevents=False)
    ticks = {"tickvals": list(range(n)), "ticktext": [short(label, WIDTH) for label in labels], "showgrid": False}
    figure.update_layout(
        height=height, margin={"l": 8, "r": 8, "t": 8, "b": 8}, showlegend=False, dragmode=False, hovermode="closest"
    )
    figure.update_xaxes(title="predicted", zeroline=False, range=[-0.5, n - 0.5], **ticks)
    figure.update_yaxes(title="true", zeroline=False, range=[n - 0.5, -0.5], automargin=True, **ticks)
    return figure
