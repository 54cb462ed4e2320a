"""What can be taken away, where: models, predictions, runs, evaluations, figures. The browser tests click some."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.fixtures import tiny_classifier, tiny_lm
from tests.unit.runs.making import make_run, status
from tests.unit.training.datasets import make_dataset
from ulmfit_app.data import sources
from ulmfit_app.runs.events import EventWriter
from ulmfit_app.schema import ProgressEvent, RunState
from ulmfit_app.settings import CHECKOUT

FIGURE = ["CSV", "HTML"]


@pytest.fixture(autouse=True)
def things(home: Path, no_shipped_models: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "CATALOGUE", {})
    tiny_classifier(home / "models" / "tiny")
    tiny_lm(home / "models" / "tiny-lm")
    make_dataset(home)


def offered(page: str, press: str = "", **query: str) -> list[str]:
    """The labels of the page's downloads, after the button `press`."""
    app = AppTest.from_file(CHECKOUT / "pages" / f"{page}.py", default_timeout=60)
    for key, value in query.items():
        app.query_params[key] = value
    app.run()
    if press:
        next(button for button in app.button if button.label == press).click().run()
    assert not app.exception
    return [element.proto.label for element in app.get("download_button")]


@pytest.mark.parametrize("name", ["tiny", "tiny-lm"])
def test_a_model_its_encoder_and_a_file_for_fastai(name: str) -> None:
    found = offered("models", model=name, part="Download")
    assert found == ["Download the model", "Download the encoder", "Download for fastai"]


def test_predictions_and_generated_texts() -> None:
    assert offered("predict", model="tiny", text="good fun") == ["Download as CSV"]
    assert offered("generate", "Generate", model="tiny-lm", n_words="3") == ["Download as text"]


def test_a_run_with_its_log_and_its_curves() -> None:
    run = make_run(name="my-lm")
    events = EventWriter(run.events)
    events.write(ProgressEvent(phase="train", done=1, total=2, loss=4.5, lr=0.01, step=1, steps=2))
    events.close()
    run.write_status(status(RunState.DONE))
    assert offered("runs", run=run.id) == ["Run as a file", "Log", *FIGURE, *FIGURE]


def test_figures_of_a_dataset_of_words_and_of_the_plan() -> None:
    assert offered("datasets", dataset="toy") == FIGURE * 2
    assert offered("explore", view="Vocabulary", dataset="toy") == FIGURE
    plan = offered("finetune_lm", dataset="toy", parent="tiny-lm")
    assert plan == [*FIGURE * (len(plan) // 2), "Download the recipe"] and len(plan) >= 3
