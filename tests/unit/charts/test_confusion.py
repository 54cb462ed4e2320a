"""What the confusion matrix shows, and what a chosen cell says of itself."""

from ulmfit_app.charts.confusion import NUMBERED, confusion_matrix

COUNTS = ((8, 2), (0, 0))


def test_every_cell_can_be_chosen_and_says_which_it_is() -> None:
    figure = confusion_matrix(["neg", "a<b & c"], COUNTS)
    shades, cells = figure.data
    assert shades.z == ([0.8, 0.2], [0.0, 0.0])  # a label without texts is no division by zero
    assert [tuple(cell) for cell in cells.customdata] == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert list(zip(cells.y, cells.x, strict=True)) == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert cells.text[1] == "true neg, predicted a&lt;b &amp; c: 2 (20.0%)"
    assert figure.layout.xaxis.ticktext == ("neg", "a&lt;b &amp; c")
    assert [note.text for note in figure.layout.annotations] == ["8", "2", "0", "0"]


def test_many_labels_have_no_numbers_and_a_bounded_height() -> None:
    n = NUMBERED + 1
    figure = confusion_matrix([f"a long label number {label}" for label in range(n)], [[1] * n] * n)
    assert not figure.layout.annotations
    assert figure.layout.height <= 620
    assert all(len(tick) <= 18 for tick in figure.layout.xaxis.ticktext)
