"""How good methods are with few labels: accuracy over the number of labels, one line a method."""

from collections.abc import Mapping, Sequence

from plotly.graph_objects import Figure, Scatter

COLOURS = ("#0b8f87", "#c2570c", "#5b6770")  # told apart by the marks too
MARKS, DASHES = ("circle", "square", "diamond"), ("solid", "dash", "dot")
SIZE = 720, 400  # pixels

# Numbers of labels with the accuracies (0 to 1) of their draws, ascending.
Curve = Sequence[tuple[int, Sequence[float]]]


def label_curves(methods: Mapping[str, Curve]) -> Figure:
    """A line through the means of the draws; bars from the least to the most accurate draw. At most three methods."""
    figure = Figure()
    for (name, curve), colour, mark, dash in zip(methods.items(), COLOURS, MARKS, DASHES, strict=False):
        means = [sum(draws) / len(draws) for _, draws in curve]
        above = [max(draws) - mean for (_, draws), mean in zip(curve, means, strict=True)]
        below = [mean - min(draws) for (_, draws), mean in zip(curve, means, strict=True)]
        spread = {"type": "data", "symmetric": False, "array": above, "arrayminus": below, "thickness": 1.2}
        line, marker = {"color": colour, "dash": dash}, {"symbol": mark, "size": 9}
        numbers = [n for n, _ in curve]
        figure.add_trace(
            Scatter(x=numbers, y=means, error_y=spread, name=name, mode="lines+markers", line=line, marker=marker)
        )
    ticks = sorted({n for curve in methods.values() for n, _ in curve})
    width, height = SIZE
    figure.update_layout(
        width=width,
        height=height,
        template="plotly_white",
        showlegend=True,
        margin={"l": 64, "r": 16, "t": 48, "b": 56},
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
    )
    figure.update_xaxes(title="labels", type="log", tickvals=ticks, ticktext=[f"{n:,}" for n in ticks])
    figure.update_yaxes(title="accuracy", tickformat=".0%")
    return figure
