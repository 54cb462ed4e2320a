"""A plotly figure on a page: without plotly's buttons, with words for those who do not see it, and to take away."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import streamlit as st

from ulmfit_app.charts import export
from ulmfit_app.ui.download import draw_download


def draw_figure(figure: Any, key: str, alt: str) -> None:
    """Draw `figure` and its downloads; `alt` says what it shows, or where the numbers are."""
    st.plotly_chart(figure, key=key, config={"displayModeBar": False}, alt=alt)
    draw_figure_downloads(figure, key)


def draw_figure_downloads(figure: Any, key: str, rows: Sequence[export.Row] | None = None) -> None:
    """Draw them, as files called `key`. `rows`: the numbers as a table, where the figure's points say them badly."""
    with st.container(horizontal=True, horizontal_alignment="right", gap="small", key=f"figure-files-{key}"):
        _button("CSV", "The numbers in the figure", lambda: export.as_csv(rows or export.numbers(figure)), key)
        _button("HTML", "The figure as a page of its own, 5 MB, for any browser", partial(export.as_html, figure), key)


def _button(form: str, words: str, build: Callable[[], bytes], key: str) -> None:
    end = form.lower()
    draw_download(form, build, f"{key}.{end}", f"text/{end}", key=f"{key}-{end}", words=words, look="tertiary")
