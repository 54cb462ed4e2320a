"""Whole trainings on a small dataset: a language model, a classifier from it, and everything that is refused."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from tests import fixtures, plain_fastai
from ulmfit_app import modelfolder, recipes
from ulmfit_app.data.dataset import Dataset, describe
from ulmfit_app.engine import checkpoints
from ulmfit_app.engine.finetune import Trained, train
from ulmfit_app.engine.outcome import NothingTrained, Paused
from ulmfit_app.errors import ModelFolderError, NameTakenError, NotFoundError, ParentError, RecipeError, TrainingError
from ulmfit_app.schema import EpochEvent, Event, Kind, MessageEvent, ProgressEvent, Recipe, Split, StageEvent

pytestmark = pytest.mark.slow


def dataset(n: int = 100, labels: tuple[str, ...] = ("neg", "pos"), language: str = "en") -> Dataset:
    """`n` made-up reviews, a fifth of them for validation."""
    frame = plain_fastai.texts(n)
    label_ids = np.arange(n) % len(labels) if len(labels) > 2 else (frame["label"] == "pos").to_numpy().astype(np.int64)
    splits = np.where(frame["is_valid"], Split.VALID.value, Split.TRAIN.value)
    texts = frame["text"].tolist()
    info = describe(
        "made-up", source="made up", split="last fifth", labels=labels, texts=texts, label_ids=label_ids, splits=splits
    ).model_copy(update={"language": language})
    return Dataset(info, texts, label_ids, splits)


class Bench:
    """Runs trainings in a temporary folder and notes their events."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.events = folder, list[Event]()

    def train(self, kind: Kind, recipe: Recipe, name: str, data: Dataset | None = None, **options: object) -> Trained:
        options = {"precision": "fp32", "threads": 1, "parent": None, "on_event": self.events.append, **options}
        return train(
            kind, data or dataset(), recipe, self.folder / name, checkpoints=self.folder / "checkpoints", **options
        )

    def told(self) -> str:
        return " ".join(event.text for event in self.events if isinstance(event, MessageEvent))


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def lm_recipe(**changes: object) -> Recipe:
    recipe = recipes.get("lm-notebook", Kind.LM)
    return recipes.override(recipe, {"bs": 8, "seq_len": 16, "size": "tiny", "stages.1.epochs": 2, **changes})


def test_language_model_then_classifier(bench: Bench, tmp_path: Path) -> None:
    parent = fixtures.tiny_lm(tmp_path / "general")
    lm = bench.train(Kind.LM, lm_recipe(), "mine-lm", parent=parent)
    assert lm.metrics["perplexity"] == pytest.approx(np.exp(lm.metrics["valid_loss"]), rel=1e-4)
    assert 0 < lm.metrics["accuracy"] < 1
    config = modelfolder.verify(tmp_path / "mine-lm")
    assert config.lineage.parent == "general"
    assert config.lineage.parent_hash == modelfolder.read_config(parent).weights_sha256
    assert config.lineage.dataset_hash == dataset().info.content_hash
    assert {"1epoch", "finetuned"} < set(checkpoints.names(tmp_path / "checkpoints"))
    assert "keep the vectors of 'general'" in bench.told()

    longer = {"bs": 8, "seq_len": 16, "stages.0.epochs": 4, "stages.3.epochs": 8, "stages.3.lr": 1e-2, "drop_mult": 0.1}
    recipe = recipes.override(recipes.get("classifier-notebook", Kind.CLASSIFIER), longer)
    classifier = bench.train(Kind.CLASSIFIER, recipe, "mine", dataset(200), parent=tmp_path / "mine-lm")
    assert classifier.metrics["accuracy"] > 0.8  # half of the texts have either label, their words tell which
    assert classifier.config.labels == ("neg", "pos")
    assert modelfolder.read_vocab(tmp_path / "mine") == modelfolder.read_vocab(tmp_path / "mine-lm")  # row 22


