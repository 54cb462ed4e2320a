"""Datasets by name: the catalogue, and one's own under `<home>/datasets/<name>/`.

A dataset of the catalogue is built at its first use into `<home>/cache/datasets/<name>-<version>/`. Downloading is not
done here: who may (the engine) passes `fetch`. Whether a run still needs a dataset is not known here:
`runs.dataset_usage` guards changes.
"""

import shutil
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from ulmfit_app import access, quota
from ulmfit_app.data import builtin, ingest
from ulmfit_app.data.assembly import assemble, names_of, split_again
from ulmfit_app.data.dataset import Dataset, read, read_info, write
from ulmfit_app.data.findings import refuse_fatal
from ulmfit_app.data.progress import Progress
from ulmfit_app.data.table import Table
from ulmfit_app.errors import AppError, DataError, NameTakenError, NotFoundError, OfflineError
from ulmfit_app.schema import MAX_NAME, DatasetInfo, is_name
from ulmfit_app.settings import settings
from ulmfit_app.trash import Trash

VERSION = 1
OFFLINE = "imdb"
TRASH = Trash("datasets")
CATALOGUE = {
    "imdb": "25,000 IMDb reviews with labels, 5,000 of them for validation; installed with the app",
    "rotten-tomatoes": "8,530 short snippets of reviews with labels; installed with the app",
    "imdb-full": "the notebook's IMDb: 25,000 reviews to train, 25,000 to test, 50,000 without label; downloaded",
    "imdb-sample": "1,000 IMDb reviews with labels; downloaded",
}
DOWNLOADS = {"imdb-full": "imdb", "imdb-sample": "imdb_sample"}

# Downloads what a catalogue name needs and returns its folder: `engine.download.fetch`.
Fetch = Callable[[str, Progress | None], Path]


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """A dataset that can be named. `info`: None until it is built; `problem`: why one's own cannot be read."""

    name: str
    what: str
    own: bool
    downloaded: bool
    info: DatasetInfo | None
    problem: str = ""


def catalogue() -> list[CatalogueEntry]:
    """The catalogue, then one's own datasets by name."""
    return [entry(name) for name in names()]


def names() -> list[str]:
    """Every dataset name that can be opened."""
    folder = _own_folder()
    paths = folder.iterdir() if folder.is_dir() else ()
    own = sorted(path.name for path in paths if is_name(path.name) and path.is_dir())
    return [*CATALOGUE, *(name for name in own if name not in CATALOGUE)]


def entry(name: str) -> CatalogueEntry:
    """What is known of the dataset `name` without building it. Raises NotFoundError."""
    folder = _folder(name)
    info, problem = None, ""
    if name not in CATALOGUE or folder.exists():
        try:
            info = _named(read_info(folder), name)
        except DataError as error:
            problem = "" if name in CATALOGUE else str(error)  # the catalogue's is built again when it is opened
    what = CATALOGUE.get(name) or (info.source if info else "")
    return CatalogueEntry(name, what, name not in CATALOGUE, name in DOWNLOADS, info, problem)


def open_dataset(name: str, on_progress: Progress | None = None, fetch: Fetch | None = None) -> Dataset:
    """The dataset `name`; one of the catalogue is built first where it is not yet.

    Raises NotFoundError; DataError if it is damaged; OfflineError if it has to be downloaded and `fetch` is missing or
    fails.
    """
    folder = _folder(name)
    if name not in CATALOGUE:
        dataset = read(folder)
        dataset.info = _named(dataset.info, name)
        return dataset
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_suffix(".lock")):
        try:
            return read(folder)
        except (NotFoundError, DataError):
            shutil.rmtree(folder, ignore_errors=True)
        built = _build(name, on_progress, fetch)
        write(folder, built.info, built.texts, built.label_ids, built.splits)
    return read(folder)


def downloaded_folder(name: str) -> Path:
    """Where the files of a downloaded dataset lie, train and test folders and all; may not exist yet."""
    return settings().home_path / "cache" / "fastai" / DOWNLOADS[name]


def add(
    name: str,
    paths: Sequence[Path],
    *,
    text_columns: Sequence[str] | None = None,
    label_column: str | None = None,
    valid: str | None = None,
    unlabelled: Sequence[Path] = (),
    base: str | None = None,
    on_progress: Progress | None = None,
    fetch: Fetch | None = None,
) -> DatasetInfo:
    """`store` what `ingest.check` reads from files and folders, after the rows of `base` if given."""
    _refuse_taken(name)
    start = open_dataset(base, on_progress, fetch) if base else None
    known = dict(zip(start.texts, names_of(start), strict=True)) if start else None
    table = ingest.ingest_file(
        paths,
        text_columns=text_columns,
        label_column=label_column,
        valid=valid,
        unlabelled=unlabelled,
        base=known,
        on_progress=on_progress,
    )
    files = ", ".join(path.name for path in [*paths, *unlabelled])
    return store(name, table, source=f"{files}, added to “{base}”" if base else files, base=start)


