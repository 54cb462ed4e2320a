"""How good the models are, beside what costs less: `python -m benchmarks.quality [PART…]`, the record `quality`.

Classifiers are measured on the 5,000 validation reviews of `imdb` and were all trained on its other 20,000; language
models on those reviews and on their own validation texts. The official test reviews give a figure of their own, if they
can be downloaded; nothing is ever chosen by it. What the record holds of the same texts and weights is not measured
again. Models are named; with `ULMFIT_HOME` the home that trained them, their runs tell how long that took.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import baselines, probes, record
from ulmfit_app import inference, registry
from ulmfit_app.data import sources
from ulmfit_app.data.dataset import Dataset
from ulmfit_app.engine import download
from ulmfit_app.engine.corpus import choose_rows
from ulmfit_app.errors import AppError, NotFoundError
from ulmfit_app.inference.evaluate import Measurement, evaluate_lm, wilson
from ulmfit_app.recipes import fit_to_texts
from ulmfit_app.registry import ModelEntry
from ulmfit_app.runs.summary import RunSummary, summaries
from ulmfit_app.schema import Kind, ModelConfig, RunState, Sampling, Split

NAME = "quality"
TRAINED_ON = 20_000
LENGTHS = (100, 300, 700)  # words, between which accuracy is counted apart
PROMPTS = (
    "I liked this movie by Robert Downey Jr. because",
    "The worst thing about this film is",
    "The acting was",
    "When I was a child,",
    "The government said",
)
SAMPLES, WORDS, SEED = 2, 40, 42
BASELINES = {
    "majority": baselines.majority,
    "TF-IDF of words and pairs, logistic regression": baselines.tfidf,
    "NB-SVM, 1- to 3-grams": baselines.nb_svm,
}
Figures = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of the record; `of` names the texts and weights that it is of."""

    group: str
    name: str
    of: str
    measure: Callable[[], Figures]


def main() -> None:
    """Measure what is missing, and write the record after each figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of: {', '.join(PARTS)} (default: all)")
    parser.add_argument("--classifier", default="imdb-classifier", help="the ULMFiT classifier")
    parser.add_argument("--quick", default="imdb-quick", help="the classifier of recipe quick, from the general model")
    parser.add_argument("--lms", nargs=2, default=["general-lm", "imdb-lm"], metavar=("GENERAL", "IMDB"))
    options = parser.parse_args()
    if unknown := set(options.parts) - PARTS.keys():
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    inference.use_threads(1)
    for part in options.parts or PARTS:
        try:
            measure(PARTS[part](options))
        except AppError as error:
            say(f"{part}: {error}")


def measure(items: Iterator[Item]) -> None:
    """Every item that the record does not hold yet."""
    for item in items:
        if record.figures(NAME).get(item.group, {}).get(item.name, {}).get("of") == item.of:
            say(f"{item.group}, {item.name}: in the record")
            continue
        started = record.machine()
        measured = {"of": item.of, **item.measure()}
        figures = record.figures(NAME)  # read now: another part may have been measured meanwhile
        figures.setdefault(item.group, {})[item.name] = measured
        record.write(NAME, "python -m benchmarks.quality", started, figures)
        say(f"{item.group}, {item.name}: measured")


def baseline_items(_: argparse.Namespace) -> Iterator[Item]:
    """The baselines, trained here."""
    imdb = sources.open_dataset("imdb")
    for name, fit in BASELINES.items():
        yield Item("classifiers", name, imdb.info.content_hash[:12], lambda fit=fit: _baseline(imdb, fit))


def _baseline(imdb: Dataset, fit: Callable[[Sequence[str], NDArray[np.int64]], baselines.Baseline]) -> Figures:
    train, valid = imdb.rows(Split.TRAIN), imdb.rows(Split.VALID)
    begun = time.monotonic()
    fitted = fit(imdb.texts_of(train), imdb.label_ids[train])
    seconds = time.monotonic() - begun
    texts = imdb.texts_of(valid)
    hits = fitted.predict(texts) == imdb.label_ids[valid]
    told = {"how": fitted.how, "seconds": round(seconds, 1), "mb": round(fitted.size / 1e6, 1)}
    return {**accuracy(hits), "by words": by_words(texts, hits), **told}


def classifier_items(options: argparse.Namespace) -> Iterator[Item]:
    """The two trained classifiers, where they are."""
    imdb = sources.open_dataset("imdb")
    for name, model in (("quick, no language-model step", options.quick), ("ULMFiT", options.classifier)):
        if entry := _entry(model):
            _refuse_other_texts(entry, imdb)
            yield Item("classifiers", name, _of(entry, imdb), lambda entry=entry: _classifier(entry, imdb))


def _refuse_other_texts(entry: ModelEntry, imdb: Dataset) -> None:
    lineage = entry.usable_config().lineage
    if (lineage.dataset_hash, lineage.train_texts) != (imdb.info.content_hash, TRAINED_ON):
        raise AppError(f"'{entry.name}' was not trained on the same {TRAINED_ON:,} reviews as the baselines.")


def _classifier(entry: ModelEntry, dataset: Dataset) -> Figures:
    """`entry` on the validation texts of `dataset`, by the project's own evaluation."""
    rows = dataset.rows(Split.VALID)
    texts, labels = dataset.texts_of(rows), [dataset.info.labels[label] for label in dataset.label_ids[rows]]
    measured = Measurement(inference.load(entry.path))
    predictions = measured.add(texts, labels, progress(entry.name))
    hits = np.array([found.label == label for (found, _), label in zip(predictions, labels, strict=True)])
    report = measured.report()
    told = {"loss": round(report.loss, 4), "calibration error": round(report.ece, 4)}
    return {**accuracy(hits), "by words": by_words(texts, hits), **told, **_made(entry)}


