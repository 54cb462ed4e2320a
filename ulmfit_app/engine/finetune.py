"""Fine-tuning: dataset + recipe + parent in, model folder out. Knows nothing of runs, the Hub or the UI.

The loop is fastai's (`Learner.freeze_to`, `Learner.fit_one_cycle`); this module prepares it, runs the recipe's stages,
and writes the model.
"""

import platform
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import fastai
import numpy as np
import torch
from fastai.learner import Learner

from ulmfit_app import modelfolder
from ulmfit_app.data.dataset import Dataset
from ulmfit_app.data.token_workers import usable_cores
from ulmfit_app.data.tokens import tokenizer_config
from ulmfit_app.data.vocabulary import vocabulary_fit
from ulmfit_app.engine import checkpoints, corpus, devices, dropout, learners, lm_output, loaders, parents, word2vec
from ulmfit_app.engine.checkpoints import Resumed
from ulmfit_app.engine.corpus import Corpus
from ulmfit_app.engine.devices import Device
from ulmfit_app.engine.outcome import Control, NothingTrained, Paused
from ulmfit_app.engine.stages import Course
from ulmfit_app.errors import TrainingError
from ulmfit_app.recipes import fit_to_texts, plan
from ulmfit_app.schema import (
    SIZES,
    Architecture,
    Event,
    Kind,
    Lineage,
    MessageEvent,
    Metric,
    ModelConfig,
    ProgressEvent,
    Recipe,
    StageEvent,
)

OnEvent = Callable[[Event], None]
VALID_SHARE_OF_LIMIT = 4
MIN_VALID = 100


@dataclass(frozen=True, slots=True)
class Trained:
    """What a training gave: the `config` of the model written, its last (or best) metrics, remarks for the user."""

    config: ModelConfig
    metrics: dict[str, float]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Job:
    """Everything a training was asked for, resolved."""

    kind: Kind
    dataset: Dataset
    recipe: Recipe
    parent: Path | None
    device: Device
    seed: int
    checkpoints: Path
    on_event: OnEvent
    control: Control


@dataclass(frozen=True, slots=True)
class Prepared:
    """What the stages run on. `recipe` is the job's with what depends on the texts resolved."""

    recipe: Recipe
    corpus: Corpus
    vocab: list[str]
    architecture: Architecture
    learner: Learner
    parent: parents.Parent | None
    notes: tuple[str, ...]


def train(
    kind: Kind,
    dataset: Dataset,
    recipe: Recipe,
    folder: Path,
    *,
    parent: Path | None,
    checkpoints: Path,
    on_event: OnEvent,
    device: str = "auto",
    precision: str = "auto",
    threads: int | None = None,
    seed: int = 42,
    limit: int | None = None,
    control: Control = lambda: "go",
    resume: bool | str = False,
) -> Trained:
    """Train by `recipe` and write the model to `folder`, which must not exist.

    `parent`: folder of the model whose weights are the start, None for random ones. `limit`: read this many training
    texts and max(100, limit / 4) validation texts, drawn stratified by `seed`. `checkpoints`: folder for checkpoints.
    `on_event` is called between minibatches; an exception from it ends the training, and no model is written.
    `control` is asked after every minibatch and while tokenising: `pause` raises `Paused` once a checkpoint is written,
    `stop` writes the model of the present weights, marked partial (`NothingTrained` if there was no step yet).
    `resume`: go on from the newest checkpoint, from the start if there is none; or from the checkpoint of that name.
    Raises `TrainingError`, `NotFoundError`, `ParentError`, `DeviceError`, `RecipeError`, `DataError`.
    """
    torch.set_num_threads(threads or usable_cores())
    chosen = devices.choose(device, precision)
    job = Job(kind, dataset, limited(recipe, limit), parent, chosen, seed, checkpoints, on_event, control)
    with devices.memory_errors_told():
        on_event(StageEvent(name="tokenise", number=1, of=1 + len(recipe.stages)))
        prepared = prepare(job)
        course = _course(job, prepared)
        resumed = _load(job, prepared, resume)
        if not resumed:
            embed(job, prepared)
        devices.seed_everything(job.seed)
        stopped = course.run(resumed)
    metrics = course.metrics(stopped)
    config = _write(job, prepared, folder, metrics, partial=stopped)
    return Trained(config, metrics, prepared.notes)