def test_events_tell_the_whole_run(bench: Bench) -> None:
    bench.train(Kind.LM, lm_recipe(), "lm")
    stages = [(event.name, event.number, event.of) for event in bench.events if isinstance(event, StageEvent)]
    assert stages == [("tokenise", 1, 3), ("embedding and decoder", 2, 3), ("all groups", 3, 3)]
    assert [event.epoch for event in bench.events if isinstance(event, EpochEvent)] == [1, 2, 3]
    phases = [event.phase for event in bench.events if isinstance(event, ProgressEvent)]
    assert list(dict.fromkeys(phases)) == ["tokenise", "train", "validate"]
    assert "The weights start random" in bench.told()
    assert "freezes layers that are random" in bench.told()


def test_equal_seeds_give_equal_weights(bench: Bench, tmp_path: Path) -> None:
    for name, seed in (("one", 1), ("same", 1), ("other", 2)):
        bench.train(Kind.LM, lm_recipe(), name, seed=seed)
    weights = {name: (tmp_path / name / "model.safetensors").read_bytes() for name in ("one", "same", "other")}
    assert weights["one"] == weights["same"] != weights["other"]


def test_the_frozen_stage_leaves_the_lstms_alone(bench: Bench, tmp_path: Path) -> None:
    parent = fixtures.tiny_lm(tmp_path / "general")
    recipe = recipes.override(lm_recipe(), {"stages": [lm_recipe().stages[0].model_dump(mode="json")]})
    bench.train(Kind.LM, recipe, "frozen", parent=parent)
    before, after = (modelfolder.read_weights(tmp_path / name) for name in ("general", "frozen"))
    for name, tensor in before.items():
        assert torch.equal(after[name], tensor) == ("rnns" in name), name


@pytest.mark.parametrize("name", ["quick", "few-label", "demo"])
def test_recipes_from_twenty_labels_and_three_classes(bench: Bench, tmp_path: Path, name: str) -> None:
    parent = fixtures.tiny_lm(tmp_path / "general")
    recipe = recipes.override(recipes.get(name, Kind.CLASSIFIER), {"bs": 4, "stages.0.max_steps": 5})
    if name == "few-label":
        recipe = recipes.override(recipe, {f"stages.{n}.min_steps": 6 for n in range(4)})
    data = dataset(25, labels=("a", "b", "c"))
    trained = bench.train(Kind.CLASSIFIER, recipe, "few", data, parent=parent)
    assert trained.config.labels == ("a", "b", "c")
    assert trained.config.lineage.train_texts == 20
    assert trained.config.lineage.recipe.bs == 4
    assert set(trained.metrics) == {"valid_loss", "accuracy"}


def test_quick_takes_the_datasets_vocabulary(bench: Bench, tmp_path: Path) -> None:
    parent = fixtures.tiny_lm(tmp_path / "general")
    recipe = recipes.override(recipes.get("quick", Kind.CLASSIFIER), {"bs": 8, "stages.1.epochs": 1})
    bench.train(Kind.CLASSIFIER, recipe, "quick", parent=parent)
    vocab = modelfolder.read_vocab(tmp_path / "quick")
    assert vocab != modelfolder.read_vocab(parent)
    assert "plot" in vocab


def test_limit_draws_a_stratified_part(bench: Bench) -> None:
    recipe = recipes.override(recipes.get("quick", Kind.CLASSIFIER), {"bs": 8, "size": "tiny", "stages.1.epochs": 1})
    trained = bench.train(Kind.CLASSIFIER, recipe, "part", dataset(1000), limit=40)
    lineage = trained.config.lineage
    assert (lineage.train_texts, lineage.available_texts, lineage.valid_texts) == (40, 800, 100)
    assert "stratified draw from 800" in bench.told()
    bench.events.clear()
    bench.train(Kind.CLASSIFIER, recipe, "whole", dataset(100), limit=2000)
    assert "draw" not in bench.told()