def _made(entry: ModelEntry) -> Figures:
    """What it took: recipe, size, and the seconds of its training and of its parents', where their runs are here."""
    config, runs = entry.usable_config(), summaries()
    line = registry.ancestors(config, registry.models())
    parents = {one.name: training_seconds(one.entry.config, runs) for one in line if one.entry and one.entry.config}
    return {
        "model": entry.name,
        "how": f"recipe {config.lineage.recipe.name} from {config.lineage.parent}",
        "trained on": f"{config.lineage.device}, {config.lineage.precision}",
        "seconds": training_seconds(config, runs),
        "seconds of parents": parents,
        "mb": round(registry.disk_use(entry.path) / 1e6, 1),
    }


def training_seconds(config: ModelConfig, runs: Sequence[RunSummary]) -> float | None:
    """How long the run worked that made the model of `config` or its original; None if it is not among `runs`."""
    run = training_run(config, runs)
    return round(run.result.seconds) if run and run.result else None


def training_run(config: ModelConfig, runs: Sequence[RunSummary]) -> RunSummary | None:
    """The finished run that made the model of `config` or its original; None if it is not among `runs`."""
    lineage = config.lineage
    for run in runs:
        spec = run.spec
        if run.state is not RunState.DONE or not run.result or not spec or not spec.recipe or spec.limit:
            continue
        same = (spec.kind.trains, spec.seed, spec.dataset) == (config.kind, lineage.seed, lineage.dataset)
        if same and fit_to_texts(spec.recipe, lineage.train_texts) == lineage.recipe:
            return run
    return None


def lm_items(options: argparse.Namespace) -> Iterator[Item]:
    """Both language models on the validation reviews, and each on the validation texts of its own training."""
    imdb = sources.open_dataset("imdb")
    for name in options.lms:
        if entry := _entry(name):
            texts = imdb.texts_of(imdb.rows(Split.VALID))
            yield Item("language models", f"{name}, IMDb validation reviews", _of(entry, imdb), _lm(entry, texts))
    if entry := _entry(options.lms[0]):
        lineage = entry.usable_config().lineage
        own = sources.open_dataset(lineage.dataset)
        if own.info.content_hash != lineage.dataset_hash:
            raise AppError(f"'{entry.name}' was trained on another version of “{lineage.dataset}”.")
        texts = own.texts_of(choose_rows(Kind.LM, own, lineage.recipe, lineage.seed).valid)
        yield Item("language models", f"{entry.name}, its own validation texts", _of(entry, own), _lm(entry, texts))


