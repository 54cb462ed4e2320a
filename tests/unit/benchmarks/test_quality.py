"""The record of quality: measured once for the same texts and weights, times from the run that made a model."""

from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest

from benchmarks import probes, quality, quality_page, record
from benchmarks.quality import Item
from tests.fixtures import tiny_classifier, tiny_lm
from tests.unit.runs.making import make_run, status
from ulmfit_app import inference, modelfolder, recipes
from ulmfit_app.data import sources
from ulmfit_app.data.dataset import Dataset, describe
from ulmfit_app.engine.corpus import choose_rows
from ulmfit_app.errors import AppError
from ulmfit_app.registry import entry
from ulmfit_app.runs.summary import summaries
from ulmfit_app.schema import Kind, RunResult, RunState, Split


@pytest.fixture(autouse=True)
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(record, "RESULTS", tmp_path / "results")
    monkeypatch.setattr(record, "commit", lambda: "c")
    return tmp_path / "results"


def test_what_is_in_the_record_is_measured_again_only_for_other_weights() -> None:
    asked: list[str] = []

    def item(of: str) -> Item:
        return Item("group", "arm", of, lambda: asked.append(of) or {"n": len(asked)})

    for of in ("a", "a", "b"):
        quality.measure(iter([item(of)]))
    assert asked == ["a", "b"] and record.figures("quality") == {"group": {"arm": {"of": "b", "n": 2}}}


def test_a_broken_measurement_leaves_the_record_as_it_was(results: Path) -> None:
    quality.measure(iter([Item("group", "arm", "a", lambda: {"n": 1})]))
    with pytest.raises(ZeroDivisionError):
        quality.measure(iter([Item("group", "other", "a", lambda: {"n": 1 / 0})]))
    assert list(record.figures("quality")["group"]) == ["arm"]
    assert [path.name for path in results.iterdir()] == ["quality.json"]


def test_parts_measured_side_by_side_keep_each_others_figures() -> None:
    def slow() -> dict[str, int]:
        quality.measure(iter([Item("group", "other", "b", lambda: {"n": 2})]))
        return {"n": 1}

    quality.measure(iter([Item("group", "arm", "a", slow)]))
    assert record.figures("quality") == {"group": {"arm": {"of": "a", "n": 1}, "other": {"of": "b", "n": 2}}}


def test_accuracy_by_words_counts_every_text_once() -> None:
    texts, hits = ["a " * n for n in (1, 99, 100, 699, 700)], np.array([True, False, True, True, True])
    found = quality.by_words(texts, hits)
    assert {name: (part["right"], part["n"]) for name, part in found.items()} == {
        "0 to 99": (1, 2), "100 to 299": (1, 1), "300 to 699": (1, 1), "700 or more": (1, 1),
    }  # fmt: skip
    assert quality.accuracy(hits)["low"] < 0.8 < quality.accuracy(hits)["high"]


def test_the_time_of_a_training_is_that_of_the_run_with_the_same_lineage(tmp_path: Path) -> None:
    config = modelfolder.read_config(tiny_lm(tmp_path / "lm"))
    recipe = recipes.get("demo", Kind.LM)
    other = make_run(dataset="tiny", recipe=recipe, seed=7, name="other")
    made = make_run(dataset="tiny", recipe=recipe, seed=42, name="made")
    for run, seconds in ((other, 5.0), (made, 9.0)):
        run.write_status(status(RunState.DONE))
        run.write_result(RunResult(model="m", seconds=seconds))
    assert quality.training_seconds(config, summaries()) == 9
    assert quality.training_seconds(config, [run for run in summaries() if run.id != made.id]) is None


def test_a_language_model_is_measured_by_the_projects_own_evaluation(tmp_path: Path) -> None:
    folder = tiny_lm(tmp_path / "lm")
    found = quality._lm(entry(str(folder)), ["the film was good", "a bad film"])()
    assert found["texts"] == 2 and found["tokens"] == 8 and found["seconds"] is None
    assert found["perplexity"] == pytest.approx(np.exp(found["loss"]), rel=1e-3)


