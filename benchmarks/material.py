"""What arms compute on: real reviews, a vocabulary counted in them, and models of any size with random weights.

Speed does not depend on the weights' values. Everything is made once, in the folder of a plan.
"""

from pathlib import Path
from typing import Any

import numpy as np
import torch

from tests.fixtures import lineage, random_weights
from ulmfit_app import modelfolder
from ulmfit_app.data import sources
from ulmfit_app.data.dataset import Dataset, describe
from ulmfit_app.data.token_table import tokenise
from ulmfit_app.data.tokens import tokenizer_config
from ulmfit_app.data.vocabulary import make_vocab
from ulmfit_app.modelfolder.tensors import encoder_shapes, head_shapes
from ulmfit_app.schema import SIZES, Kind, Split

SEED = 42
LABELS = ("neg", "pos")
COUNTED = 3000  # reviews in which the words of the vocabulary are counted
WORDS = {"compact": 16_000, "full": 30_000, "tiny": 5_000}
SMALL_WEIGHTS = 0.05  # a standard deviation at which the layers neither saturate nor fade
TRAIN, VALID = 448, 32  # texts of a training's dataset: 28 minibatches of 16, or over 20 of 64x72 tokens


def reviews(split: Split, n: int) -> list[str]:
    """`n` IMDb reviews, the same ones in the same order every time."""
    imdb = sources.open_dataset("imdb")
    return imdb.texts_of(imdb.draw(split, n, SEED))


def dataset(settings: dict[str, Any]) -> Dataset:
    """Labelled reviews for a training of some steps: `settings["train_texts"]`, else `TRAIN`."""
    imdb = sources.open_dataset("imdb")
    train = settings.get("train_texts", TRAIN)
    rows = np.concatenate([imdb.draw(Split.TRAIN, train, SEED), imdb.draw(Split.VALID, VALID, SEED)])
    texts, label_ids, splits = imdb.texts_of(rows), imdb.label_ids[rows], imdb.splits[rows]
    info = describe(
        "benchmark", source="IMDb", split="drawn", labels=LABELS, texts=texts, label_ids=label_ids, splits=splits
    )
    return Dataset(info, texts, label_ids, splits)


def model(kind: Kind, settings: dict[str, Any]) -> Path:
    """The folder of the model of the size in `settings`, written if it is not there.

    In fp16, as shipped models are and what the Hub gives usually is; in fp32 where the settings say so.
    """
    size, folder, dtype = settings["size"], Path(settings["folder"]), settings.get("dtype", "fp16")
    place = folder / "models" / f"{size}-{kind}-{dtype}"
    if not place.is_dir():
        table = tokenise(reviews(Split.TRAIN, COUNTED))
        vocab = make_vocab(table.counts(np.arange(COUNTED)), 2, WORDS[size])
        labels, weights = LABELS if kind is Kind.CLASSIFIER else (), _weights(kind, size, len(vocab))
        modelfolder.write(
            place, kind=kind, architecture=SIZES[size], tokenizer=tokenizer_config(), vocab=vocab, labels=labels,
            lineage=lineage(kind), weights=weights, half=dtype == "fp16",
        )  # fmt: skip
    return place


def _weights(kind: Kind, size: str, words: int) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(SEED)
    prefix = "0." if kind is Kind.LM else "0.module."
    found = random_weights(encoder_shapes(SIZES[size], words), generator, prefix, SMALL_WEIGHTS)
    if kind is Kind.LM:
        return {**found, "1.decoder.bias": torch.zeros(words)}
    return found | random_weights(head_shapes(SIZES[size], len(LABELS)), generator)
