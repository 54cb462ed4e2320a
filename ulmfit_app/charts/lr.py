"""The learning-rate finder's curve: loss against learning rate, with the suggestions marked."""

import math
from collections.abc import Mapping, Sequence

from plotly.graph_objects import Figure, Scatter

HEIGHT = 320  # pixels
SHOWN = 0.9  # share of the losses that the axis reaches: the last ones shoot up and would flatten the rest
SYMBOLS = ("circle", "diamond", "square", "triangle-up")  # so that they are told apart without colour


def rate_finder(rates: Sequence[float], losses: Sequence[float], suggestions: Mapping[str, float]) -> Figure:
    """Smoothed `losses` (nats) at growing `rates`, on a logarithmic axis, with a mark at each suggestion."""
    figure = Figure(Scatter(x=list(rates), y=list(losses), name="loss", mode="lines", showlegend=False))
    for symbol, (name, rate) in zip(SYMBOLS, suggestions.items(), strict=False):
        marker = {"symbol": symbol, "size": 11}
        loss = loss_at(rate, rates, losses)
        figure.add_trace(Scatter(x=[rate], y=[loss], name=f"{name} {rate:.2g}", mode="markers", marker=marker))
    figure.update_layout(
        height=HEIGHT,
        margin={"l": 8, "r": 8, "t": 28, "b": 8},
        legend={"orientation": "h", "x": 1, "xanchor": "right", "y": 1.02, "yanchor": "bottom", "title": None},
    )
    figure.update_xaxes(title="learning rate of the last group", type="log", exponentformat="power", dtick=1)
    top, bottom = sorted(losses)[int(SHOWN * (len(losses) - 1))], min(losses)
    margin = 0.1 * (top - bottom) or 0.1
    figure.update_yaxes(title="loss, nats", automargin=True, range=[bottom - margin, top + margin])
    return figure


def loss_at(rate: float, rates: Sequence[float], losses: Sequence[float]) -> float:
    """The loss at the tried rate that is nearest to `rate` on the logarithmic axis."""
    nearest = min(range(len(rates)), key=lambda i: abs(math.log(rates[i]) - math.log(rate)))
    return losses[nearest]
