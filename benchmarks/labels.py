"""Label efficiency: `python -m benchmarks.labels [METHOD…]`, the record `labels`, a cell at a time; hours with models.

A cell is a method with so many labels of `imdb`, drawn stratified by the draw's number. It is read once, at the end, on
a fixed 2,000 of the validation reviews; nothing is chosen by these or by any label beyond the drawn ones, so the
recipes keep their last epoch. What the record holds of the same parent is not measured again. Draws the figure too.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import baselines, drawing, record
from benchmarks.quality import accuracy, say
from ulmfit_app import inference, recipes, registry
from ulmfit_app.charts.labels import Curve, label_curves
from ulmfit_app.data import sources
from ulmfit_app.data.dataset import Dataset, describe
from ulmfit_app.errors import AppError
from ulmfit_app.schema import Kind, Split

NAME = "labels"
DRAWS = {50: (1, 2, 3), 200: (1, 2, 3), 500: (1, 2, 3), 2000: (1,)}
MEASURED = 2_000
WATCHED = 20  # texts that the training loop validates on, outside of those measured; nothing is chosen by them
Figures = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Method:
    """`fit` gives a function from texts to label names, trained on the dataset's training texts with the seed.

    `of`: the start that it is trained from.
    """

    of: str
    fit: Callable[[Dataset, int], Callable[[Sequence[str]], Sequence[str]]]


def main() -> None:
    """Measure the cells that are missing, few labels first, and write the record after each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("methods", nargs="*", metavar="METHOD", help=f"of: {', '.join(METHODS)} (default: all)")
    parser.add_argument("--general", default="general-lm", help="the language model that recipe quick starts from")
    parser.add_argument("--imdb", default="imdb-lm", help="the language model that ULMFiT starts from")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    if unknown := set(options.methods) - METHODS.keys():
        parser.error(f"no such method: {', '.join(sorted(unknown))}")
    inference.use_threads(options.threads)
    for key in options.methods or METHODS:
        name, make = METHODS[key]
        try:
            measure(name, make(options))
        except AppError as error:
            say(f"{name}: {error}")
    if found := record.figures(NAME):
        drawing.write(label_curves(curves(found)), drawing.LABELS, found)


def measure(name: str, method: Method) -> None:
    """Every cell of `method` that the record does not hold yet."""
    imdb = sources.open_dataset("imdb")
    of = f"{imdb.info.content_hash[:12]} {method.of}".strip()
    for n, draws in DRAWS.items():
        for draw in draws:
            if record.figures(NAME).get(name, {}).get(str(n), {}).get(str(draw), {}).get("of") == of:
                continue
            started = record.machine()
            measured = {"of": of, **cell(imdb, method, n, draw)}
            figures = record.figures(NAME)  # read now: another method may have been measured meanwhile
            figures.setdefault(name, {}).setdefault(str(n), {})[str(draw)] = measured
            record.write(NAME, "python -m benchmarks.labels", started, figures)
            say(f"{name}, {n} labels, draw {draw}: {measured['accuracy']}")


def cell(imdb: Dataset, method: Method, n: int, draw: int) -> Figures:
    """Train and measure once."""
    measured = imdb.draw(Split.VALID, MEASURED)
    begun = time.monotonic()
    predict = method.fit(drawn(imdb, n, draw), draw)
    seconds = time.monotonic() - begun
    truth = [imdb.info.labels[label] for label in imdb.label_ids[measured]]
    said = predict(imdb.texts_of(measured))
    hits = np.array([one == true for one, true in zip(said, truth, strict=True)])
    return {**accuracy(hits), "seconds": round(seconds, 1)}


def drawn(imdb: Dataset, n: int, draw: int) -> Dataset:
    """`n` training reviews, drawn stratified, and `WATCHED` validation reviews that are not measured on."""
    rest = np.setdiff1d(imdb.rows(Split.VALID), imdb.draw(Split.VALID, MEASURED))
    rows = np.concatenate([imdb.draw(Split.TRAIN, n, draw), imdb.sample(rest, WATCHED, draw)])
    texts, label_ids, splits = imdb.texts_of(rows), imdb.label_ids[rows], imdb.splits[rows]
    info = describe(
        f"imdb-{n}-labels", source="imdb", split="drawn", labels=imdb.info.labels, texts=texts, label_ids=label_ids,
        splits=splits,
    )  # fmt: skip
    return Dataset(info, texts, label_ids, splits)


def tfidf(_: argparse.Namespace) -> Method:
    """The baseline; what its cross-validation needs comes out of the drawn labels."""

    def fit(dataset: Dataset, _: int) -> Callable[[Sequence[str]], Sequence[str]]:
        rows = dataset.rows(Split.TRAIN)
        fitted = baselines.tfidf(dataset.texts_of(rows), dataset.label_ids[rows])
        return lambda texts: [dataset.info.labels[label] for label in fitted.predict(texts)]

    return Method("", fit)


def ulmfit(options: argparse.Namespace) -> Method:
    """Recipe few-label from the IMDb language model."""
    return fine_tuned(options, options.imdb, "few-label", {"keep": "last"})


def quick(options: argparse.Namespace) -> Method:
    """Recipe quick from the general language model; 64 texts a minibatch are too many for 50 labels."""
    return fine_tuned(options, options.general, "quick", {"shrink_bs": True})


def fine_tuned(options: argparse.Namespace, parent: str, recipe: str, changes: Mapping[str, Any]) -> Method:
    """A classifier by `recipe` from the model `parent`."""
    from ulmfit_app.engine import finetune  # fastai: seconds that the baseline does not need

    entry = registry.entry(parent)
    chosen = recipes.override(recipes.get(recipe, Kind.CLASSIFIER), changes)

    def fit(dataset: Dataset, seed: int) -> Callable[[Sequence[str]], Sequence[str]]:
        with tempfile.TemporaryDirectory() as place:
            model = Path(place) / "model"
            finetune.train(
                Kind.CLASSIFIER, dataset, chosen, model, parent=entry.path, checkpoints=Path(place) / "checkpoints",
                on_event=lambda _: None, device=options.device, precision=options.precision, threads=options.threads,
                seed=seed,
            )  # fmt: skip
            predictor = inference.load(model)
        return lambda texts: [found.label for found in predictor.predict_many(texts)]

    return Method(entry.usable_config().weights_sha256[:12], fit)


def curves(figures: Figures) -> dict[str, Curve]:
    """The record's figures as the chart wants them."""
    return {
        name: [(int(n), [one["accuracy"] for one in draws.values()]) for n, draws in cells.items()]
        for name, cells in figures.items()
    }


METHODS: dict[str, tuple[str, Callable[[argparse.Namespace], Method]]] = {
    "tfidf": ("TF-IDF, logistic regression", tfidf),
    "ulmfit": ("ULMFiT from imdb-lm (few-label)", ulmfit),
    "quick": ("quick, from general-lm", quick),
}


if __name__ == "__main__":
    main()
