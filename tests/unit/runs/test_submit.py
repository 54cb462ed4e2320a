"""What `submit` refuses, what it writes, and asking for a stop; the launcher is replaced."""

import pytest
from filelock import FileLock

from tests.unit.runs.making import make_run, make_spec, status
from ulmfit_app import recipes
from ulmfit_app.errors import AppError, NameTakenError, NotFoundError, RecipeError, RunError
from ulmfit_app.runs import launcher
from ulmfit_app.runs.folder import RUN_ID, RunFolder, all_runs, find, runs_root
from ulmfit_app.runs.models import result_folder
from ulmfit_app.runs.submit import request_stop, submit
from ulmfit_app.runs.summary import summaries, summary
from ulmfit_app.schema import Kind, RunKind, RunSpec, RunState


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Ids of the runs that would have been launched."""
    ids: list[str] = []
    monkeypatch.setattr(launcher, "start", lambda folder: ids.append(folder.id))
    return ids


def test_a_submitted_run_has_its_spec_and_is_launched(started: list[str]) -> None:
    run_id = submit(make_spec())
    assert started == [run_id]
    assert RUN_ID.fullmatch(run_id)
    assert "-train-lm-" in run_id
    assert find(run_id).spec() == make_spec(created=find(run_id).spec().created)
    assert [path.name for path in runs_root().iterdir()] == [run_id]  # nothing temporary is left


@pytest.mark.parametrize(
    ("spec", "error"),
    [
        (make_spec(kind=RunKind.EVALUATE), RunError),
        (make_spec(name=None), RunError),
        (make_spec(dataset=None), RunError),
        (make_spec(recipe=None), RunError),
        (make_spec(recipe=recipes.get("quick", Kind.CLASSIFIER)), RecipeError),
    ],
)
def test_a_wrong_spec_is_refused_and_leaves_nothing(spec: RunSpec, error: type[AppError], started: list[str]) -> None:
    with pytest.raises(error):
        submit(spec)
    assert started == []
    assert not runs_root().exists()


def test_the_name_of_a_model_is_refused(started: list[str]) -> None:
    result_folder("my-lm").mkdir(parents=True)
    with pytest.raises(NameTakenError, match="already"):
        submit(make_spec())


def test_the_name_of_a_live_run_is_refused_until_it_ends(started: list[str]) -> None:
    live = make_run()
    with FileLock(live.lock), pytest.raises(NameTakenError, match=live.id):
        submit(make_spec())
    assert submit(make_spec())


def test_a_stop_is_written_for_a_live_run_only() -> None:
    folder = make_run()
    with FileLock(folder.lock):
        request_stop(folder.id)
        assert folder.request() is not None
    folder.withdraw_request()
    with pytest.raises(RunError, match="interrupted"):
        request_stop(folder.id)
    assert folder.request() is None


@pytest.mark.parametrize("run_id", ["nothing", "../models", "20260101-000000-train-lm-abcd"])
def test_a_run_that_is_not_there_is_not_found(run_id: str) -> None:
    with pytest.raises(NotFoundError):
        find(run_id)


def test_lists_are_newest_first_and_survive_damaged_folders() -> None:
    folders = [make_run() for _ in range(3)]
    old = RunFolder(folders[0].path.rename(runs_root() / "20200101-000000-train-lm-abcd"))
    (runs_root() / ".new-1234").mkdir()
    (old.path / "status.json").write_text("{")
    ids = [folder.id for folder in all_runs()]
    assert ids == sorted(ids, reverse=True)
    assert ids[-1] == old.id
    assert len(summaries()) == 3
    assert summaries()[-1].state is RunState.FAILED
    assert "status.json" in summaries()[-1].reason


def test_an_interrupted_run_says_so() -> None:
    folder = make_run()
    folder.write_status(status(RunState.RUNNING))
    assert summary(folder).state is RunState.INTERRUPTED
    assert "killed" in summary(folder).reason