def test_bf16_trains(bench: Bench) -> None:
    trained = bench.train(Kind.LM, lm_recipe(), "bf16", precision="bf16")
    exact = bench.train(Kind.LM, lm_recipe(), "fp32")
    assert trained.config.lineage.precision == "bf16"
    assert trained.metrics["valid_loss"] == pytest.approx(exact.metrics["valid_loss"], abs=0.05)


def test_keep_best_saves_the_best_epoch(bench: Bench) -> None:
    recipe = lm_recipe(keep="best", **{"stages.1.lr": 3.0, "stages.1.div_final": 1})  # a rate that makes it worse
    trained = bench.train(Kind.LM, recipe, "best")
    losses = [event.valid_loss for event in bench.events if isinstance(event, EpochEvent)]
    assert trained.metrics["valid_loss"] == pytest.approx(min(losses))
    assert trained.metrics["valid_loss"] < losses[-1]
    assert "best epoch" in trained.config.metrics["valid_loss"].how


def test_a_minibatch_larger_than_the_texts_is_refused(bench: Bench, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"20 training texts do not fill one minibatch of 64.*few-label"):
        bench.train(Kind.CLASSIFIER, recipes.get("quick", Kind.CLASSIFIER), "quick", dataset(25))
    with pytest.raises(TrainingError, match="too few to fill one minibatch"):
        bench.train(Kind.LM, lm_recipe(bs=2000), "lm", dataset(25))
    assert not (tmp_path / "quick").exists()


def test_nan_ends_with_a_plain_message_and_no_model(bench: Bench, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"The loss became .*Lower the learning rate"):
        bench.train(Kind.LM, lm_recipe(**{"stages.0.lr": 1e30}), "nan")
    assert not (tmp_path / "nan").exists()