def dataset(hash_of: str = "") -> Dataset:
    """Ten reviews, four of them for validation."""
    texts = [f"a {'good' if i % 2 else 'bad'} film {i}" for i in range(10)]
    label_ids, splits = np.arange(10) % 2, np.array([Split.TRAIN.value] * 6 + [Split.VALID.value] * 4)
    info = describe("imdb", source="", split="", labels=("neg", "pos"), texts=texts, label_ids=label_ids, splits=splits)
    return Dataset(info.model_copy(update={"content_hash": hash_of or info.content_hash}), texts, label_ids, splits)


def test_a_classifier_is_measured_on_the_validation_texts(tmp_path: Path) -> None:
    one = entry(str(tiny_classifier(tmp_path / "m")))
    found = quality._classifier(one, dataset())
    assert found["n"] == 4 and found["accuracy"] == found["right"] / 4 and found["by words"]["0 to 99"]["n"] == 4
    assert (found["model"], found["seconds"], found["seconds of parents"]) == ("m", None, {})


def test_a_classifier_of_other_texts_is_not_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tiny_classifier(tmp_path / "m")
    options = Namespace(classifier=str(folder), quick="is not here")
    monkeypatch.setattr(sources, "open_dataset", lambda _: dataset())
    with pytest.raises(AppError, match="not trained on the same 20,000 reviews"):
        list(quality.classifier_items(options))
    monkeypatch.setattr(sources, "open_dataset", lambda _: dataset("d" * 64))
    monkeypatch.setattr(quality, "TRAINED_ON", 8)
    assert [item.name for item in quality.classifier_items(options)] == ["ULMFiT"]


def test_a_language_model_is_measured_on_what_its_training_held_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, held_out = tiny_lm(tmp_path / "lm"), dataset("d" * 64)
    monkeypatch.setattr(sources, "open_dataset", lambda _: held_out)
    items = list(quality.lm_items(Namespace(lms=[str(folder), "is not here"])))
    assert len(items) == 2 and items[0].measure()["texts"] == 4
    recipe = modelfolder.read_config(folder).lineage.recipe
    assert items[1].measure()["texts"] == len(choose_rows(Kind.LM, held_out, recipe, 42).valid) == 1
    monkeypatch.setattr(sources, "open_dataset", lambda _: dataset())
    with pytest.raises(AppError, match="another version"):
        list(quality.lm_items(Namespace(lms=[str(folder), "is not here"])))


def test_samples_are_the_same_for_the_same_seed(tmp_path: Path) -> None:
    one = entry(str(tiny_lm(tmp_path / "lm")))
    found = quality._samples(one)
    assert found == quality._samples(one)
    assert all(len(texts) == quality.SAMPLES for texts in found["texts"].values())


def test_probes_name_what_was_answered_wrongly(tmp_path: Path) -> None:
    found = probes.tried(inference.load(tiny_classifier(tmp_path / "m")))
    assert set(found) == set(probes.PROBES)
    assert all(kind["right"] + len(kind["wrong"]) == kind["n"] for kind in found.values())


def test_the_page_shows_what_is_there_and_nothing_else() -> None:
    arm = {"accuracy": 0.9, "low": 0.89, "high": 0.91, "mb": 3.2, "seconds": 75.0, "how": "so", "by words": {}}
    arm["by words"] = {"0 to 99": {"accuracy": 0.8, "n": 10}}
    page = "\n".join(quality_page.quality({"classifiers": {"TF-IDF": arm}}))
    assert "| TF-IDF | 0.9000 | 0.8900 to 0.9100 | 75 s | 3.2 MB |" in page and "ULMFiT" not in page
    assert "### Language models" not in page and "(10 reviews)" in page


def test_few_labels_are_told_as_mean_and_range() -> None:
    figures = {"A": {"50": {"1": {"accuracy": 0.5}, "2": {"accuracy": 0.7}}, "2000": {"1": {"accuracy": 0.9}}}}
    assert "| A | 0.600 (0.500 to 0.700) | 0.900 |" in quality_page.label_rows(figures)


@pytest.mark.parametrize(
    ("seconds", "said"), [(None, ""), (0.2, "under 1 s"), (90, "90 s"), (3600, "60 min"), (7200, "2.0 h")]
)
def test_a_duration_is_in_a_fitting_unit(seconds: float | None, said: str) -> None:
    assert quality_page.duration(seconds) == said
