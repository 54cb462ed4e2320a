"""The table of a bulk prediction: what stands beside the rows of the file."""

from ulmfit_app.runs.predictions import header, row_of
from ulmfit_app.schema import Prediction

LABELS = ("a", "b")


def test_predictions_stand_beside_their_rows() -> None:
    said = Prediction("b", 1, {"a": 0.25, "b": 0.75})
    assert row_of(("1", "fine"), said, LABELS) == ["1", "fine", "b", 0.75, 0.25, 0.75]
    assert row_of(("2", " "), None, LABELS) == ["2", " ", "", "", "", ""]
    assert len(header(("id", "text"), LABELS)) == 6


def test_columns_of_the_file_keep_their_names() -> None:
    columns = ("prediction", "prediction_", "p_a")
    assert header(columns, LABELS) == [*columns, "prediction__", "probability", "p_a_", "p_b"]
