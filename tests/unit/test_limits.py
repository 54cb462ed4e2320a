"""What a visitor may start and how often: enforced where it is submitted, whatever the page sent."""

import os
import threading

import pytest

from tests.unit.runs.making import make_run, make_spec, status
from tests.visitors import ALICE, BOB
from ulmfit_app import access, limits, recipes
from ulmfit_app.errors import AppError, RecipeError, RunError
from ulmfit_app.rate import RateLimit
from ulmfit_app.runs import control, launcher
from ulmfit_app.runs.folder import all_runs, find
from ulmfit_app.runs.submit import submit
from ulmfit_app.schema import SIZES, Kind, Recipe, RunKind, RunSpec, RunState
from ulmfit_app.settings import settings
from ulmfit_app.training.request import spec_of

DEMO = recipes.get("demo", Kind.LM)
NOTEBOOK = recipes.get("lm-notebook", Kind.LM)


@pytest.fixture(autouse=True)
def hosted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hosted server that starts nothing."""
    monkeypatch.setattr(launcher, "start", lambda folder: os.getpid())
    monkeypatch.setattr(limits, "_rate", RateLimit())
    set_(monkeypatch, mode="hosted")


def set_(monkeypatch: pytest.MonkeyPatch, **values: object) -> None:
    for name, value in values.items():
        monkeypatch.setenv(f"ULMFIT_{name.upper()}", str(value))
    settings.cache_clear()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"recipe": NOTEBOOK}, "5,000 training texts"),
        ({"limit": 5001}, "5,000 training texts"),
        ({"recipe": DEMO.model_copy(update={"train_texts": 5001})}, "5,000 training texts"),
        ({"recipe": DEMO.model_copy(update={"bs": 129})}, "bs is at most 128"),
        ({"recipe": DEMO.model_copy(update={"seq_len": 1000})}, "seq_len"),
        ({"recipe": DEMO.model_copy(update={"max_len": 10**9})}, "max_len"),
        ({"recipe": DEMO.model_copy(update={"max_vocab": 10**6})}, "max_vocab"),
        ({"recipe": DEMO.model_copy(update={"stages": DEMO.stages * 7})}, "stages"),
        ({"threads": 64}, "Device, precision and threads"),
        ({"device": "cuda"}, "Device, precision and threads"),
        ({"precision": "fp16"}, "Device, precision and threads"),
    ],
)
def test_what_is_too_large_is_refused_to_visitors_only(changes: dict[str, object], told: str) -> None:
    spec = make_spec(**changes)
    with access.acting_for(ALICE):
        with pytest.raises((RecipeError, RunError), match=told):
            submit(spec)
        assert all_runs() == []
    with access.acting_for(access.LOCAL):
        submit(spec)


def test_the_notebooks_recipes_can_be_trained_with_the_limit_that_the_form_sets() -> None:
    def spec(limit: int | None, recipe: Recipe = NOTEBOOK) -> RunSpec:
        return spec_of(
            recipe, "imdb", None, name="my-lm", parent=None, overrides={}, limit=limit, device="auto",
            precision="auto", threads=None, seed=1,
        )  # fmt: skip

    with access.acting_for(ALICE):
        assert (spec(None).limit, spec(300).limit, spec(None, DEMO).limit) == (5000, 300, None)
        submit(spec(None))
    with access.acting_for(access.LOCAL):
        assert spec(None).limit is None


def test_no_trainings_but_evaluations(monkeypatch: pytest.MonkeyPatch) -> None:
    set_(monkeypatch, visitor_training_minutes=0)
    evaluation = {"kind": RunKind.EVALUATE, "name": None, "recipe": None, "model": "m", "split": "valid"}
    finder = {"kind": RunKind.LR_FIND, "name": None, "stage": 0}
    with access.acting_for(ALICE):
        for spec in (make_spec(), make_spec(**finder)):
            with pytest.raises(RunError, match="trains nothing for visitors"):
                submit(spec)
        submit(make_spec(**evaluation))


def test_the_size_of_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    with access.acting_for(ALICE):
        limits.refuse_size(SIZES["compact"])
        with pytest.raises(RecipeError, match=r"3 layers of 1,152 units; .* 768 units"):
            limits.refuse_size(SIZES["full"])
        with pytest.raises(RecipeError):
            limits.refuse_size(SIZES["tiny"].model_copy(update={"n_layers": 8}))
        set_(monkeypatch, visitor_size="full")
        limits.refuse_size(SIZES["full"])
    with access.acting_for(access.LOCAL):
        limits.refuse_size(SIZES["full"].model_copy(update={"n_hid": 8000}))


def test_time_by_kind_of_run() -> None:
    with access.acting_for(ALICE):
        assert [limits.seconds(kind) for kind in (RunKind.TRAIN_LM, RunKind.LR_FIND, RunKind.PREDICT)] == [
            900,
            900,
            600,
        ]
    with access.acting_for(access.LOCAL):
        assert limits.seconds(RunKind.TRAIN_LM) is None


def test_the_queue_of_all_visitors_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    set_(monkeypatch, visitor_queue=3)
    for number in range(3):
        with access.acting_for(f"anon:{number:032x}"):
            submit(make_spec())
    with access.acting_for(ALICE), pytest.raises(RunError, match="3 runs wait"):
        submit(make_spec())


def test_resuming_is_limited_as_starting_is(monkeypatch: pytest.MonkeyPatch) -> None:
    with access.acting_for(ALICE):
        failed = [make_run(name=name) for name in "abc"]
        for run in failed:
            run.write_status(status(RunState.FAILED))
        for run in failed[:2]:
            control.resume(run.id)
        with pytest.raises(RunError, match="2 runs that have not ended"):
            control.resume(failed[2].id)
        set_(monkeypatch, visitor_training_minutes=0, visitor_runs=9)
        with pytest.raises(RunError, match="trains nothing"):
            control.resume(failed[2].id)
        assert find(failed[2].id)


def test_pages_compute_so_often(monkeypatch: pytest.MonkeyPatch) -> None:
    set_(monkeypatch, visitor_per_minute=3)
    for owner in (ALICE, BOB):
        with access.acting_for(owner):
            for _ in range(3):
                limits.count_request()
            with pytest.raises(AppError, match=r"3 times a minute here. Try again in \d+ s"):
                limits.count_request()
    with access.acting_for(access.LOCAL):
        for _ in range(10):
            limits.count_request()


def test_a_visitor_computes_one_thing_at_a_time_and_few_visitors_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "PATIENCE", 0.01)
    monkeypatch.setattr(limits, "AT_ONCE", 2)
    with access.acting_for(ALICE), limits.one_at_a_time():
        with pytest.raises(AppError, match="is still being computed"), limits.one_at_a_time():
            pass
        with access.acting_for(BOB), limits.one_at_a_time():
            with access.acting_for("hf:1"), pytest.raises(AppError, match="too much to do"), limits.one_at_a_time():
                pass
            with access.acting_for(access.LOCAL), limits.one_at_a_time():
                pass
    with access.acting_for(ALICE), limits.one_at_a_time():
        pass


def test_the_next_one_waits_for_its_turn() -> None:
    done: list[str] = []

    def second() -> None:
        with access.acting_for(ALICE), limits.one_at_a_time():
            done.append("second")

    with access.acting_for(ALICE), limits.one_at_a_time():
        thread = threading.Thread(target=second)
        thread.start()
        thread.join(0.05)
        done.append("first")
    thread.join(10)
    assert done == ["first", "second"]
