"""What a dataset folder says of itself, and the row-level report of an ingested file."""

from enum import StrEnum
from typing import Literal

from pydantic import Field

from ulmfit_app.schema.base import Name, Record, Sha256


class Split(StrEnum):
    """Which part of a dataset a row belongs to; fixed when the dataset is made."""

    TRAIN = "train"
    VALID = "valid"
    UNLABELLED = "unlabelled"


class Finding(Record):
    """One line of the row-level report: a `problem`, how many rows have it, and examples.

    `rows` are at most 20 row numbers as a person counts them in the file (a header or the first line is row 1).
    `dropped`: the rows were left out; `fatal`: no dataset can be made.
    """

    problem: Literal[
        "empty text", "duplicate", "conflicting duplicate", "not text", "one class only", "too few rows in a class",
        "over-long", "over the size limit", "broken file", "no label", "undecodable characters", "unknown format",
        "no header", "guessed encoding", "already in the base", "in both splits",
    ]  # fmt: skip
    count: int
    message: str
    rows: tuple[int, ...] = ()
    dropped: bool = False
    fatal: bool = False


TableFormat = Literal["delimited", "JSON Lines", "Parquet"]


class ReadAs(Record):
    """How a table file was read, most of it guessed. `delimiter` "": one column; a column "": there is none.

    `header`: the first row names the columns; else they are called `column 1`, `column 2`, … Without meaning for
    formats that are not delimited.
    """

    file: str
    format: TableFormat = "delimited"
    encoding: str
    delimiter: str
    header: bool
    text_columns: tuple[str, ...]
    label_column: str = ""
    valid_column: str = ""


class Counts(Record):
    """Texts per split."""

    train: int
    valid: int
    unlabelled: int


class DatasetInfo(Record):
    """`dataset.json` of a dataset folder."""

    v: Literal[1] = 1
    name: Name
    source: str = Field(description="Where it came from, in words; never a path.")
    labels: tuple[str, ...]
    counts: Counts
    content_hash: Sha256
    language: str = "en"
    split: str = Field(description="How the validation split was made, in words.")
    created: str
    read_as: tuple[ReadAs, ...] = ()
    findings: tuple[Finding, ...] = ()