def _load(job: Job, prepared: Prepared, resume: bool | str) -> Resumed | None:
    if isinstance(resume, str):
        return checkpoints.load(prepared.learner, job.checkpoints, resume)
    return checkpoints.load_newest(prepared.learner, job.checkpoints) if resume else None


def limited(recipe: Recipe, limit: int | None) -> Recipe:
    """`recipe` reading `limit` training texts and max(100, limit / 4) validation texts."""
    if limit is None:
        return recipe
    update = {"train_texts": limit, "valid_texts": max(MIN_VALID, limit // VALID_SHARE_OF_LIMIT)}
    return recipe.model_copy(update=update)


def prepare(job: Job) -> Prepared:
    """Texts, vocabulary, weights and learner, with everything that can be refused refused before training."""
    devices.seed_everything(job.seed)
    rows = corpus.choose_rows(job.kind, job.dataset, job.recipe, job.seed)
    recipe = fit_to_texts(job.recipe, len(rows.train))
    parent = parents.load(job.parent, tokenizer_config(job.dataset.info.language)) if job.parent else None
    texts = corpus.prepare(job.dataset, rows, _obeying(job, "tokenise"))
    vocab = _vocabulary(texts, recipe, parent)
    architecture = parent.config.architecture if parent else SIZES[recipe.size]
    weights = parents.transfer(parent, vocab) if parent else {}
    learner = _learner(job, recipe, texts, vocab, architecture)
    learners.load_weights(learner, parents.for_lm(weights) if job.kind is Kind.LM else parents.for_classifier(weights))
    notes = _notes(job, recipe, texts, vocab, parent)
    for note in notes:
        job.on_event(MessageEvent(text=note))
    return Prepared(recipe, texts, vocab, architecture, learner, parent, notes)


def embed(job: Job, prepared: Prepared) -> None:
    """First word vectors from word2vec, if the recipe asks for them and there is no parent to take them from."""
    if prepared.parent or prepared.recipe.embedding != "word2vec":
        return
    texts = prepared.corpus.ids(prepared.corpus.train, prepared.vocab, prepared.recipe.first_tokens)
    report = _obeying(job, "word2vec")
    found = word2vec.vectors(texts, prepared.vocab, prepared.architecture.emb_sz, seed=job.seed, on_progress=report)
    weights = {parents.EMBEDDING: found}
    named = parents.for_lm(weights) if job.kind is Kind.LM else parents.for_classifier(weights)
    learners.load_weights(prepared.learner, named)


def _obeying(job: Job, phase: Literal["tokenise", "word2vec"]) -> corpus.Progress:
    """Report the progress of what comes before the training, and obey a wish to pause or stop."""

    def report(done: int, total: int) -> None:
        job.on_event(ProgressEvent(phase=phase, done=done, total=total, unit="documents"))
        wish = job.control()
        if wish == "pause":
            raise Paused
        if wish == "stop" and not any(checkpoints.names(job.checkpoints)):
            raise NothingTrained

    return report


def _vocabulary(texts: Corpus, recipe: Recipe, parent: parents.Parent | None) -> list[str]:
    """The parent's words, or the dataset's (checklist row 22; ULMFiT keeps the LM's vocabulary for the classifier)."""
    if parent and recipe.text_vocab == "parent":
        return parent.vocab
    vocab = texts.vocabulary(recipe)
    if vocabulary_fit((), vocab).new == 0:
        raise TrainingError(
            f"No word occurs {recipe.min_freq} times in the training texts.", todo="Add texts, or lower min_freq."
        )
    return vocab


def _learner(job: Job, recipe: Recipe, texts: Corpus, vocab: list[str], architecture: Architecture) -> Learner:
    parts = [texts.ids(rows, vocab, recipe.first_tokens) for rows in (texts.train, texts.valid)]
    if job.kind is Kind.LM:
        train_texts, valid_texts = (loaders.LMTexts(ids, vocab) for ids in parts)
        dls = loaders.lm_loaders(train_texts, valid_texts, recipe, job.device.torch)
        learner = learners.lm_learner(dls, architecture, recipe)
        if job.device.is_cpu:
            lm_output.fuse(learner)
    else:
        label_ids = [texts.labels(rows) for rows in (texts.train, texts.valid)]
        names = list(job.dataset.info.labels)
        train, valid = (loaders.LabelledTexts(*part, vocab, names) for part in zip(parts, label_ids, strict=True))
        dls = loaders.classifier_loaders(train, valid, recipe, job.device.torch)
        learner = learners.classifier_learner(dls, architecture, recipe, label_ids[0])
    if job.device.is_cpu:
        dropout.quicken(learner)
    learner.model.to(job.device.torch)
    return learner


def _notes(job: Job, recipe: Recipe, texts: Corpus, vocab: list[str], parent: parents.Parent | None) -> tuple[str, ...]:
    """What a person should know about this training, in words."""
    notes = [f"{len(texts.train):,} training texts, {len(texts.valid):,} validation texts, {len(vocab):,} words."]
    notes.append(f"Device {job.device.name}, precision {job.device.precision}, {torch.get_num_threads()} threads.")
    if len(texts.train) < texts.available:
        notes.append(f"They are a stratified draw from {texts.available:,} training texts.")
    if recipe.bs != job.recipe.bs:
        notes.append(f"Few texts: minibatches of {recipe.bs}.")
    if job.kind is Kind.LM and job.dataset.info.counts.valid:
        among = "are among" if recipe.count_validation else "are not among"
        notes.append(f"Texts of the classifier's validation split {among} the language model's texts.")
    if parent is None:
        start = "random" if recipe.embedding == "random" else "random, the word vectors from word2vec"
        notes.append(f"The weights start {start}: there is no parent.")
        if any(stage.freeze_to for stage in recipe.stages):
            notes.append("The recipe freezes layers that are random here; 'pretrain' trains all of them.")
    else:
        fit = vocabulary_fit(parent.vocab, vocab)
        notes.append(
            f"{fit.kept:,} of {fit.kept + fit.new:,} words ({fit.share:.0%}) keep the vectors of '{parent.name}'; "
            "a new word starts as their mean."
        )
    return tuple(notes)


def _course(job: Job, prepared: Prepared) -> Course:
    stages = plan(job.recipe, len(prepared.learner.dls.train), prepared.architecture.n_layers)
    return Course(prepared.learner, job.recipe, stages, job.device, job.checkpoints, job.control, job.on_event)


def _write(job: Job, prepared: Prepared, folder: Path, metrics: dict[str, float], partial: bool) -> ModelConfig:
    is_classifier = job.kind is Kind.CLASSIFIER
    return modelfolder.write(
        folder,
        kind=job.kind,
        part="full",
        architecture=prepared.architecture,
        tokenizer=tokenizer_config(job.dataset.info.language),
        vocab=prepared.vocab,
        labels=job.dataset.info.labels if is_classifier else (),
        seq_len=job.recipe.seq_len,
        max_len=job.recipe.max_len,
        lineage=_lineage(job, prepared),
        metrics=_described(job, prepared, metrics, partial),
        partial=partial,
        weights=learners.weights_of(prepared.learner),
    )


def _described(job: Job, prepared: Prepared, metrics: dict[str, float], partial: bool) -> dict[str, Metric]:
    kept = "best epoch" if job.recipe.keep == "best" and not partial else "last epoch"
    kept = f"{kept} that ended before the training was stopped" if partial else kept
    how = f"{kept}, {len(prepared.corpus.valid):,} validation texts, {job.device.precision}, fastai's validation loop"
    return {name: Metric(value=value, how=how) for name, value in metrics.items() if np.isfinite(value)}


def _lineage(job: Job, prepared: Prepared) -> Lineage:
    parent = prepared.parent
    return Lineage(
        dataset=job.dataset.info.name,
        dataset_hash=job.dataset.info.content_hash,
        parent=parent.name if parent else None,
        parent_hash=parent.config.weights_sha256 if parent else None,
        recipe=prepared.recipe,
        seed=job.seed,
        train_texts=len(prepared.corpus.train),
        available_texts=prepared.corpus.available,
        valid_texts=len(prepared.corpus.valid),
        device=job.device.name,
        precision=job.device.precision,
        versions=_versions(),
    )


def _versions() -> dict[str, Any]:
    return {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "fastai": fastai.__version__,
        "spacy": version("spacy"),
    }
