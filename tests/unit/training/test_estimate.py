"""The pace of a training, from the last one of its size."""

import json
from dataclasses import asdict

import pytest

from tests.unit.runs.making import make_run, make_spec, status
from ulmfit_app.runs.summary import summaries
from ulmfit_app.schema import EpochEvent, RunState
from ulmfit_app.training.estimate import pace


def finished(state: RunState = RunState.DONE, seconds: float = 10, **changes: object) -> str:
    """A run of 40 steps in two epochs of `seconds` each."""
    folder = make_run(**changes)
    folder.write_status(status(state))
    epochs = [
        EpochEvent(epoch=n, of=2, step=20 * n, train_loss=1, valid_loss=None, metrics={}, seconds=seconds)
        for n in (1, 2)
    ]
    folder.events.write_text("".join(json.dumps(asdict(epoch)) + "\n" for epoch in epochs))
    return folder.id


def test_the_last_run_of_the_size_tells_the_pace() -> None:
    run = finished()
    found = pace(make_spec(name="next", seed=7), summaries())
    assert found and (found.seconds, found.run) == (pytest.approx(0.5), run)


@pytest.mark.parametrize(
    "other", [{"threads": 1}, {"precision": "bf16"}, {"parent": "gone"}, {"dataset": "toy"}, {"limit": 50}]
)
def test_another_size_tells_nothing(other: dict[str, object]) -> None:
    finished(**other)
    assert pace(make_spec(), summaries()) is None


def test_a_run_that_did_not_end_tells_nothing() -> None:
    finished(RunState.FAILED)
    assert pace(make_spec(), summaries()) is None
