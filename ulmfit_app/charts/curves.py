"""Curves of a training over its steps: losses, one metric, the learning rate.

A point is (global step, value). Long series are thinned, so that a figure stays small however long the training.
"""

from collections.abc import Sequence

from plotly.graph_objects import Figure, Scatter

Points = Sequence[tuple[int, float]]

MOST = 400  # points of a line; a screen shows no more
HEIGHT = 240  # pixels


def loss_curves(train: Points, valid: Points, steps: int | None = None) -> Figure:
    """Training loss (smoothed, as fastai reports it) and validation loss (at the ends of epochs), in nats.

    `steps`: of the whole training, where known: the axis then shows how much is still to come.
    """
    figure = _figure(steps, unit="nats")
    figure.add_trace(Scatter(x=_steps(train), y=_values(train), name="training", mode="lines"))
    figure.add_trace(_at_epochs(valid, "validation"))
    figure.update_layout(showlegend=True)
    return figure


def metric_curve(name: str, points: Points, steps: int | None = None) -> Figure:
    """A metric of the validation texts at the ends of epochs."""
    figure = _figure(steps)
    figure.add_trace(_at_epochs(points, name))
    if len(points) == 1:  # plotly would show 1 around a single value
        figure.update_yaxes(range=[0.9 * points[0][1], 1.1 * points[0][1]])
    return figure


def rate_curve(points: Points, steps: int | None = None) -> Figure:
    """The learning rate of the last parameter group: one cycle for each stage."""
    figure = _figure(steps)
    figure.add_trace(Scatter(x=_steps(points), y=_values(points), name="learning rate", mode="lines"))
    figure.update_yaxes(exponentformat="power", rangemode="tozero")
    return figure


def thinned(points: Points, most: int = MOST) -> Points:
    """At most `most` of `points` at equal distances, the last one always among them."""
    every = -(-len(points) // most)
    return points if every <= 1 else points[::-1][::every][::-1]


def _at_epochs(points: Points, name: str) -> Scatter:
    """Few points, marked, so that one of them is seen and the line is told from others without colour."""
    marker = {"symbol": "diamond", "size": 8}
    return Scatter(x=_steps(points), y=_values(points), name=name, mode="lines+markers", marker=marker)


def _steps(points: Points) -> list[int]:
    return [step for step, _ in thinned(points)]


def _values(points: Points) -> list[float]:
    return [value for _, value in thinned(points)]


def _figure(steps: int | None, unit: str | None = None) -> Figure:
    figure = Figure()
    figure.update_layout(
        height=HEIGHT,
        margin={"l": 8, "r": 8, "t": 28, "b": 8},
        showlegend=False,
        legend={"orientation": "h", "x": 1, "xanchor": "right", "y": 1.02, "yanchor": "bottom", "title": None},
        hovermode="x unified",
    )
    figure.update_xaxes(title="step", range=[0, steps] if steps else None, rangemode="tozero", tickformat=",d")
    figure.update_yaxes(title=unit, automargin=True)
    return figure
