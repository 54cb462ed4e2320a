"""The chart of rates and momenta over the stages."""

from ulmfit_app.charts.schedule import schedule_curve


def test_stages_are_told_apart_by_a_gap_and_a_line() -> None:
    figure = schedule_curve([("head", [(0, 1.0), (1, 2.0)]), ("all", [(1, 0.5), (3, 0.1)])], from_zero=True)
    (line,) = figure.data
    assert list(line.x) == [0, 1, None, 1, 3, None]
    assert list(line.y) == [1.0, 2.0, None, 0.5, 0.1, None]
    assert [shape.x0 for shape in figure.layout.shapes] == [1]
