"""How often words occur, by rank: nearly a straight line if both axes are logarithmic (Zipf's law)."""

from collections.abc import Sequence

import numpy as np
from plotly.graph_objects import Figure, Scatter

MOST = 300  # points of the line: equal distances on the logarithmic axis
HEIGHT = 300  # pixels


def rank_frequency(counts: Sequence[int], kept: int) -> Figure:
    """The `counts` of words, descending; the first `kept` are in the vocabulary, the others become `xxunk`."""
    ranks = thinned_ranks(len(counts))
    figure = Figure()
    figure.add_trace(_line(counts, [rank for rank in ranks if rank <= kept], "in the vocabulary", "solid"))
    figure.add_trace(_line(counts, [rank for rank in ranks if rank > kept], "become xxunk", "dot"))
    figure.update_layout(
        height=HEIGHT,
        margin={"l": 8, "r": 8, "t": 28, "b": 8},
        legend={"orientation": "h", "x": 1, "xanchor": "right", "y": 1.02, "yanchor": "bottom", "title": None},
    )
    figure.update_xaxes(type="log", title="rank of the word", dtick=1, exponentformat="none", separatethousands=True)
    figure.update_yaxes(
        type="log", title="occurrences", dtick=1, exponentformat="none", separatethousands=True, automargin=True
    )
    return figure


def thinned_ranks(words: int, most: int = MOST) -> list[int]:
    """At most `most` of the ranks 1 to `words`, at equal distances of their logarithm, the first and last included."""
    return np.unique(np.geomspace(1, max(1, words), most).round().astype(int)).tolist() if words else []


def _line(counts: Sequence[int], ranks: list[int], name: str, dash: str) -> Scatter:
    return Scatter(
        x=ranks, y=[counts[rank - 1] for rank in ranks], name=name, mode="lines", line={"dash": dash, "width": 3}
    )
