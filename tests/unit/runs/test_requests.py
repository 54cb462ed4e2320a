"""What is submitted for the runs that make no model, and what is refused before anything is written."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fixtures import tiny_classifier
from ulmfit_app import recipes
from ulmfit_app.errors import AppError, DataError, NotFoundError, ParentError, RecipeError, RunError
from ulmfit_app.runs import launcher, requests
from ulmfit_app.runs.dispatch import slot_of
from ulmfit_app.runs.folder import RunFolder, find, runs_root
from ulmfit_app.runs.models import result_folder
from ulmfit_app.schema import Kind, RunKind, RunSpec, Split
from ulmfit_app.settings import settings

DEMO = recipes.get("demo", Kind.CLASSIFIER)


@pytest.fixture(autouse=True)
def nothing_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launcher, "start", lambda folder: os.getpid())


@pytest.fixture
def model() -> str:
    result_folder("x").parent.mkdir(parents=True)
    tiny_classifier(result_folder("my-classifier"))
    return "my-classifier"


def _spec(run_id: str) -> RunSpec:
    return find(run_id).spec()


def test_an_evaluation_on_a_dataset(model: str) -> None:
    spec = _spec(requests.evaluate(model, dataset="imdb", limit=100))
    assert (spec.kind, spec.model, spec.dataset, spec.split) == (RunKind.EVALUATE, model, "imdb", Split.VALID)
    assert (spec.input, spec.name, spec.limit) == (None, None, 100)
    assert slot_of(spec.kind) == "short"


def test_an_input_is_copied_into_the_runs_folder(model: str, tmp_path: Path) -> None:
    file = tmp_path / "My reviews.csv"
    file.write_text("text,label\na,pos\n")
    for content, name in ((file, ""), (file.read_bytes(), file.name)):
        run_id = requests.evaluate(model, input=content, file_name=name, text_columns=("text",), label_column="label")
        spec = _spec(run_id)
        assert (spec.input, spec.split) == ("input-My-reviews.csv", None)
        assert (spec.text_columns, spec.label_column) == (("text",), "label")
        assert (find(run_id).path / "input-My-reviews.csv").read_bytes() == file.read_bytes()
        assert requests.shown_name(spec) == "My-reviews.csv"
    file.unlink()
    assert (find(run_id).path / "input-My-reviews.csv").exists()


def test_a_prediction(model: str) -> None:
    spec = _spec(requests.predict(model, b"text\na\n", "texts.csv", ("text",)))
    assert (spec.kind, spec.input, spec.text_columns) == (RunKind.PREDICT, "input-texts.csv", ("text",))


def test_a_finder_names_a_stage_of_its_recipe() -> None:
    spec = _spec(requests.find_rates(DEMO, "imdb", None, stage=3, seed=7))
    assert (spec.kind, spec.recipe, spec.stage, spec.parent, spec.seed) == (RunKind.LR_FIND, DEMO, 3, None, 7)
    with pytest.raises(RecipeError, match="has 4 stages"):
        requests.find_rates(DEMO, "imdb", None, stage=4)
    with pytest.raises(ParentError):
        requests.find_rates(DEMO, "imdb", "gone")
    assert _spec(requests.find_rates(DEMO, "imdb", "wt103-fwd", stage=0)).parent == "wt103-fwd"  # the run downloads it


def test_too_large_an_input_is_refused_and_leaves_nothing(
    model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ULMFIT_MAX_FILE_MB", "1")
    settings.cache_clear()
    file = tmp_path / "big.csv"
    file.write_bytes(bytes(2**20 + 1))
    for content in (file, file.read_bytes()):
        with pytest.raises(DataError, match="the limit is 1 MB"):
            requests.predict(model, content, "big.csv")
    assert not runs_root().exists()


def test_what_cannot_be_read_or_is_not_there_is_refused(model: str, tmp_path: Path) -> None:
    cases: list[tuple[type[AppError], dict[str, object]]] = [
        (DataError, {"model": model, "input": tmp_path / "no.csv"}),
        (RunError, {"model": model}),
        (RunError, {"model": model, "dataset": "imdb", "input": b"a"}),
        (NotFoundError, {"model": "gone", "dataset": "imdb"}),
    ]
    for error, arguments in cases:
        with pytest.raises(error):
            requests.evaluate(**arguments)  # type: ignore[arg-type]
    assert not runs_root().exists()


@given(st.text(max_size=200))
def test_any_file_name_stays_in_the_folder(name: str) -> None:
    made = requests.input_name(name)
    assert Path(made).name == made
    assert RunSpec(kind=RunKind.PREDICT, input=made, created="").input == made
    assert not hasattr(RunFolder, made)
