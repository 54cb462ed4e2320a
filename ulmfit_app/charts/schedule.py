"""Learning rate and momentum over the stages of a training that has not begun."""

from collections.abc import Sequence

from plotly.graph_objects import Figure, Scatter

from ulmfit_app.charts.words import plain

HEIGHT = 200  # pixels

# (stage, its points as (epoch, value)), one after another
Curves = Sequence[tuple[str, Sequence[tuple[float, float]]]]


def schedule_curve(curves: Curves, *, from_zero: bool) -> Figure:
    """One line per stage over the epochs of the training; a dotted line where a stage ends."""
    epochs, values, names = list[float | None](), list[float | None](), list[str]()
    for stage, points in curves:
        for epoch, value in [*points, (None, None)]:  # a gap between two stages
            epochs.append(epoch)
            values.append(value)
            names.append(plain(stage))
    # In one call: add_vline and update_layout check the whole figure each time (plotly 7.1), 20 ms in a page's rerun.
    line = {"dash": "dot", "width": 1, "color": "#7d8a8b"}
    ends = [points[-1][0] for _, points in curves[:-1]]
    return Figure(
        Scatter(x=epochs, y=values, text=names, mode="lines", hovertemplate="%{text}: %{y:.3g}<extra></extra>"),
        {
            "height": HEIGHT,
            "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
            "showlegend": False,
            "shapes": [
                {"type": "line", "x0": x, "x1": x, "y0": 0, "y1": 1, "yref": "y domain", "line": line} for x in ends
            ],
            "xaxis": {"title": {"text": "epoch"}, "rangemode": "tozero", "tickformat": "~g"},
            "yaxis": {"automargin": True, "exponentformat": "power", "rangemode": "tozero" if from_zero else "normal"},
        },
    )
