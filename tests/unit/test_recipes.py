"""The notebook's values (rows of the checklist), the expansion of stages, overrides and their errors."""

import json
from itertools import pairwise
from pathlib import Path

import pytest

from ulmfit_app import recipes
from ulmfit_app.errors import RecipeError
from ulmfit_app.schema import Kind, Recipe, Slice, Stage

LM = recipes.get("lm-notebook", Kind.LM)
CLASSIFIER = recipes.get("classifier-notebook", Kind.CLASSIFIER)
QUICK = recipes.get("quick", Kind.CLASSIFIER)


def test_row_9_quick_recipe_has_the_notebooks_dropout() -> None:
    assert QUICK.drop_mult == 0.5


def test_row_10_fine_tune_4_1e2_expands_as_fastai_does() -> None:
    head, everything = QUICK.stages
    assert (head.freeze_to, head.epochs, head.lr, head.pct_start) == (-1, 1, Slice(high=1e-2), 0.99)
    assert (everything.freeze_to, everything.epochs, everything.pct_start, everything.div) == (0, 4, 0.3, 5)
    assert everything.lr == Slice(low=5e-3 / 100, high=5e-3)


def test_row_10_rates_per_group() -> None:
    head, everything = recipes.plan(QUICK, steps_per_epoch=10)
    assert head.rates == {"head": 1e-2}
    assert list(everything.rates) == ["embedding", "LSTM 1", "LSTM 2", "LSTM 3", "head"]
    assert everything.rates["embedding"] == pytest.approx(5e-5)
    assert everything.rates["LSTM 2"] == pytest.approx(5e-4)
    assert everything.rates["head"] == pytest.approx(5e-3)


def test_row_15_weight_decay_and_dropout_of_the_language_model() -> None:
    assert (LM.wd, LM.drop_mult) == (0.1, 1.0)


def test_row_16_the_pretrained_language_model_starts_frozen() -> None:
    first = recipes.plan(LM, steps_per_epoch=10)[0]
    assert list(first.rates) == ["embedding + decoder"]


def test_row_17_and_19_stages_of_the_language_model() -> None:
    first, second = LM.stages
    assert (first.epochs, first.lr, first.freeze_to) == (1, 1e-2, -1)
    assert (second.epochs, second.lr, second.freeze_to) == (10, 1e-3, 0)


def test_row_18_and_20_names_of_the_checkpoints() -> None:
    assert [stage.checkpoint for stage in LM.stages] == ["1epoch", "finetuned"]


def test_row_22_the_classifier_takes_the_language_models_vocabulary() -> None:
    assert CLASSIFIER.text_vocab == "parent"
    assert QUICK.text_vocab == "dataset"


@pytest.mark.parametrize(
    ("row", "stage", "freeze_to", "epochs", "low", "high"),
    [
        (25, 1, -2, 1, 2.1883e-4, 1e-2),
        (26, 2, -3, 1, 1.0942e-4, 5e-3),
        (27, 3, 0, 2, 2.1883e-5, 1e-3),
    ],
)
def test_rows_25_to_27_gradual_unfreezing(
    row: int, stage: int, freeze_to: int, epochs: int, low: float, high: float
) -> None:
    planned = recipes.plan(CLASSIFIER, steps_per_epoch=10)[stage]
    assert (planned.stage.freeze_to, planned.epochs) == (freeze_to, epochs), row
    values = recipes.rates(planned.stage, 5)
    assert values[0] == pytest.approx(low, rel=1e-4)
    assert values[-1] == pytest.approx(high)
    assert [after / before for before, after in pairwise(values)] == pytest.approx([2.6] * 4)


def test_row_24_the_head_stage() -> None:
    head = CLASSIFIER.stages[0]
    assert (head.freeze_to, head.epochs, head.lr) == (-1, 1, 2e-2)
    assert CLASSIFIER.drop_mult == 0.5  # row 23


