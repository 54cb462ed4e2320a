"""The learning-rate finder's chart."""

import pytest

from ulmfit_app.charts.lr import loss_at, rate_finder

RATES = [1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0]
LOSSES = [0.7, 0.69, 0.6, 0.5, 0.55, 40.0]


def test_marks_lie_on_the_curve() -> None:
    curve, valley, steep = rate_finder(RATES, LOSSES, {"valley": 1.1e-3, "steep": 1e-2}).data
    assert (list(curve.x), list(curve.y)) == (RATES, LOSSES)
    assert (valley.x, valley.y) == ((1.1e-3,), (0.6,))
    assert valley.marker.symbol != steep.marker.symbol


def test_the_last_losses_do_not_flatten_the_curve() -> None:
    assert rate_finder(RATES, LOSSES, {}).layout.yaxis.range[1] < 1


def test_the_nearest_rate_is_meant_on_the_logarithmic_axis() -> None:
    assert loss_at(4e-2, RATES, LOSSES) == pytest.approx(0.55)
