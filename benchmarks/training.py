"""Arms that train: steps of a language model or a classifier, ours and plain fastai, on the same minibatches.

Ours runs as a training does, with its checkpoints and events; plain fastai as the notebook has it. Both start from the
same weights and are timed by the same callback.
"""

import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from fastai.callback.core import Callback, CancelFitException
from fastai.learner import Learner
from fastai.losses import CrossEntropyLossFlat
from fastai.metrics import Perplexity, accuracy
from fastai.text.data import TextDataLoaders
from fastai.text.learner import language_model_learner, text_classifier_learner
from fastai.text.models.awdlstm import AWD_LSTM, awd_lstm_clas_config, awd_lstm_lm_config

from benchmarks import ceilings, material
from benchmarks.arms import Answer
from benchmarks.ceilings import Operators
from ulmfit_app import modelfolder, recipes
from ulmfit_app.data.dataset import Dataset
from ulmfit_app.engine import devices, finetune, learners
from ulmfit_app.engine.devices import Device
from ulmfit_app.engine.stages import Course
from ulmfit_app.schema import SIZES, Kind, Recipe, Split, Stage

LR = 1e-3
WARM = 2  # steps before the timed ones: allocation, and the longest minibatch of an epoch


class Steps(Callback):
    """Times `timed` steps after `WARM`, from the end of one to the end of the next, records operators in one more."""

    order = 1000  # after everything else

    def __init__(self, timed: int, device: str) -> None:
        self.timed, self.device = timed, device
        self.ends: list[float] = []
        self.shapes: list[list[int]] = []

    def before_batch(self) -> None:
        """What the step computes on."""
        self.shapes.append(list(self.xb[0].shape))

    def after_batch(self) -> None:
        """The end of a step."""
        ceilings.synchronise(self.device)
        self.ends.append(time.perf_counter())
        if len(self.ends) == WARM + self.timed:
            self.operators = Operators().__enter__()
        elif len(self.ends) > WARM + self.timed:
            self.operators.__exit__(None, None, None)
            raise CancelFitException

    def seconds(self) -> list[float]:
        """Of each timed step."""
        ends = self.ends[WARM - 1 : WARM + self.timed]
        return [end - before for before, end in pairwise(ends)]

    def sizes(self) -> list[list[int]]:
        """Texts and tokens of each timed step."""
        return self.shapes[WARM : WARM + self.timed]


class PlainAutocast(Callback):
    """What one adds to plain fastai for bf16 on the CPU, where its `to_bf16` does nothing."""

    def before_batch(self) -> None:
        """Enter autocast for the forward pass."""
        self.autocast = torch.autocast("cpu", dtype=torch.bfloat16)
        self.autocast.__enter__()

    def after_pred(self) -> None:
        """Leave it; the loss is in fp32."""
        self.autocast.__exit__(None, None, None)
        self.learn.pred = self.pred.float()


def train(settings: dict[str, Any]) -> Answer:
    """The arm. Settings: kind, size, side, device, precision, freeze_to, bs, steps. Dropout is the recipe's."""
    steps = Steps(settings["steps"], settings["device"])
    (our_training if settings["side"] == "ours" else plain_training)(settings, [steps])
    seconds, sizes = steps.seconds(), steps.sizes()
    is_lm = settings["kind"] == Kind.LM
    amounts = [texts * tokens if is_lm else texts for texts, tokens in sizes]
    flop = _flop(settings) * sum(texts * tokens for texts, tokens in sizes)
    unit = "tokens/s" if is_lm else "documents/s"
    return {
        "samples": {unit: [amount / second for amount, second in zip(amounts, seconds, strict=True)]},
        "profile": {
            "step s": round(sum(seconds) / len(seconds), 3),
            "GFLOP/s": round(flop / sum(seconds) / 1e9, 1),
            **steps.operators.shares(),
        },
        "same": sizes,
    }


def _flop(settings: dict[str, Any]) -> int:
    """Operations for one token (padding included) that the training needs: backward only through what trains."""
    architecture = SIZES[settings["size"]]
    weights = ceilings.lstm_weights(architecture)
    if settings["kind"] == Kind.LM:
        weights += material.WORDS[settings["size"]] * architecture.emb_sz
    return (2 if settings["kind"] == Kind.CLASSIFIER and settings["freeze_to"] == -1 else 6) * weights


