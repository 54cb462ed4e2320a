"""The record of the long commands: what a person would type, and how long it took."""

from pathlib import Path

import pytest

from benchmarks import commands, quality_page, record
from tests.fixtures import tiny_lm
from tests.unit.runs.making import make_run, status
from ulmfit_app import recipes
from ulmfit_app.schema import Kind, RunResult, RunState
from ulmfit_app.settings import settings


@pytest.fixture(autouse=True)
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record, "RESULTS", tmp_path / "results")
    monkeypatch.setattr(record, "commit", lambda: "c")


def test_a_training_is_told_by_the_run_that_made_the_model() -> None:
    tiny_lm(settings().home_path / "models" / "my-lm")
    assert commands.trained("my-lm") is None and commands.trained("is-not-here") is None
    changed = {"overrides": {"bs": 16, "stages.0.lr": 0.01}}
    run = make_run(dataset="tiny", recipe=recipes.get("demo", Kind.LM), seed=42, name="once", **changed)
    run.write_status(status(RunState.DONE))
    run.write_result(RunResult(model="once", seconds=90.4))
    said = "ulmfit train lm --data tiny --recipe demo --set bs=16 --set stages.0.lr=0.01 --from scratch --name my-lm"
    assert commands.trained("my-lm") == {"command": said, "seconds": 90, "on": "cpu, fp32"}


def test_commands_stand_in_the_order_in_which_they_follow_each_other() -> None:
    for name in ("imdb-lm", "imdb-unsup", "general-lm"):
        commands.keep({}, name, {"command": f"make {name}", "seconds": 3})
    assert list(record.figures("commands")) == ["imdb-unsup", "general-lm", "imdb-lm"]
    rows = [line for line in quality_page.commands(record.figures("commands")) if line.startswith("| `")]
    assert rows == [f"| `make {name}` | 3 s |  |" for name in ("imdb-unsup", "general-lm", "imdb-lm")]


def test_a_corpus_is_added_to_a_home_of_its_own(tmp_path: Path) -> None:
    texts = tmp_path / "texts.csv"
    texts.write_text("text\n" + "\n".join(f"the film number {i} was good" for i in range(8)))
    found = commands.added("general-english", texts)
    assert found["command"] == "ulmfit data add general-english texts.parquet --text-column text"
    assert found["seconds"] > 0 and not (settings().home_path / "datasets").exists()