def test_row_29_fastai_defaults() -> None:
    for recipe in (LM, CLASSIFIER, QUICK):
        assert (recipe.bs, recipe.seq_len, recipe.min_freq, recipe.max_vocab) == (64, 72, 3, 60000)
        assert (recipe.max_len, recipe.moms, recipe.alpha, recipe.beta) == (72 * 20, (0.8, 0.7, 0.8), 2, 1)
    stage = LM.stages[0]
    assert (stage.div, stage.div_final, stage.pct_start) == (25, 1e5, 0.25)


def test_notebook_recipes_keep_the_last_weights_and_read_everything() -> None:
    for recipe in (LM, CLASSIFIER, QUICK):
        assert (recipe.keep, recipe.patience, recipe.train_texts, recipe.first_tokens) == ("last", None, None, None)


@pytest.mark.parametrize(("texts", "bs"), [(20, 4), (50, 5), (500, 50), (5000, 64)])
def test_few_label_shrinks_the_minibatch(texts: int, bs: int) -> None:
    recipe = recipes.fit_to_texts(recipes.get("few-label", Kind.CLASSIFIER), texts)
    assert recipe.bs == bs
    for stage in recipes.plan(recipe, texts // bs):
        assert stage.steps >= 60


def test_few_label_reads_whole_texts_once_its_steps_do_not_bind() -> None:
    recipe = recipes.get("few-label", Kind.CLASSIFIER)
    assert recipes.fit_to_texts(recipe, 200).first_tokens == 256
    assert recipes.fit_to_texts(recipe, 20_000).first_tokens is None


@pytest.mark.parametrize("kind", list(Kind))
def test_demo_is_bounded(kind: Kind) -> None:
    recipe = recipes.get("demo", kind)
    assert (recipe.train_texts, recipe.valid_texts, recipe.keep) == (2000, 500, "best")
    assert all(planned.steps <= 200 for planned in recipes.plan(recipe, steps_per_epoch=100_000))


def test_max_steps_shortens_epochs_and_then_their_number() -> None:
    stage = Stage(name="s", epochs=4, lr=1e-3, max_steps=10)
    recipe = QUICK.model_copy(update={"stages": (stage,)})
    (planned,) = recipes.plan(recipe, steps_per_epoch=100)
    assert (planned.epochs, planned.steps_per_epoch) == (4, 2)
    few = recipe.model_copy(update={"stages": (stage.model_copy(update={"max_steps": 3}),)})
    assert recipes.plan(few, steps_per_epoch=100)[0].epochs == 3


def test_override_changes_nested_fields_and_leaves_the_rest() -> None:
    changed = recipes.override(LM, {"bs": 16, "stages.0.lr": {"low": 1e-4, "high": 1e-2}, "stages.1.epochs": 2})
    assert changed.bs == 16
    assert changed.stages[0].lr == Slice(low=1e-4, high=1e-2)
    assert changed.stages[1].epochs == 2
    assert changed.wd == LM.wd
    assert LM.bs == 64
    assert recipes.override(changed, {"wd": 0.2}).changed == ("bs", "stages.0.lr", "stages.1.epochs", "wd")


@pytest.mark.parametrize(
    "change",
    [{"batch": 3}, {"bs": 0}, {"bs": "many"}, {"stages.7.lr": 1}, {"stages.0.lr": -1.0}, {"name": "x"}, {"bs.x": 1}],
)
def test_override_refuses_what_makes_no_recipe(change: dict[str, object]) -> None:
    with pytest.raises(RecipeError):
        recipes.override(LM, change)


def test_a_recipe_file_gives_the_same_recipe(tmp_path: Path) -> None:
    file = tmp_path / "mine.json"
    file.write_text(LM.model_dump_json())
    assert recipes.load(file, Kind.LM) == LM
    with pytest.raises(RecipeError, match="not for a classifier"):
        recipes.load(file, Kind.CLASSIFIER)


@pytest.mark.parametrize("content", ["", "[]", "{", json.dumps({"name": "x"}), '{"name": "../x", "kind": "lm"}'])
def test_a_broken_recipe_file_is_told(tmp_path: Path, content: str) -> None:
    file = tmp_path / "mine.json"
    file.write_text(content)
    with pytest.raises(RecipeError, match="not a valid recipe"):
        recipes.load(file, Kind.LM)


def test_a_missing_recipe_names_the_others(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="lm-notebook, pretrain, demo"):
        recipes.get("nope", Kind.LM)
    with pytest.raises(RecipeError, match="cannot be read"):
        recipes.load(tmp_path / "missing.json", Kind.LM)


def test_too_deep_freezing_and_empty_epochs_are_refused() -> None:
    deep = Recipe(name="deep", kind=Kind.LM, stages=(Stage(name="s", freeze_to=-5, lr=1e-3),))
    with pytest.raises(RecipeError, match="4 groups"):
        recipes.plan(deep, steps_per_epoch=1)
    with pytest.raises(RecipeError, match="do not fill one minibatch"):
        recipes.plan(LM, steps_per_epoch=0)


def test_names_are_unique_per_kind() -> None:
    for kind in Kind:
        names = [recipe.name for recipe in recipes.named(kind)]
        assert len(names) == len(set(names))


@pytest.mark.parametrize("stage", [*LM.stages, *QUICK.stages])
def test_the_schedule_is_fastais_one_cycle(stage: Stage) -> None:
    from fastai.callback.schedule import combined_cos

    peak, moms = 3e-3, (0.8, 0.7, 0.8)
    rate = combined_cos(stage.pct_start, peak / stage.div, peak, peak / stage.div_final)
    momentum = combined_cos(stage.pct_start, *moms)
    for step in range(41):
        ours = recipes.one_cycle(stage, moms, step / 40)
        assert (peak * ours[0], ours[1]) == pytest.approx((rate(step / 40), momentum(step / 40)), rel=1e-5)


def test_a_cycle_peaks_at_the_last_groups_rate() -> None:
    planned = recipes.plan(CLASSIFIER, steps_per_epoch=10)[1]
    curve = recipes.cycle(planned, CLASSIFIER.moms, points=100)
    assert max(rate for _, rate, _ in curve) == pytest.approx(1e-2)
    assert [share for share, _, _ in curve][:: len(curve) - 1] == [0.0, 1.0]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"bs": "many"}, {"bs": "must be a whole number"}),
        ({"bs": 0, "wd": 7}, {"bs": "must be 1 or more", "wd": "must be 1 or less"}),
        ({"moms": [0.8]}, {"moms": "must be three numbers"}),
        ({"stages.0.lr": "fast"}, {"stages.0.lr": "must be a number"}),
        ({"stages.0.lr": -1}, {"stages.0.lr": "must be above 0"}),
        ({"stages.1.lr.high": -1, "stages.1.epochs": 2}, {"stages.1.lr.high": "must be above 0"}),
        ({"alpha": float("nan")}, {"alpha": "must be a number"}),
        ({"stages.1.lr.low": None, "patience": 2}, {}),
    ],
)
def test_what_is_wrong_is_said_by_setting(changes: dict[str, object], words: dict[str, str]) -> None:
    assert recipes.wrong(CLASSIFIER, changes) == words


def test_a_peak_keeps_the_ratio_of_its_slice() -> None:
    gradual = recipes.with_peak(CLASSIFIER, 1, 2e-2).stages[1].lr
    assert isinstance(gradual, Slice) and gradual.low is not None
    assert (gradual.high, gradual.high / gradual.low) == (2e-2, pytest.approx(2.6**4))
    assert recipes.with_peak(CLASSIFIER, 0, 5e-3).stages[0].lr == 5e-3
    assert recipes.with_peak(QUICK, 0, 5e-3).stages[0].lr == Slice(high=5e-3)
    assert recipes.with_peak(CLASSIFIER, 0, 5e-3).changed == ("stages.0.lr",)


def test_a_recipe_comes_back_from_its_json() -> None:
    assert recipes.parse(LM.model_dump_json(indent=1).encode(), Kind.LM, "a.json") == LM
    for data, kind in ((b"{", Kind.LM), (b"[]", Kind.LM), (LM.model_dump_json().encode(), Kind.CLASSIFIER)):
        with pytest.raises(RecipeError, match=r"a\.json is"):
            recipes.parse(data, kind, "a.json")
