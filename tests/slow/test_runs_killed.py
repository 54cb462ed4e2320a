"""Real trainings whose worker is killed with SIGKILL at random moments: resumed, they end as if nothing had happened.

Both demo recipes on a small dataset with a tiny parent, in fp32 on one thread. `make test` kills at a few seeded
moments, `make chaos` at fifty.
"""

import os
import random
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.fixtures import tiny_lm
from tests.unit.runs.making import make_spec
from ulmfit_app import modelfolder, recipes
from ulmfit_app.data import sources
from ulmfit_app.errors import RunError
from ulmfit_app.runs import control
from ulmfit_app.runs.events import read_events
from ulmfit_app.runs.folder import RunFolder, find
from ulmfit_app.runs.follow import follow
from ulmfit_app.runs.history import history
from ulmfit_app.runs.models import result_folder
from ulmfit_app.runs.queue import read_queue
from ulmfit_app.runs.state import LIVE, state_of
from ulmfit_app.runs.submit import submit
from ulmfit_app.runs.summary import summary
from ulmfit_app.schema import Event, Kind, ProgressEvent, Recipe, RunKind, RunState, StageEvent

TEXTS = 400
SHORT = {"bs": 8, "seq_len": 16}  # many small minibatches instead of a few
SEEN_WITHIN = 5.0  # seconds until a killed run is seen as interrupted


@dataclass(frozen=True)
class Outcome:
    """What equal trainings have in common: `epochs` are (step, train loss, validation loss, metrics)."""

    weights: bytes
    metrics: dict[str, float]
    epochs: list[tuple[object, ...]]


@dataclass(frozen=True)
class Reference:
    """A training that nobody disturbed, and how long it took: to prepare, and to train `steps`, in seconds."""

    outcome: Outcome
    preparing: float
    training: float
    steps: int


references: dict[Kind, Reference] = {}  # the same in every home


@pytest.fixture(autouse=True)
def one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests share the machine."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


@pytest.fixture(autouse=True)
def toy(home: Path, tmp_path: Path) -> None:
    """A dataset of words that the parent knows, whose labels are told by them; the parent."""
    chance = random.Random(0)
    words = {"neg": ["bad", "worst", "boring", "awful"], "pos": ["good", "best", "great", "wonderful"]}
    plain = ["the", "movie", "was", "very", "with", "this", "film", "scene", "actors", "some", "story", "about"]
    rows = ["text,label"]
    for number in range(TEXTS):
        label = ("neg", "pos")[number % 2]
        rows.append(f"{' '.join(chance.choices(plain + words[label] * 2, k=chance.randint(10, 40)))} {number},{label}")
    path = tmp_path / "toy.csv"
    path.write_text("\n".join(rows))
    sources.add("toy", [path], text_columns=["text"], label_column="label")
    tiny_lm(home / "models" / "parent")


def _recipe(kind: Kind) -> Recipe:
    changes = SHORT | ({"stages.1.epochs": 3} if kind is Kind.LM else {})
    return recipes.override(recipes.get("demo", kind), changes)


def _submit(kind: Kind, name: str) -> RunFolder:
    spec = make_spec(
        kind=RunKind(f"train-{kind}"), name=name, dataset="toy", parent="parent", recipe=_recipe(kind), device="cpu",
        precision="fp32", threads=1,
    )  # fmt: skip
    return find(submit(spec))


def _end(run: RunFolder) -> RunState:
    for _ in follow(run):
        pass
    return state_of(run)


def _outcome(run: RunFolder) -> Outcome:
    """What `run` left. Its curve has no step twice."""
    result, name = run.result(), run.spec().name
    assert result and name and result.model == name
    told = history(read_events(run.events)[0])
    steps = [step for step, _ in told.loss]
    assert steps == sorted(set(steps))
    epochs = [(epoch.step, epoch.train_loss, epoch.valid_loss, epoch.metrics) for epoch in told.epochs]
    return Outcome((result_folder(name) / "model.safetensors").read_bytes(), result.metrics, epochs)


def _reference(kind: Kind) -> Reference:
    if kind not in references:
        run = _submit(kind, "reference")
        assert _end(run) is RunState.DONE
        events = read_events(run.events)[0]
        first, second, *_ = (event.t for event in events if isinstance(event, StageEvent))
        steps = history(events).step
        references[kind] = Reference(_outcome(run), second - first, events[-1].t - second, steps)
    return references[kind]


