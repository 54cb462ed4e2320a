"""`ulmfit runs`: lists, one run, stopping."""

from filelock import FileLock

from tests.unit.cli.running import Command
from tests.unit.runs.making import make_run, status
from ulmfit_app.schema import RunResult, RunState


def test_list_is_newest_first(ulmfit: Command) -> None:
    assert ulmfit("runs", "list", "--json").json() == {"runs": []}
    assert "no runs yet" in ulmfit("runs", "list").err
    runs = sorted((make_run(name=f"lm-{number}").id for number in range(3)), reverse=True)
    assert [row["id"] for row in ulmfit("runs", "list", "--json").json()["runs"]] == runs
    assert [line.split()[0] for line in ulmfit("runs", "list").out.splitlines()[1:]] == runs


def test_show_has_the_designs_fields(ulmfit: Command) -> None:
    run = make_run()
    run.write_status(status(RunState.DONE))
    run.write_result(RunResult(model="my-lm", metrics={"accuracy": 0.25}, seconds=3, notes=("small",)))
    shown = ulmfit("runs", "show", run.id, "--json").json()
    result = {
        "v": 1,
        "model": "my-lm",
        "partial": False,
        "metrics": {"accuracy": 0.25},
        "seconds": 3,
        "notes": ["small"],
    }
    assert shown == {
        "id": run.id, "status": "done", "stage": "head", "reason": "", "name": "my-lm", "result": result,
    }  # fmt: skip
    words = ulmfit("runs", "show", run.id).out
    assert "accuracy 0.25" in words
    assert str(run.path) in words


def test_a_failed_run_says_why(ulmfit: Command) -> None:
    run = make_run()
    run.write_status(status(RunState.FAILED, "The disk is full."))
    assert "The disk is full." in ulmfit("runs", "show", run.id).out
    assert ulmfit("runs", "show", run.id, "--json").json()["result"] is None


def test_stop(ulmfit: Command) -> None:
    run = make_run()
    with FileLock(run.lock):
        assert ulmfit("runs", "stop", run.id).code == 0
    assert run.request() is not None
    assert ulmfit("runs", "stop", run.id).code == 1
    assert ulmfit("runs", "stop", "nothing").code == 1