def _lm(entry: ModelEntry, texts: Sequence[str]) -> Callable[[], Figures]:
    def measured() -> Figures:
        report = evaluate_lm(inference.load(entry.path), texts, progress(entry.name)).model_dump(exclude={"kind"})
        rounded = {name: round(value, 4) for name, value in report.items()}
        return {"model": entry.name, "texts": len(texts), **rounded, **_made(entry)}

    return measured


def sample_items(options: argparse.Namespace) -> Iterator[Item]:
    """The same prompts with the same seeds, before and after fine-tuning."""
    for name in options.lms:
        if entry := _entry(name):
            yield Item("samples", name, entry.usable_config().weights_sha256[:12], lambda entry=entry: _samples(entry))


def _samples(entry: ModelEntry) -> Figures:
    generator = inference.load(entry.path)
    texts = {
        prompt: [one.text for one in generator.generate(prompt, WORDS, SAMPLES, Sampling(), SEED)] for prompt in PROMPTS
    }
    return {"model": entry.name, "seed": SEED, "sampling": asdict(Sampling()), "texts": texts}


def probe_items(options: argparse.Namespace) -> Iterator[Item]:
    """Made-up sentences of kinds that are hard: a hint at limits, not a measurement."""
    if entry := _entry(options.classifier):
        of = entry.usable_config().weights_sha256[:12]
        yield Item("probes", entry.name, of, lambda: {"model": entry.name, **probes.tried(inference.load(entry.path))})


def test_items(options: argparse.Namespace) -> Iterator[Item]:
    """The 25,000 official test reviews, downloaded: `imdb-full` validates on them."""
    if entry := _entry(options.classifier):
        full = sources.open_dataset("imdb-full", progress("imdb-full"), download.fetch)
        yield Item("official test reviews", "ULMFiT", _of(entry, full), lambda: _classifier(entry, full))


def accuracy(hits: NDArray[np.bool_]) -> Figures:
    """The share of `hits` with its 95% Wilson interval."""
    right, n = int(hits.sum()), len(hits)
    low, high = wilson(right, n)
    return {"accuracy": round(right / n, 4), "low": round(low, 4), "high": round(high, 4), "right": right, "n": n}


def by_words(texts: Sequence[str], hits: NDArray[np.bool_]) -> dict[str, Figures]:
    """`accuracy` of the texts of each length in words, between `LENGTHS`."""
    words = np.array([len(text.split()) for text in texts])
    place = np.searchsorted(LENGTHS, words, side="right")
    names = [f"{low} to {high - 1}" for low, high in pairwise((0, *LENGTHS))] + [f"{LENGTHS[-1]} or more"]
    return {name: accuracy(hits[place == i]) for i, name in enumerate(names) if (place == i).any()}


def _entry(name: str) -> ModelEntry | None:
    try:
        return registry.entry(name)
    except NotFoundError:
        say(f"There is no model '{name}' here: left out.")
        return None


def _of(entry: ModelEntry, dataset: Dataset) -> str:
    return f"{dataset.info.content_hash[:12]} {entry.usable_config().weights_sha256[:12]}"


def progress(what: str) -> Callable[[int, int], None]:
    """Says how far `what` is, a tenth at a time."""
    told = 0

    def report(done: int, total: int) -> None:
        nonlocal told
        if 10 * done // total > told:
            told = 10 * done // total
            say(f"{what}: {done:,} of {total:,}")

    return report


def say(line: str) -> None:
    """Show progress."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


PARTS: dict[str, Callable[[argparse.Namespace], Iterator[Item]]] = {
    "baselines": baseline_items,
    "classifiers": classifier_items,
    "lms": lm_items,
    "samples": sample_items,
    "probes": probe_items,
    "test": test_items,
}


if __name__ == "__main__":
    main()