def recipe(settings: dict[str, Any]) -> Recipe:
    """One stage of the recipes' kind, over the words of the model that is trained on."""
    kind = Kind(settings["kind"])
    name = "lm-notebook" if kind is Kind.LM else "classifier-notebook"
    stage = Stage(name="measured", freeze_to=settings["freeze_to"], epochs=settings.get("epochs", 1), lr=LR)
    update = {name: settings[name] for name in ("bs", "seq_len", "drop_mult") if name in settings}
    return recipes.get(name, kind).model_copy(update={"text_vocab": "parent", "stages": (stage,), **update})


def our_training(settings: dict[str, Any], callbacks: list[Callback]) -> Learner:
    """Train as the app does, from the benchmark's model, until a callback ends it."""
    kind, device = Kind(settings["kind"]), Device(settings["device"], settings["precision"])
    with tempfile.TemporaryDirectory() as folder:
        job = finetune.Job(
            kind, material.dataset(settings), recipe(settings), material.model(kind, settings), device,
            settings.get("seed", material.SEED), Path(folder), lambda event: None, lambda: "go",
        )  # fmt: skip
        learner = finetune.prepare(job).learner
        plan = recipes.plan(job.recipe, len(learner.dls.train), SIZES[settings["size"]].n_layers)
        course = Course(learner, job.recipe, plan, device, Path(folder), job.control, job.on_event)
        learner.add_cbs(callbacks)
        devices.seed_everything(job.seed)
        course.run(None)
    return learner


def plain_training(settings: dict[str, Any], callbacks: list[Callback]) -> Learner:
    """Train with fastai's own calls, from the same weights."""
    kind, values = Kind(settings["kind"]), recipe(settings)
    folder = material.model(kind, settings)
    vocab, shape = modelfolder.read_vocab(folder), {"emb_sz", "n_hid", "n_layers"}
    make: Callable[..., Learner] = _plain_lm if kind is Kind.LM else _plain_classifier
    config = SIZES[settings["size"]].model_dump(include=shape)
    learner = make(material.dataset(settings), vocab, config, values, settings["device"])
    learner.remove_cb(learner.progress)
    learner.logger = lambda *_: None
    learners.load_weights(learner, modelfolder.read_weights(folder))
    learner.model.to(settings["device"])
    learner.freeze_to(settings["freeze_to"])
    devices.seed_everything(settings.get("seed", material.SEED))
    _in_precision(learner, settings)
    learner.fit_one_cycle(settings.get("epochs", 1), LR, cbs=callbacks)
    return learner


def _in_precision(learner: Learner, settings: dict[str, Any]) -> None:
    if settings["precision"] == "fp32":
        return
    if settings["device"] == "cpu":
        learner.add_cb(PlainAutocast())
    elif settings["precision"] == "bf16":
        learner.to_bf16()
    else:
        learner.to_fp16()


def _plain_lm(texts: Dataset, vocab: list[str], config: dict[str, int], recipe: Recipe, device: str) -> Learner:
    train, valid = texts.lm_rows()
    frame = pd.DataFrame({"text": [*texts.texts_of(train), *texts.texts_of(valid)]})
    frame["is_valid"] = [False] * len(train) + [True] * len(valid)
    dls = TextDataLoaders.from_df(
        frame, text_col="text", is_lm=True, valid_col="is_valid", text_vocab=vocab, bs=recipe.bs,
        seq_len=recipe.seq_len, num_workers=0, device=device,
    )  # fmt: skip
    return language_model_learner(
        dls, AWD_LSTM, config={**awd_lstm_lm_config, **config}, drop_mult=recipe.drop_mult or learners.NO_DROPOUT,
        pretrained=False, metrics=[accuracy, Perplexity()], wd=recipe.wd,
    )  # fmt: skip


def _plain_classifier(texts: Dataset, vocab: list[str], config: dict[str, int], recipe: Recipe, device: str) -> Learner:
    frame = pd.DataFrame({"text": list(texts.texts), "label": [material.LABELS[label] for label in texts.label_ids]})
    frame["is_valid"] = texts.splits == Split.VALID.value
    dls = TextDataLoaders.from_df(
        frame, text_col="text", label_col="label", valid_col="is_valid", text_vocab=vocab, bs=recipe.bs,
        seq_len=recipe.seq_len, num_workers=0, device=device,
    )  # fmt: skip
    return text_classifier_learner(
        dls, AWD_LSTM, seq_len=recipe.seq_len, config={**awd_lstm_clas_config, **config}, pretrained=False,
        drop_mult=recipe.drop_mult or learners.NO_DROPOUT, metrics=accuracy, loss_func=CrossEntropyLossFlat(),
    )  # fmt: skip