def store(name: str, table: Table, *, source: str, base: Dataset | None = None) -> DatasetInfo:
    """Make the dataset `name` of a table that has been checked; `source` says in words where it is from.

    Raises NameTakenError; DataError with the whole report if a finding is fatal. Nothing is written then.
    """
    _refuse_taken(name)
    quota.refuse_full()
    _refuse_many(len(table.texts) + (len(base.texts) if base else 0))
    refuse_fatal(table.findings, table.read_as)
    _refuse_labels({label for label in table.labels if label is not None}.union(base.info.labels if base else ()))
    made = assemble(name, table, source=source, base=base)
    access.claim(_own_folder())
    write(_own_folder() / name, made.info, made.texts, made.label_ids, made.splits)
    return made.info


def rename(name: str, new_name: str) -> None:
    """Give one's own dataset another name. Its content hash, and so what was trained on it, stays the same."""
    folder = _own(name)
    _refuse_taken(new_name)
    folder.rename(_own_folder() / new_name)


def resplit(name: str, valid_share: float, seed: int) -> str:
    """Draw another validation split of one's own dataset, stratified, identical texts on one side.

    The content hash changes. Returns the token with which `restore` brings the version of before back, once this one
    is renamed or in the trash too. Raises DataError if it has no labels; `AppError` if it is more than a visitor may
    keep, as the version of before still counts.
    """
    _own(name)
    quota.refuse_full()
    again = split_again(open_dataset(name), valid_share, seed)
    token = delete(name)
    try:
        write(_own_folder() / name, again.info, again.texts, again.label_ids, again.splits)
    except BaseException:
        restore(token)
        raise
    return token


def delete(name: str) -> str:
    """Move one's own dataset to the trash, where it stays for a week; of a link only the link.

    Returns the token for `restore`.
    """
    return TRASH.discard(_own(name))


def restore(token: str) -> str:
    """Bring a dataset back from the trash and return its name. Raises NotFoundError; NameTakenError if it is taken."""
    found = TRASH.find(token)
    _refuse_taken(found.name)
    TRASH.bring_back(found, _own_folder() / found.name)
    return found.name


def _build(name: str, on_progress: Progress | None, fetch: Fetch | None) -> Dataset:
    match name:
        case "imdb":
            return builtin.imdb()
        case "rotten-tomatoes":
            return builtin.rotten_tomatoes()
        case "imdb-full":
            return builtin.imdb_full(_fetched(name, on_progress, fetch), on_progress)
    return builtin.imdb_sample(_fetched(name, on_progress, fetch), on_progress)


def _fetched(name: str, on_progress: Progress | None, fetch: Fetch | None) -> Path:
    """The folder of a downloaded dataset, downloaded now if it is not there."""
    folder = downloaded_folder(name)
    if folder.is_dir():
        return folder
    if fetch is None:
        raise OfflineError(
            f"“{name}” has not been downloaded yet.",
            todo=f"It is downloaded by the first training that uses it: ulmfit train … --data {name}. "
            f"Without a network use “{OFFLINE}”, which is installed.",
        )
    return fetch(name, on_progress)


def _folder(name: str) -> Path:
    """The folder of the dataset `name`, which may not exist for the catalogue. Raises NotFoundError."""
    if name in CATALOGUE:
        return settings().home_path / "cache" / "datasets" / f"{name}-{VERSION}"
    folder = _own_folder() / name
    if not is_name(name) or not folder.is_dir():
        raise NotFoundError(f"There is no dataset “{name}”.", todo=f"There are: {', '.join(names())}.")
    return folder


def _named(info: DatasetInfo, name: str) -> DatasetInfo:
    """`info` under the folder's name, which is what counts: `rename` does not touch dataset.json."""
    return info.model_copy(update={"name": name})


def _own(name: str) -> Path:
    if name in CATALOGUE:
        raise AppError(f"“{name}” belongs to the catalogue and cannot be changed.", todo="Add one of your own.")
    return _folder(name)


def _own_folder() -> Path:
    return access.place("datasets")


def _refuse_many(texts: int) -> None:
    most = settings().max_texts
    if most is not None and texts > most:
        raise DataError(f"These are {texts:,} texts; a dataset has at most {most:,} here.", todo="Give fewer.")


def _refuse_labels(labels: Collection[str]) -> None:
    most = settings().max_labels
    if most is not None and len(labels) > most:
        raise DataError(
            f"There are {len(labels):,} labels; a dataset has at most {most:,} here.",
            todo="Choose another label column, or none.",
        )


def _refuse_taken(name: str) -> None:
    if not is_name(name):
        raise NameTakenError(
            f"“{name}” cannot be the name of a dataset.",
            todo=f"Use lower-case letters, digits and single . _ - between them, at most {MAX_NAME} characters.",
        )
    if name in CATALOGUE or (_own_folder() / name).exists():
        raise NameTakenError(f"A dataset named “{name}” exists already.", todo="Choose another name.")
