"""A plotly figure on a page: without plotly's buttons, and with words for those who do not see it."""

import streamlit as st


def draw_figure(figure: object, key: str, alt: str) -> None:
    """Draw `figure`; `alt` says what it shows, or where the numbers are."""
    st.plotly_chart(figure, key=key, config={"displayModeBar": False}, alt=alt)