def _wait_for_moment(run: RunFolder, reference: Reference, offset: int, chance: random.Random) -> bool:
    """Wait for a random moment of what is left of `run` from byte `offset` of its events on; False if it ended."""
    events: list[Event] = []
    while not any(isinstance(event, StageEvent) for event in events):
        if (state := state_of(run)) is RunState.DONE:
            return False  # it was killed after its last step: no stage was left
        assert state in LIVE, summary(run)
        time.sleep(0.02)
        events, _ = read_events(run.events, offset)
    left = 1 - history(read_events(run.events)[0]).step / reference.steps
    until = time.monotonic() + chance.random() * (reference.preparing + left * reference.training)
    while time.monotonic() < until and state_of(run) in LIVE:
        time.sleep(0.005)
    return state_of(run) is RunState.RUNNING


def _interrupt(run: RunFolder, how: str) -> None:
    """Kill or pause `run`; it is seen within seconds."""
    if how == "pause":
        with suppress(RunError):  # it has ended just now
            control.pause(run.id)
        assert _end(run) in (RunState.PAUSED, RunState.DONE)
        return
    for pid in _workers_of(run):
        os.kill(pid, signal.SIGKILL)
    since = time.monotonic()
    while state_of(run) is RunState.RUNNING:
        assert time.monotonic() - since < SEEN_WITHIN
    assert state_of(run) in (RunState.INTERRUPTED, RunState.DONE)


def _workers_of(run: RunFolder) -> list[int]:
    """The processes whose command names the run: one, or none if it has ended just now."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(FileNotFoundError, ProcessLookupError):
            if run.id.encode() in (process / "cmdline").read_bytes().split(b"\0"):
                found.append(int(process.name))
    return found


def _disturbed(kind: Kind, interruptions: list[str], chance: random.Random) -> list[RunFolder]:
    """Train until all `interruptions` have happened; the runs that it took, all ended."""
    offset, runs = 0, [_submit(kind, "disturbed-0")]
    for how in interruptions:
        while not _wait_for_moment(runs[-1], _reference(kind), offset, chance):
            _end(runs[-1])
            offset, runs = 0, [*runs, _submit(kind, f"disturbed-{len(runs)}")]
        _interrupt(runs[-1], how)
        if state_of(runs[-1]) is not RunState.DONE:
            offset = runs[-1].events.stat().st_size
            control.resume(runs[-1].id)
    _end(runs[-1])
    return runs


def _check(runs: list[RunFolder], reference: Reference) -> None:
    """All ended as the undisturbed one, and nothing else was damaged."""
    for run in runs:
        assert state_of(run) is RunState.DONE, summary(run)
        outcome = _outcome(run)
        assert outcome.epochs == reference.outcome.epochs
        assert outcome.metrics == reference.outcome.metrics
        assert outcome.weights == reference.outcome.weights
    assert read_queue() == ()
    for model in result_folder("parent").parent.iterdir():
        modelfolder.verify(model)


@pytest.mark.parametrize(("kind", "kills"), [(Kind.LM, 3), (Kind.CLASSIFIER, 2)])
def test_a_disturbed_training_ends_as_if_nothing_had_happened(kind: Kind, kills: int) -> None:
    reference = _reference(kind)
    _check(_disturbed(kind, ["pause", *["kill"] * kills], random.Random(kills)), reference)


@pytest.mark.chaos
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("kind", list(Kind))
def test_fifty_kills(kind: Kind, seed: int) -> None:
    reference = _reference(kind)
    _check(_disturbed(kind, ["kill"] * 5, random.Random(100 + seed)), reference)


@pytest.mark.parametrize("kind", list(Kind))
def test_stopping_a_paused_run_makes_a_partial_model(kind: Kind) -> None:
    run = _submit(kind, "partial")
    for event in follow(run):
        if isinstance(event, ProgressEvent) and event.phase == "train":
            break
    control.pause(run.id)
    assert _end(run) is RunState.PAUSED
    kept = history(read_events(run.events)[0]).step
    control.stop(run.id)
    assert _end(run) is RunState.STOPPED
    assert "The model 'partial' is kept, marked partial." in summary(run).reason
    assert modelfolder.verify(result_folder("partial")).partial
    assert history(read_events(run.events)[0]).step == kept  # nothing was trained for it
