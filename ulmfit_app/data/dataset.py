"""A dataset: texts, labels, a fixed split, a content hash; and the folder it lives in.

A dataset folder holds `dataset.json` (schema.DatasetInfo) and `texts.parquet` with one row per text in file order:
`text` (string), `label` (int32 position in the labels, -1 for none), `split` ("train", "valid", "unlabelled").
Where the rows come from is the business of `ingest` and `sources`.
"""

import shutil
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from ulmfit_app.data.progress import Progress
from ulmfit_app.data.splits import SEED, draw, hold_out
from ulmfit_app.data.textstore import StoredTexts
from ulmfit_app.data.token_table import TokenTable, tokenise
from ulmfit_app.errors import DataError, MissingExtraError, NameTakenError, NotFoundError
from ulmfit_app.schema import Counts, DatasetInfo, Finding, ReadAs, Split

LM_VALID_SHARE = 0.1
GROUP_ROWS, GROUP_CHARS = 10_000, 32_000_000  # most of a row group, which is read as a whole


class Dataset:
    """`texts`, `label_ids` (int64, -1 = none) and `splits` (Split values), row by row in file order."""

    def __init__(
        self, info: DatasetInfo, texts: Sequence[str], label_ids: NDArray[np.int64], splits: NDArray[np.str_]
    ) -> None:
        self.info, self.texts, self.label_ids, self.splits = info, texts, label_ids, splits

    def rows(self, split: Split) -> NDArray[np.int64]:
        """The rows of `split`, ascending."""
        return np.flatnonzero(self.splits == split.value)

    def texts_of(self, rows: NDArray[np.int64]) -> list[str]:
        """The texts of `rows`, in their order."""
        return [self.texts[row] for row in rows.tolist()]

    def lm_rows(self, seed: int = SEED, count_validation: bool = False) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The rows that train the language model and those that validate it, a random tenth.

        Training and unlabelled texts, without those equal to a validation text; with `count_validation` all texts, as
        the notebook does.
        """
        rows = np.arange(len(self.texts))
        if not count_validation:
            kept_out = set(self.texts_of(self.rows(Split.VALID)))
            rows = np.array([row for row, text in enumerate(self.texts) if text not in kept_out], np.int64)
        texts = (self.texts[row] for row in rows.tolist())
        held_out = hold_out(texts, np.zeros(len(rows), np.int64), LM_VALID_SHARE, seed)
        return rows[~held_out], rows[held_out]

    def draw(self, split: Split, n: int, seed: int = SEED) -> NDArray[np.int64]:
        """`n` rows of `split`, ascending, stratified by label; all of them if there are fewer."""
        return self.sample(self.rows(split), n, seed)

    def sample(self, rows: NDArray[np.int64], n: int, seed: int = SEED) -> NDArray[np.int64]:
        """`n` of `rows`, stratified by label (no label counts as one); all of them if there are fewer."""
        return rows[draw(self.label_ids[rows], n, seed)]

    def token_table(self, on_progress: Progress | None = None, workers: int | None = None) -> TokenTable:
        """The tokens of all texts; see `token_table.tokenise`."""
        return tokenise(self.texts, language=self.info.language, workers=workers, on_progress=on_progress)


def describe(
    name: str,
    *,
    source: str,
    split: str,
    labels: Sequence[str],
    texts: Sequence[str],
    label_ids: NDArray[np.int64],
    splits: NDArray[np.str_],
    read_as: Sequence[ReadAs] = (),
    findings: Sequence[Finding] = (),
) -> DatasetInfo:
    """The DatasetInfo of these rows: counted, hashed, dated now."""
    counts = {part: int((splits == part.value).sum()) for part in Split}
    return DatasetInfo(
        name=name,
        source=source,
        labels=tuple(labels),
        counts=Counts(train=counts[Split.TRAIN], valid=counts[Split.VALID], unlabelled=counts[Split.UNLABELLED]),
        content_hash=content_hash(labels, texts, label_ids, splits),
        split=split,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        read_as=tuple(read_as),
        findings=tuple(findings),
    )


def content_hash(
    labels: Sequence[str], texts: Sequence[str], label_ids: NDArray[np.int64], splits: NDArray[np.str_]
) -> str:
    """sha256 over labels, texts, label ids and splits; the name and the description do not count."""
    digest = sha256(repr(tuple(labels)).encode())
    for text, label, split in zip(texts, label_ids.tolist(), splits.tolist(), strict=True):
        data = text.encode()
        digest.update(f"\0{split}\0{label}\0{len(data)}\0".encode())
        digest.update(data)
    return digest.hexdigest()


def write(
    folder: Path,
    info: DatasetInfo,
    texts: Sequence[str],
    label_ids: NDArray[np.int64],
    splits: NDArray[np.str_],
) -> None:
    """Write a dataset folder, beside and then renamed. Raises NameTakenError if `folder` exists."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(mkdtemp(dir=folder.parent, prefix=".making-"))
    try:
        _write_rows(beside / "texts.parquet", texts, label_ids, splits)
        (beside / "dataset.json").write_text(info.model_dump_json(indent=1), encoding="utf-8")
        if folder.exists():
            raise NameTakenError(f"A dataset named “{info.name}” exists already.", todo="Choose another name.")
        beside.rename(folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _write_rows(path: Path, texts: Sequence[str], label_ids: NDArray[np.int64], splits: NDArray[np.str_]) -> None:
    """A row group at a time: the texts may not fit into memory."""
    pa, parquet = _arrow()
    schema = pa.schema({"text": pa.large_string(), "label": pa.int32(), "split": pa.string()})
    with parquet.ParquetWriter(path, schema, compression="zstd") as file:
        start = 0
        for group in _groups(texts):
            rows = slice(start, start := start + len(group))
            file.write_table(pa.table([group, label_ids[rows].astype(np.int32), splits[rows].tolist()], schema))


def _groups(texts: Sequence[str]) -> Iterator[list[str]]:
    group, chars = [], 0
    for text in texts:
        group.append(text)
        chars += len(text)
        if len(group) == GROUP_ROWS or chars >= GROUP_CHARS:
            yield group
            group, chars = [], 0
    if group:
        yield group


def read_info(folder: Path) -> DatasetInfo:
    """`dataset.json` of `folder`. Raises NotFoundError, or DataError if it is damaged or of a newer version."""
    try:
        return DatasetInfo.model_validate_json((folder / "dataset.json").read_bytes())
    except OSError:
        if folder.is_dir():
            raise _damaged(folder) from None
        raise NotFoundError(f"There is no dataset “{folder.name}”.") from None
    except ValidationError:
        raise _damaged(folder) from None


def read(folder: Path) -> Dataset:
    """The dataset in `folder`. Raises NotFoundError, or DataError if it is damaged."""
    info = read_info(folder)
    pa, parquet = _arrow()
    try:
        file = parquet.ParquetFile(folder / "texts.parquet", memory_map=True)
        table = file.read(columns=["label", "split"])
        label_ids = table["label"].to_numpy().astype(np.int64)
        splits = np.array(table["split"].to_pylist(), np.str_)
        texts = StoredTexts(file)
    except (OSError, pa.ArrowException, ValueError, KeyError):
        raise _damaged(folder) from None
    dataset = Dataset(info, texts, label_ids, splits)
    if not _fits(dataset):
        raise _damaged(folder)
    return dataset


def _fits(dataset: Dataset) -> bool:
    """True if the rows are what dataset.json says: counts, and labels that exist."""
    counts = dataset.info.counts
    expected = {Split.TRAIN: counts.train, Split.VALID: counts.valid, Split.UNLABELLED: counts.unlabelled}
    in_range = (dataset.label_ids >= -1) & (dataset.label_ids < len(dataset.info.labels))
    return (
        all(len(dataset.rows(split)) == n for split, n in expected.items())
        and sum(expected.values()) == len(dataset.texts)
        and bool(in_range.all())
    )


def _damaged(folder: Path) -> DataError:
    return DataError(
        f"The dataset “{folder.name}” is damaged or was made by a newer version.",
        todo="Delete it and add it again.",
    )


def _arrow() -> tuple[Any, Any]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise MissingExtraError(
            "Datasets need the package pyarrow, which is not installed.", todo="Run: pip install 'ulmfit-studio[train]'"
        ) from None
    return pyarrow, pyarrow.parquet