def test_running_out_of_memory_is_told(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def exhausted(*_: object) -> None:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 GB")

    monkeypatch.setattr("ulmfit_app.engine.stages.fit_one_cycle", exhausted)
    with pytest.raises(TrainingError, match="smaller bs"):
        bench.train(Kind.LM, lm_recipe(), "big")


def test_parents_that_do_not_fit_are_refused(bench: Bench, tmp_path: Path) -> None:
    parent = fixtures.tiny_lm(tmp_path / "general")
    with pytest.raises(ParentError, match="reads language 'en', the dataset is in 'de'"):
        bench.train(Kind.LM, lm_recipe(), "german", dataset(language="de"), parent=parent)
    (parent / "vocab.json").write_text("[]")
    with pytest.raises(ModelFolderError):
        bench.train(Kind.LM, lm_recipe(), "broken", parent=parent)


def test_a_taken_name_and_a_missing_label_are_refused(bench: Bench, tmp_path: Path) -> None:
    fixtures.tiny_lm(tmp_path / "taken")
    with pytest.raises(NameTakenError):
        bench.train(Kind.LM, lm_recipe(), "taken")
    data = dataset(25)
    data.label_ids[data.rows(Split.TRAIN)] = 0
    with pytest.raises(TrainingError, match="No training text has the label pos"):
        bench.train(Kind.CLASSIFIER, recipes.get("few-label", Kind.CLASSIFIER), "one", data)


def test_an_exception_from_on_event_ends_the_training(bench: Bench, tmp_path: Path) -> None:
    def stop(event: Event) -> None:
        if isinstance(event, ProgressEvent) and event.phase == "train":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        bench.train(Kind.LM, lm_recipe(), "stopped", on_event=stop)
    assert not (tmp_path / "stopped").exists()


def test_too_deep_freezing_is_refused(bench: Bench) -> None:
    with pytest.raises(RecipeError, match="freeze_to"):
        bench.train(Kind.LM, lm_recipe(**{"stages.0.freeze_to": -5}), "deep")


def asked_after(steps: int, wish: str, bench: Bench) -> Callable[[], str]:
    """A control that wishes once `steps` training steps are reported."""

    def control() -> str:
        done = [event.step for event in bench.events if isinstance(event, ProgressEvent) and event.phase == "train"]
        return wish if done and done[-1] >= steps else "go"

    return control


def after_epoch(epochs: int, wish: str, bench: Bench) -> Callable[[], str]:
    """A control that wishes once `epochs` epochs have ended."""
    return lambda: wish if sum(isinstance(event, EpochEvent) for event in bench.events) >= epochs else "go"


def test_stop_in_the_first_epoch_leaves_a_loadable_partial_model(bench: Bench, tmp_path: Path) -> None:
    parent = fixtures.tiny_lm(tmp_path / "general")
    trained = bench.train(Kind.LM, lm_recipe(), "stopped", parent=parent, control=asked_after(1, "stop", bench))
    assert trained.config.partial
    assert trained.metrics == {}
    assert modelfolder.verify(tmp_path / "stopped").partial


def test_a_named_checkpoint_becomes_the_model(bench: Bench, tmp_path: Path) -> None:
    """Row 18: `learn.save('1epoch')` and, after more training, `learn.load('1epoch')`."""
    parent = fixtures.tiny_lm(tmp_path / "general")
    with pytest.raises(Paused):
        bench.train(Kind.LM, lm_recipe(), "kept", parent=parent, control=after_epoch(2, "pause", bench))
    frozen = recipes.override(lm_recipe(), {"stages": [lm_recipe().stages[0].model_dump(mode="json")]})
    Bench(tmp_path / "other").train(Kind.LM, frozen, "one", parent=parent)
    kept = bench.train(Kind.LM, lm_recipe(), "kept", parent=parent, resume="1epoch", control=lambda: "stop")
    assert kept.config.partial
    weights = [modelfolder.read_weights(path) for path in (tmp_path / "kept", tmp_path / "other" / "one")]
    assert all(torch.equal(tensor, weights[1][name]) for name, tensor in weights[0].items())
    assert kept.metrics["perplexity"] == pytest.approx(np.exp(kept.metrics["valid_loss"]), rel=1e-4)


def test_a_checkpoint_that_is_not_there_is_told(bench: Bench) -> None:
    with pytest.raises(NotFoundError, match="no checkpoint '2epoch'"):
        bench.train(Kind.LM, lm_recipe(), "kept", resume="2epoch")


def test_stop_before_the_first_step_makes_no_model(bench: Bench, tmp_path: Path) -> None:
    with pytest.raises(NothingTrained):
        bench.train(Kind.LM, lm_recipe(), "nothing", control=lambda: "stop")
    assert not (tmp_path / "nothing").exists()


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_paused_and_resumed_gives_the_same_model(bench: Bench, tmp_path: Path, precision: str) -> None:
    parent = fixtures.tiny_lm(tmp_path / "general")
    recipe = recipes.override(recipes.get("few-label", Kind.CLASSIFIER), {"bs": 8, "seq_len": 16})
    straight = bench.train(Kind.CLASSIFIER, recipe, "straight", parent=parent, precision=precision)
    other = Bench(tmp_path / "other")
    with pytest.raises(Paused):
        other.train(
            Kind.CLASSIFIER,
            recipe,
            "paused",
            parent=parent,
            precision=precision,
            control=asked_after(100, "pause", other),
        )
    resumed = other.train(Kind.CLASSIFIER, recipe, "paused", parent=parent, precision=precision, resume=True)
    assert resumed.metrics == straight.metrics
    assert resumed.config.weights_sha256 == straight.config.weights_sha256
    assert not resumed.config.partial


def test_a_small_dataset_whose_words_the_parent_knows_is_no_foreign_language(bench: Bench, tmp_path: Path) -> None:
    parent = fixtures.tiny_lm(tmp_path / "general")
    trained = bench.train(Kind.LM, lm_recipe(min_freq=40), "few-words", dataset(30), parent=parent)
    assert trained.config.vocab_size < 24
    with pytest.raises(TrainingError, match=r"No word occurs 4000 times.*lower min_freq"):
        bench.train(Kind.LM, lm_recipe(min_freq=4000), "no-words", dataset(30), parent=parent)
