"""The grid of few labels: which texts a cell sees, what it resumes, that its drawing is of the record's numbers."""

import argparse
from pathlib import Path

import numpy as np
import pytest

from benchmarks import drawing, labels, record
from benchmarks.labels import Method
from ulmfit_app.charts.labels import label_curves
from ulmfit_app.data import sources
from ulmfit_app.data.dataset import Dataset, describe
from ulmfit_app.schema import Split


def reviews(train: int = 120, valid: int = 60) -> Dataset:
    n = train + valid
    texts, label_ids = [f"{'good' if i % 2 else 'bad'} film {i}" for i in range(n)], np.arange(n) % 2
    splits = np.array([Split.TRAIN.value] * train + [Split.VALID.value] * valid)
    info = describe("imdb", source="", split="", labels=("neg", "pos"), texts=texts, label_ids=label_ids, splits=splits)
    return Dataset(info, texts, label_ids, splits)


@pytest.fixture(autouse=True)
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record, "RESULTS", tmp_path / "results")
    monkeypatch.setattr(record, "commit", lambda: "c")
    monkeypatch.setattr(sources, "open_dataset", lambda _: reviews())
    monkeypatch.setattr(labels, "MEASURED", 30)
    monkeypatch.setattr(labels, "WATCHED", 6)
    monkeypatch.setattr(labels, "DRAWS", {10: (1, 2), 40: (1,)})


def test_a_cell_is_trained_on_its_labels_alone_and_never_sees_what_it_is_measured_on() -> None:
    seen: list[Dataset] = []

    def fit(dataset: Dataset, seed: int):
        seen.append(dataset)
        return lambda texts: measured.append(list(texts)) or ["pos"] * len(texts)

    measured: list[list[str]] = []
    found = labels.cell(reviews(), Method("", fit), 10, 1)
    counts = seen[0].info.counts
    assert (counts.train, counts.valid, found["n"], found["accuracy"]) == (10, 6, 30, 0.5)
    assert not set(seen[0].texts) & set(measured[0])
    assert sorted(seen[0].label_ids[seen[0].rows(Split.TRAIN)]) == [0] * 5 + [1] * 5


def test_the_grid_goes_on_where_it_was_interrupted() -> None:
    trained: list[tuple[int, int]] = []

    def fit(dataset: Dataset, seed: int):
        if len(trained) == 2:
            raise KeyboardInterrupt
        trained.append((dataset.info.counts.train, seed))
        return lambda texts: ["neg"] * len(texts)

    with pytest.raises(KeyboardInterrupt):
        labels.measure("method", Method("a", fit))
    assert trained == [(10, 1), (10, 2)]
    trained.append((0, 0))
    labels.measure("method", Method("a", fit))
    assert trained[3:] == [(40, 1)]
    assert {n: list(draws) for n, draws in record.figures("labels")["method"].items()} == {
        "10": ["1", "2"],
        "40": ["1"],
    }
    labels.measure("method", Method("another parent", fit))
    assert len(trained) == 7


def test_methods_measured_side_by_side_keep_each_others_cells() -> None:
    def fit(dataset: Dataset, seed: int):
        if dataset.info.counts.train == 10 and seed == 1:
            labels.measure("other", Method("b", lambda *_: lambda texts: ["neg"] * len(texts)))
        return lambda texts: ["pos"] * len(texts)

    labels.measure("method", Method("a", fit))
    found = record.figures("labels")
    assert {name: {n: list(draws) for n, draws in cells.items()} for name, cells in found.items()} == {
        name: {"10": ["1", "2"], "40": ["1"]} for name in ("method", "other")
    }


def test_the_baseline_learns_from_the_drawn_labels() -> None:
    found = labels.cell(reviews(), labels.tfidf(argparse.Namespace()), 40, 1)
    assert found["accuracy"] == 1


def test_the_chart_has_a_line_for_each_method_with_the_draws_around_its_mean() -> None:
    figure = label_curves({"A": [(50, [0.5, 0.7]), (200, [0.8])], "B": [(50, [0.6])]})
    first = figure.data[0]
    assert [line.name for line in figure.data] == ["A", "B"]
    assert list(first.y) == pytest.approx([0.6, 0.8])
    assert list(first.error_y.array) == pytest.approx([0.1, 0]) == list(first.error_y.arrayminus)


def test_the_drawing_in_the_docs_is_of_the_record(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert drawing.mark(record.figures("labels")) in drawing.LABELS.read_text()
