"""Both fine-tuning pages: empty home, the notebook's values, bad input, links, the rate finder, two sessions."""

import json
import os
import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.fixtures import tiny_lm
from tests.unit.runs.making import make_run, queued_run, status
from tests.unit.training.datasets import make_dataset
from ulmfit_app import recipes
from ulmfit_app.runs import launcher
from ulmfit_app.runs.folder import RunFolder, all_runs
from ulmfit_app.schema import Kind, LrReport, Recipe, RunKind, RunResult, RunState, Slice, Stage
from ulmfit_app.settings import CHECKOUT
from ulmfit_app.ui.training_fields import ADVANCED, COMMON, STAGE

PAGES = {kind: CHECKOUT / "pages" / f"finetune_{kind}.py" for kind in Kind}


@pytest.fixture(autouse=True)
def nobody_works(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs are queued and no worker begins."""
    monkeypatch.setattr(launcher, "start", lambda folder: os.getpid())


FOLDED = ("advanced", "change-stages")  # drawn only when they are open


@pytest.fixture
def toy(home: Path, no_shipped_models: None) -> None:
    """A dataset with labels, one without, and the usual parent."""
    make_dataset(home)
    make_dataset(home, "bare", labels=())
    tiny_lm(home / "models" / "general-lm")


def opened(kind: Kind = Kind.CLASSIFIER, **query: str) -> AppTest:
    """A new session on the page of `kind`, run once, every setting unfolded."""
    app = AppTest.from_file(PAGES[kind], default_timeout=60)
    for folded in FOLDED:
        app.session_state[folded] = True
    for key, value in query.items():
        app.query_params[key] = value
    return app.run()


def drawn(app: AppTest) -> str:
    """The text on the page and its HTML."""
    told = (*app.markdown, *app.error, *app.caption, *app.info, *app.header, *app.subheader)
    return "\n".join([*(element.body for element in app.html), *(str(element.value) for element in told)])


def field(app: AppTest, label: str, stage: int | None = None):
    """The control of a setting; `stage` counts from 0."""
    found = [control for control in (*app.text_input, *app.selectbox) if control.label == label]
    return found[stage or 0]


def button(app: AppTest, label: str):
    """The button of that label."""
    return next(button for button in app.button if button.label == label)


def start(app: AppTest) -> AppTest:
    """The session after Start was pressed."""
    button(app, "Start").click()
    return app.run()


def planned(app: AppTest) -> tuple[list[str], list[list[str]]]:
    """The table of stages: the cells of its heading, and of every row."""
    (table,) = [element.body for element in app.html if "aria-label='Stages'" in element.body]
    head, _, body = table.partition("<tbody>")
    cells = [re.findall(r"<t[hd][^>]*>([^<]*)</t[hd]>", row) for row in re.findall(r"<tr>(.*?)</tr>", body)]
    return re.findall(r"<th[^>]*>([^<]*)</th>", head), cells


@pytest.mark.usefixtures("no_shipped_models")
@pytest.mark.parametrize("kind", Kind)
def test_without_the_usual_parent_it_says_so_and_scratch_works(home: Path, kind: Kind) -> None:
    make_dataset(home)
    app = opened(kind, dataset="toy")
    assert not app.exception
    assert "'general-lm', is not on this machine" in drawn(app)
    assert button(app, "Start").disabled
    field(app, "Start from").set_value("scratch").run()
    field(app, "bs").set_value("4").run()
    assert not app.exception and not app.error
    assert all_runs() == []
    start(app)
    assert all_runs()[0].spec().parent is None


@pytest.mark.usefixtures("toy")
@pytest.mark.parametrize("kind", Kind)
def test_the_form_shows_the_notebooks_recipe_setting_by_setting(kind: Kind) -> None:
    recipe = recipes.get(f"{kind}-notebook", kind)
    app = opened(kind, dataset="toy")
    assert field(app, "Recipe").value == recipe.name
    for name in ("bs", "seq_len", "min_freq", "max_vocab", "alpha", "beta", "wd", "drop_mult"):
        assert float(field(app, name).value) == getattr(recipe, name), name
    assert field(app, "moms").value == "0.8, 0.7, 0.8"
    for index, stage in enumerate(recipe.stages):
        for name in ("epochs", "freeze_to", "pct_start", "div", "div_final"):
            assert float(field(app, name, index).value) == getattr(stage, name), (index, name)
    if kind is Kind.CLASSIFIER:
        assert float(field(app, "max_len").value) == 72 * 20


def test_every_setting_has_its_control() -> None:
    shown = {*COMMON, *(name for names in ADVANCED.values() for name in names)}
    assert shown == set(Recipe.model_fields) - {"name", "kind", "description", "changed", "stages"}
    assert {*STAGE, "lr", "name", "checkpoint"} == set(Stage.model_fields)


@pytest.mark.usefixtures("toy")
def test_rows_9_and_10_the_expansion_of_fine_tune_is_a_table() -> None:
    app = opened(dataset="toy", recipe="quick")
    head, rows = planned(app)
    assert head[1:6] == ["embedding", "LSTM 1", "LSTM 2", "LSTM 3", "head"]
    # fine_tune(4, 1e-2): freeze, fit_one_cycle(1, slice(1e-2), pct_start=.99); unfreeze, and half of it
    assert [[*row[1:7], row[8]] for row in rows] == [
        ["–", "–", "–", "–", "0.01", "1", "99%"],
        ["5e-05", "0.000158", "0.0005", "0.00158", "0.005", "4", "30%"],
    ]
    assert (field(app, "drop_mult").value, field(app, "div", 1).value) == ("0.5", "5")


@pytest.mark.usefixtures("toy")
def test_rows_15_to_19_what_trains_in_the_language_model_is_a_table() -> None:
    app = opened(Kind.LM, dataset="toy", recipe="lm-notebook")
    head, rows = planned(app)
    assert head[1:5] == ["LSTM 1", "LSTM 2", "LSTM 3", "embedding + decoder"]
    assert [row[1:6] for row in rows] == [["–", "–", "–", "0.01", "1"], ["0.001"] * 4 + ["10"]]
    assert (field(app, "wd").value, field(app, "Precision").value) == ("0.1", "auto")
    assert "Checkpoints that stay: embedding and decoder as “1epoch”, all groups as “finetuned”." in drawn(app)


@pytest.mark.usefixtures("toy")
def test_row_20_encoder_and_checkpoint_are_explained() -> None:
    words = drawn(opened(Kind.LM, dataset="toy"))
    for name in ("**Encoder**", "`save_encoder`", "`load_encoder`", "**Checkpoint** (`learn.save`)", "`freeze_to`"):
        assert name in words


@pytest.mark.usefixtures("toy")
def test_rows_22_to_27_the_parents_words_are_kept_and_rates_fall_by_2_6() -> None:
    app = opened(dataset="toy", recipe="classifier-notebook")
    _, rows = planned(app)
    assert [row[1:7] for row in rows] == [
        ["–", "–", "–", "–", "0.02", "1"],
        ["–", "–", "–", "0.00385", "0.01", "1"],
        ["–", "–", "0.00074", "0.00192", "0.005", "1"],
        ["2.19e-05", "5.69e-05", "0.000148", "0.000385", "0.001", "2"],
    ]
    assert (field(app, "drop_mult").value, field(app, "text_vocab").value) == ("0.5", "parent")
    assert "The model keeps the words of general-lm" in drawn(app)


ROW_29 = {
    "bs": ("64", "32", 32), "seq_len": ("72", "36", 36), "min_freq": ("3", "1", 1),
    "max_vocab": ("60000", "5000", 5000), "moms": ("0.8, 0.7, 0.8", "0.9, 0.8, 0.9", [0.9, 0.8, 0.9]),
    "alpha": ("2", "1", 1), "beta": ("1", "0.5", 0.5), "max_len": ("1440", "720", 720), "div": ("25", "10", 10),
    "div_final": ("100000", "1000", 1000), "pct_start": ("0.25", "0.3", 0.3),
}  # fmt: skip


@pytest.mark.usefixtures("toy")
@pytest.mark.parametrize("kind", Kind)
def test_row_29_every_default_of_fastai_is_seen_and_can_be_changed(kind: Kind) -> None:
    app = opened(kind, dataset="toy", recipe=f"{kind}-notebook")
    names = [name for name in ROW_29 if name != "max_len" or kind is Kind.CLASSIFIER]  # a stream has no longest text
    controls = {name: field(app, name) for name in names}
    assert {name: control.value for name, control in controls.items()} == {name: ROW_29[name][0] for name in names}
    for name, control in controls.items():
        control.set_value(ROW_29[name][1])
    field(app, "Start from").set_value("general-lm")
    app.run()
    start(app)
    assert not app.exception
    stage = {"div", "div_final", "pct_start"}
    expected = {f"stages.0.{name}" if name in stage else name: ROW_29[name][2] for name in names}
    assert all_runs()[0].spec().overrides == expected


@pytest.mark.usefixtures("toy")
def test_words_that_keep_their_vectors_are_counted_before_the_start() -> None:
    page = drawn(opened(Kind.LM, dataset="toy"))
    assert "keep the vectors of general-lm" in page
    assert all_runs() == []


@pytest.mark.usefixtures("toy")
def test_start_submits_what_the_form_says_and_shows_the_run() -> None:
    app = opened(dataset="toy", recipe="demo")
    field(app, "bs").set_value("16")
    field(app, "epochs", 3).set_value("5")
    field(app, "lr, last group", 0).set_value("2e-3")
    field(app, "first_tokens").set_value("")
    app.number_input[1].set_value(7)
    app.run()
    assert "Changed: bs, first\\_tokens, stages.1.lr.high, stages.3.epochs." in drawn(app)
    start(app)
    assert not app.exception
    (run,) = all_runs()
    spec = run.spec()
    changes = {"bs": 16, "first_tokens": None, "stages.1.lr.high": 2e-3, "stages.3.epochs": 5}
    assert (spec.kind, spec.dataset, spec.parent, spec.name) == (
        RunKind.TRAIN_CLASSIFIER, "toy", "general-lm", "toy-classifier",
    )  # fmt: skip
    assert (spec.overrides, spec.seed) == (changes, 7)
    assert spec.recipe == recipes.override(recipes.get("demo", Kind.CLASSIFIER), changes)
    assert app.query_params["run"] == [run.id] or app.query_params["run"] == run.id
    assert app.header[0].value == "toy-classifier"


@pytest.mark.usefixtures("toy")
@pytest.mark.parametrize("kind", Kind)
def test_bad_values_are_told_beside_them_and_lose_nothing(kind: Kind) -> None:
    app = opened(kind, dataset="toy", recipe="demo")
    field(app, "bs").set_value("many")
    field(app, "wd").set_value("7")
    field(app, "moms").set_value("0.8")
    field(app, "lr", 0).set_value("-1")
    field(app, "epochs", 1).set_value("3").run()
    page = drawn(app)
    for words in (
        "bs must be a whole number.",
        "wd must be 1 or less.",
        "lr must be above 0.",
        "moms must be three numbers.",
    ):
        assert f"role='alert'>{words}" in page
    assert button(app, "Start").disabled
    assert (field(app, "bs").value, field(app, "epochs", 1).value) == ("many", "3")
    field(app, "bs").set_value("16")
    field(app, "wd").set_value("0.1")
    field(app, "moms").set_value("0.8, 0.7, 0.8")
    field(app, "lr", 0).set_value("0.01").run()
    assert not button(app, "Start").disabled
    assert "role='alert'" not in drawn(app)


@pytest.mark.usefixtures("toy")
def test_taken_and_bad_names_are_refused_in_words() -> None:
    queued_run(name="waiting")
    app = opened(Kind.LM, dataset="toy")
    for name in ("general-lm", "waiting", "No Name"):
        field(app, "Name of the new model").set_value(name).run()
        assert name in app.error[0].value
        assert button(app, "Start").disabled


@pytest.mark.usefixtures("toy")
def test_what_cannot_be_trained_is_refused_before_the_start() -> None:
    app = opened(dataset="toy", recipe="classifier-notebook")
    field(app, "bs").set_value("200").run()
    assert "do not fill one minibatch of 200" in drawn(app)
    assert button(app, "Start").disabled
    assert "bare" not in field(app, "Dataset").options


@pytest.mark.usefixtures("toy")
def test_an_absent_device_is_refused_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ulmfit_app.hardware.devices", lambda: ["cpu"])
    app = opened(dataset="toy", recipe="demo")
    field(app, "Device").set_value("cuda")
    start(app)
    assert "no device 'cuda'" in drawn(app)
    assert all_runs() == []


@pytest.mark.usefixtures("toy")
def test_few_labels_are_pointed_at_their_recipe() -> None:
    app = opened(dataset="toy", recipe="classifier-notebook")
    button(app, "Use few-label").click().run()
    assert field(app, "Recipe").value == "few-label"
    assert not [found for found in app.button if found.label == "Use few-label"]


@pytest.mark.usefixtures("toy")
def test_a_link_fills_the_form_and_starts_nothing(home: Path) -> None:
    tiny_lm(home / "models" / "mine", seed=1)
    app = opened(dataset="toy", recipe="quick", parent="mine")
    chosen = [field(app, label).value for label in ("Dataset", "Recipe", "Start from")]
    assert chosen == ["toy", "quick", "mine"]
    odd = opened(dataset="../x", recipe="<b>", parent="nothing", run="nonsense")
    assert not odd.exception and "no run" in drawn(odd)
    assert all_runs() == []


@pytest.mark.usefixtures("toy")
def test_a_waiting_training_says_what_is_before_it() -> None:
    queued_run(name="waiting")
    assert "1 training before it" in drawn(opened(dataset="toy", recipe="demo"))


def ended(name: str, **changes: object) -> RunFolder:
    """A training that is done."""
    folder = make_run(name=name, **changes)
    folder.write_status(status(RunState.DONE))
    folder.write_result(RunResult(model=name, metrics={"perplexity": 50.0}, seconds=12.0))
    return folder


@pytest.mark.usefixtures("toy")
def test_afterwards_it_says_what_is_next() -> None:
    page = drawn(opened(Kind.LM, run=ended("my-lm", dataset="toy").id))
    for link in ("generate", "finetune_classifier", "evaluate", "models"):
        assert f"(page {link})" in page


def rates_found(losses: tuple[float, ...] = (0.8, 0.7, 0.6, 2.0)) -> RunFolder:
    """A finished search for the rate of stage 2 of a changed recipe; `losses` at four rates."""
    recipe = recipes.override(recipes.get("demo", Kind.CLASSIFIER), {"bs": 16})
    folder = make_run(kind=RunKind.LR_FIND, name=None, dataset="toy", recipe=recipe, parent="general-lm", stage=1)
    folder.write_status(status(RunState.DONE))
    report = LrReport(
        rates=(1e-7, 1e-4, 1e-3, 0.1), losses=losses, suggestions={"valley": 1.04e-3, "minimum": 2e-4}, stage=1
    )
    folder.write_result(RunResult(report=report, seconds=3))
    return folder


@pytest.mark.usefixtures("toy")
def test_a_suggested_rate_is_put_into_the_form() -> None:
    app = opened(run=rates_found().id)
    button(app, "valley: use 0.001").click().run()
    assert not app.exception
    assert [field(app, label).value for label in ("Dataset", "Start from")] == ["toy", "general-lm"]
    assert (field(app, "lr, last group", 0).value, field(app, "bs").value) == ("0.001", "16")
    assert len(all_runs()) == 1
    start(app)
    recipe = next(run.spec().recipe for run in all_runs() if run.kind is RunKind.TRAIN_CLASSIFIER)
    assert recipe is not None
    rate = recipe.stages[1].lr
    assert isinstance(rate, Slice) and rate.low is not None
    assert (rate.high, rate.high / rate.low) == (1e-3, pytest.approx(2.6**4))
    assert set(recipe.changed) == {"bs", "stages.1.lr.high", "stages.1.lr.low"}


@pytest.mark.usefixtures("toy")
@pytest.mark.parametrize(
    ("losses", "falls"), [((0.8, 0.7, 0.6, 2.0), ""), ((0.8, 0.7, 0.69, 2.0), "1.4%"), ((0.6, 0.7, 0.8, 2.0), "0.0%")]
)
def test_row_30_a_flat_curve_is_told(losses: tuple[float, ...], falls: str) -> None:
    app = opened(run=rates_found(losses).id)
    assert len(app.get("plotly_chart")) == 1 and button(app, "minimum: use 0.0002")
    assert [f"falls by {falls} at most" in warning.value for warning in app.warning] == [True] * bool(falls)


@pytest.mark.usefixtures("toy")
def test_rates_are_tried_for_the_chosen_stage() -> None:
    app = opened(dataset="toy", recipe="demo")
    field(app, "For the stage").set_value(2)
    next(control for control in app.number_input if control.label == "Threads").set_value(1)
    button(app, "Try learning rates").click().run()
    assert not app.exception
    spec = all_runs()[0].spec()
    assert (spec.kind, spec.stage, spec.dataset, spec.parent) == (RunKind.LR_FIND, 2, "toy", "general-lm")
    assert spec.threads == 1


@pytest.mark.usefixtures("toy")
def test_a_recipe_file_is_loaded_or_refused() -> None:
    recipe = recipes.override(recipes.get("demo", Kind.CLASSIFIER), {"bs": 8, "stages.0.epochs": 3})
    app = opened(dataset="toy")
    app.file_uploader[0].set_value(("mine.json", json.dumps({"name": "x"}).encode(), "application/json")).run()
    assert "mine.json is not a valid recipe" in drawn(app)
    app.file_uploader[0].set_value(("mine.json", recipe.model_dump_json().encode(), "application/json")).run()
    assert not app.exception and not app.error
    assert (field(app, "bs").value, field(app, "epochs", 0).value) == ("8", "3")
    start(app)
    assert all_runs()[0].spec().recipe == recipe


@pytest.mark.usefixtures("toy")
@pytest.mark.parametrize("kind", Kind)
def test_two_sessions_fill_their_own_forms(kind: Kind) -> None:
    mine, yours = opened(kind, dataset="toy", recipe="demo"), opened(kind, dataset="toy", recipe="demo")
    field(mine, "bs").set_value("16").run()
    yours.run()
    assert (field(mine, "bs").value, field(yours, "bs").value) == ("16", "32")
