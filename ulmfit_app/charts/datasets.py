"""What a dataset is like: how many texts each label has, how long the texts are."""

from collections.abc import Sequence
from itertools import pairwise

from plotly.graph_objects import Bar, Figure

from ulmfit_app.charts.words import plain, short

LINE = "#7d8a8b"  # seen on light and dark pages
HEIGHT = 240  # pixels; more where there are many labels
ROW = 34  # pixels of a label
LONGEST = 24  # characters of a label


def label_balance(labels: Sequence[str], train: Sequence[int], valid: Sequence[int]) -> Figure:
    """Texts of each label, the training and validation texts end to end; the first label on top."""
    figure = Figure()
    names = [short(label, LONGEST) for label in labels]
    places = list(range(len(labels)))  # two long labels may look the same
    for name, counts, shape in (("training", train, ""), ("validation", valid, "/")):
        bar = Bar(
            x=list(counts), y=places, name=name, orientation="h", marker={"pattern": {"shape": shape}},
            customdata=list(map(plain, labels)), hovertemplate="%{customdata}: %{x:,d}",
        )  # fmt: skip
        figure.add_trace(bar)
    figure.update_layout(
        barmode="stack",
        bargap=0.35,
        height=max(HEIGHT, 80 + ROW * len(labels)),
        margin={"l": 8, "r": 8, "t": 28, "b": 8},
        legend={
            "orientation": "h",
            "x": 1,
            "xanchor": "right",
            "y": 1.02,
            "yanchor": "bottom",
            "title": None,
            "traceorder": "normal",
        },
    )
    figure.update_xaxes(title="texts", tickformat=",d", rangemode="tozero")
    figure.update_yaxes(tickvals=places, ticktext=names, autorange="reversed", automargin=True)
    return figure


def length_histogram(edges: Sequence[int], counts: Sequence[int], median: int) -> Figure:
    """Texts by length in words: `counts[i]` from `edges[i]` up to, not including, `edges[i + 1]`; the median marked.

    The last bin is open upwards.
    """
    middles = [(low + high) / 2 for low, high in pairwise(edges)]
    names = [f"{low:,} to {high - 1:,} words" for low, high in pairwise(edges)]
    names[-1] = f"{edges[-2]:,} words or more"
    figure = Figure(
        Bar(x=middles, y=list(counts), customdata=names, hovertemplate="%{customdata}: %{y:,d}<extra></extra>")
    )
    side = "top left" if median > edges[-1] / 2 else "top right"
    line = {"dash": "dot", "width": 2, "color": LINE}
    figure.add_vline(x=median, line=line, annotation_text=f"median {median:,}", annotation_position=side)
    figure.update_layout(height=HEIGHT, bargap=0.05, margin={"l": 8, "r": 8, "t": 28, "b": 8}, showlegend=False)
    figure.update_xaxes(title="words", tickformat=",d", range=[0, edges[-1]])
    figure.update_yaxes(title="texts", tickformat=",d", automargin=True)
    return figure
