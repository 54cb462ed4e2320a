"""Labels and stages are a person's words: plotly must not read them as markup."""

from ulmfit_app.charts.datasets import label_balance
from ulmfit_app.charts.schedule import schedule_curve

NAME, SHOWN = "<b>a & b", "&lt;b>a &amp; b"


def test_no_label_is_markup() -> None:
    figure = label_balance([NAME], [1], [2])
    assert figure.layout.yaxis.ticktext == (SHOWN,)
    assert all(list(bar.customdata) == [SHOWN] for bar in figure.data)


def test_no_stage_is_markup() -> None:
    figure = schedule_curve([(NAME, [(0.0, 1.0), (1.0, 2.0)])], from_zero=True)
    assert set(figure.data[0].text) == {SHOWN}
