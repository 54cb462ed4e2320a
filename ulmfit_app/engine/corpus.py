"""From a dataset and a recipe to numericalised training and validation texts and the vocabulary.

Reads texts and writes nothing but the token cache; knows neither weights nor devices.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ulmfit_app.data.dataset import Dataset
from ulmfit_app.data.token_table import Numericalised, TokenTable, tokenise
from ulmfit_app.data.vocabulary import make_vocab
from ulmfit_app.errors import TrainingError
from ulmfit_app.schema import Kind, Recipe, Split

Progress = Callable[[int, int], None]
WHOLE = 0.5  # share of the dataset from which on all of it is tokenised, so that runs share one cache entry


@dataclass(frozen=True, slots=True)
class Rows:
    """Training and validation rows of a run, and how many training rows were `available` to draw from."""

    train: np.ndarray
    valid: np.ndarray
    available: int


@dataclass(frozen=True, slots=True)
class Corpus:
    """What the loaders are made of. `train` and `valid` are rows of `dataset`; ids stay on disk until they are read."""

    dataset: Dataset
    train: np.ndarray
    valid: np.ndarray
    available: int
    table: TokenTable
    table_rows: dict[int, int] | None

    def _places(self, rows: np.ndarray) -> np.ndarray:
        """Where the table holds the dataset's `rows`."""
        return (
            rows if self.table_rows is None else np.array([self.table_rows[int(row)] for row in rows], dtype=np.int64)
        )

    def vocabulary(self, recipe: Recipe) -> list[str]:
        """The training texts' vocabulary, as fastai's `Numericalize` builds it."""
        rows = np.concatenate([self.train, self.valid]) if recipe.count_validation else self.train
        return make_vocab(self.table.counts(self._places(rows)), recipe.min_freq, recipe.max_vocab)

    def ids(self, rows: np.ndarray, vocab: Sequence[str], first_tokens: int | None) -> Numericalised:
        """The texts of `rows` as ids of `vocab`."""
        return self.table.numericalise(vocab, self._places(rows), first_tokens)

    def labels(self, rows: np.ndarray) -> np.ndarray:
        """Label ids (n,) of `rows`."""
        return self.dataset.label_ids[rows]


def choose_rows(kind: Kind, dataset: Dataset, recipe: Recipe, seed: int) -> Rows:
    """Training and validation rows of a run, drawn stratified by `seed` where the recipe limits them."""
    if kind is Kind.LM:
        train, valid = dataset.lm_rows(count_validation=recipe.count_validation)
    else:
        train, valid = dataset.rows(Split.TRAIN), dataset.rows(Split.VALID)
    available = len(train)
    if recipe.train_texts is not None:
        train = dataset.sample(train, recipe.train_texts, seed)
    if recipe.valid_texts is not None:
        valid = dataset.sample(valid, recipe.valid_texts, seed)
    _refuse_empty(kind, dataset, train, valid)
    return Rows(train, valid, available)


def _refuse_empty(kind: Kind, dataset: Dataset, train: np.ndarray, valid: np.ndarray) -> None:
    for part, rows in (("training", train), ("validation", valid)):
        if not len(rows):
            raise TrainingError(f"The dataset '{dataset.info.name}' has no {part} texts for this run.")
    if kind is Kind.CLASSIFIER:
        missing = set(range(len(dataset.info.labels))) - set(dataset.label_ids[train].tolist())
        if missing:
            names = ", ".join(dataset.info.labels[label] for label in sorted(missing))
            raise TrainingError(
                f"No training text has the label {names}.", todo="Raise --limit, or add texts with that label."
            )


def prepare(dataset: Dataset, rows: Rows, on_progress: Progress) -> Corpus:
    """Tokenise what the run reads (from the cache where it can)."""
    read = np.concatenate([rows.train, rows.valid])
    parts = dataset, rows.train, rows.valid, rows.available
    if len(read) >= WHOLE * len(dataset.texts):
        return Corpus(*parts, dataset.token_table(on_progress), None)
    unique = np.unique(read)
    table = tokenise(
        [dataset.texts[int(row)] for row in unique], language=dataset.info.language, on_progress=on_progress
    )
    return Corpus(*parts, table, {int(row): place for place, row in enumerate(unique)})
