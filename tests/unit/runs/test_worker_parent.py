"""A training's parent: one of fastai's is downloaded by the worker, once, into the owner's models."""

from pathlib import Path

import pytest

from tests.fixtures import tiny_lm
from tests.unit.runs.making import make_run, make_spec
from ulmfit_app.engine import wt103
from ulmfit_app.errors import ParentError
from ulmfit_app.runs.journal import Journal
from ulmfit_app.runs.worker_task import Task
from ulmfit_app.runs.worker_train import _parent


def parent_of(name: str | None) -> Path | None:
    run = make_run()
    with Journal(run, None) as journal:
        return _parent(Task(make_spec(parent=name), run, journal, lambda: "go", 1, resumed=False))


def test_a_model_of_fastais_is_fetched_once(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def fetch(name: str, folder: Path, on_progress) -> None:
        on_progress(1, 2)
        asked.append(name)
        tiny_lm(folder)

    monkeypatch.setattr(wt103, "fetch", fetch)
    expected = home / "models" / "wt103-fwd"
    assert [parent_of("wt103-fwd"), parent_of("wt103-fwd")] == [expected] * 2 and asked == ["wt103-fwd"]


def test_other_parents_are_not_downloaded() -> None:
    assert parent_of(None) is None
    with pytest.raises(ParentError):
        parent_of("gone")
