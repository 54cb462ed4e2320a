"""A paused training in a copy of its home on another machine: it goes on as if it had stayed (checklist row 18)."""

import random
import shutil
from pathlib import Path

import pytest

from tests.fixtures import tiny_lm
from tests.unit.runs.making import make_run
from ulmfit_app import recipes
from ulmfit_app.data import sources
from ulmfit_app.runs import worker
from ulmfit_app.runs.folder import RunFolder, find
from ulmfit_app.runs.models import result_folder
from ulmfit_app.runs.state import state_of
from ulmfit_app.runs.wishes import Wishes
from ulmfit_app.schema import Kind, RunState
from ulmfit_app.settings import settings

RECIPE = recipes.override(recipes.get("demo", Kind.LM), {"bs": 8, "seq_len": 16})
WORDS = "the movie was very good bad with this film scene actors some story about plot"


def training(name: str) -> RunFolder:
    """A training that no worker has begun."""
    asked = {"device": "cpu", "precision": "fp32", "threads": 1}
    return make_run(name=name, dataset="toy", parent="parent", recipe=RECIPE, **asked)


def weights(name: str) -> bytes:
    return (result_folder(name) / "model.safetensors").read_bytes()


def test_a_run_goes_on_in_another_home(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(0)
    (tmp_path / "toy.csv").write_text(
        "\n".join(["text", *(" ".join(chance.choices(WORDS.split(), k=20)) for _ in range(200))])
    )
    sources.add("toy", [tmp_path / "toy.csv"], text_columns=["text"])
    tiny_lm(home / "models" / "parent")
    worker.work(training("stayed"), worker.JOBS)
    expected = weights("stayed")

    moved = training("moved")
    with monkeypatch.context() as wishes:
        wishes.setattr(Wishes, "__call__", lambda self: "pause" if "1epoch" in moved.checkpoint_names() else "go")
        worker.work(moved, worker.JOBS)
    assert state_of(moved) is RunState.PAUSED and "1epoch" in moved.checkpoint_names()

    shutil.copytree(home, tmp_path / "another" / "home")
    home.rename(tmp_path / "gone")
    monkeypatch.setenv("ULMFIT_HOME", str(tmp_path / "another" / "home"))
    settings.cache_clear()
    there = find(moved.id)
    worker.work(there, worker.JOBS)
    assert state_of(there) is RunState.DONE
    assert weights("moved") == expected
    assert {"1epoch", "finetuned"} <= set(there.checkpoint_names())
    assert not home.exists()
