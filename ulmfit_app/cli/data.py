"""`ulmfit data`: datasets, what is in them, and the minibatches that training sees."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ulmfit_app.cli.console import AsJson, answer, answer_json, counter, note, progress, shortened, table
from ulmfit_app.runs.dataset_usage import unused_dataset
from ulmfit_app.schema import DatasetInfo, Finding

if TYPE_CHECKING:
    from ulmfit_app.data.dataset import Dataset
    from ulmfit_app.data.exploration import Exploration
    from ulmfit_app.data.sources import CatalogueEntry

PATHS = "Files in CSV, TSV, JSON Lines or Parquet, folders of class folders, or zip archives of such."
SHOWN = 100  # characters of a text; fastai's show_batch cuts at 150 words

app = typer.Typer(help="Datasets: the catalogue's and your own.", no_args_is_help=True)

DatasetName = Annotated[str, typer.Argument(help="Name of the dataset.")]


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """The datasets of the catalogue, then your own."""
    from ulmfit_app.data import sources

    entries = sources.catalogue()
    if as_json:
        answer_json({"datasets": [_as_dict(entry) for entry in entries]})
    else:
        answer(table(("DATASET", "TRAIN", "VALID", "UNLABELLED", "WHAT"), [_row(entry) for entry in entries]))


@app.command()
def show(
    name: DatasetName,
    batch: Annotated[bool, typer.Option("--batch", help="A classification minibatch: nine rows.")] = False,
    lm: Annotated[bool, typer.Option("--lm", help="With --batch: a language-model minibatch, five rows.")] = False,
    as_json: AsJson = False,
) -> None:
    """A dataset's labels, counts, split and findings, or one of its minibatches."""
    if lm and not batch:
        raise typer.BadParameter("--lm goes with --batch")
    dataset = open_dataset(name)
    if lm:
        _show_lm_batch(dataset, as_json)
    elif batch:
        _show_classifier_batch(dataset, as_json)
    elif as_json:
        answer_json(dataset.info.model_dump(mode="json"))
    else:
        answer("\n".join([*_info_lines(dataset.info), *_tree_lines(name)]))


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="Name of the new dataset.")],
    paths: Annotated[list[Path], typer.Argument(metavar="PATH…", help=PATHS)],
    text_column: Annotated[list[str] | None, typer.Option(help="Column of the text; may be repeated.")] = None,
    label_column: Annotated[str | None, typer.Option(help="Column of the label.")] = None,
    valid: Annotated[str | None, typer.Option(metavar="NAME", help="Name of the validation folder.")] = None,
    unlabelled: Annotated[list[Path] | None, typer.Option(help="File or folder of texts without labels.")] = None,
    base: Annotated[str | None, typer.Option(metavar="DATASET", help="Dataset to add to.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make a dataset of files or a folder; reports every problem row by row first."""
    from ulmfit_app.data import sources

    with progress() as bar:
        info = sources.add(
            name,
            paths,
            text_columns=text_column,
            label_column=label_column,
            valid=valid,
            unlabelled=unlabelled or [],
            base=base,
            on_progress=counter(bar, "read"),
        )
    if as_json:
        answer_json(info.model_dump(mode="json"))
    else:
        answer("\n".join(_info_lines(info)))


@app.command()
def rename(name: DatasetName, new_name: Annotated[str, typer.Argument(help="Its new name.")]) -> None:
    """Rename a dataset of your own."""
    from ulmfit_app.data import sources

    with unused_dataset(name):
        sources.rename(name, new_name)
    note(f"'{name}' is now called '{new_name}'.")


@app.command()
def resplit(
    name: DatasetName,
    share: Annotated[float, typer.Option(help="Share of each label that validates, between 0 and 1.")] = 0.2,
    seed: Annotated[int, typer.Option(min=0, help="Another seed draws other texts.")] = 42,
) -> None:
    """Draw another validation split of a dataset of your own; the version before goes to the trash."""
    from ulmfit_app.data import sources

    with unused_dataset(name):
        token = sources.resplit(name, share, seed)
    answer("\n".join(_info_lines(open_dataset(name).info)))
    note(f"The version before is in the trash: '{token}'.")


@app.command()
def delete(name: DatasetName) -> None:
    """Move a dataset of your own to the trash."""
    from ulmfit_app.data import sources

    with unused_dataset(name):
        token = sources.delete(name)
    note(f"'{name}' is in the trash. `ulmfit data restore {token}` brings it back.")


@app.command()
def restore(token: Annotated[str, typer.Argument(help="What `delete` said.")]) -> None:
    """Bring a dataset back from the trash."""
    from ulmfit_app.data import sources

    note(f"'{sources.restore(token)}' is back.")


def open_dataset(name: str) -> "Dataset":
    """The dataset called `name`, with a bar while a dataset of the catalogue is read for the first time."""
    from ulmfit_app.data import sources

    with progress() as bar:
        return sources.open_dataset(name, counter(bar, f"read {name}"))


def _as_dict(entry: "CatalogueEntry") -> dict[str, Any]:
    info = entry.info.model_dump(mode="json", include={"labels", "counts", "content_hash"}) if entry.info else None
    return {"name": entry.name, "what": entry.what, "own": entry.own, "info": info, "problem": entry.problem}


def _row(entry: "CatalogueEntry") -> tuple[str, ...]:
    counts = entry.info.counts if entry.info else None
    figures = (f"{counts.train:,}", f"{counts.valid:,}", f"{counts.unlabelled:,}") if counts else ("", "", "")
    return entry.name, *figures, shortened(entry.problem or entry.what, SHOWN)


def _info_lines(info: DatasetInfo) -> list[str]:
    from ulmfit_app.data.findings import read_as_words

    counts = info.counts
    lines = [
        f"dataset     {info.name}",
        f"source      {info.source}",
        *(f"read as     {read_as_words(item)}" for item in info.read_as),
        f"labels      {', '.join(info.labels) or 'none'}",
        f"training    {counts.train:,} texts",
        f"validation  {counts.valid:,} texts ({info.split})",
        f"unlabelled  {counts.unlabelled:,} texts, used by language models",
    ]
    return lines + [_finding(finding) for finding in info.findings]


def _tree_lines(name: str) -> list[str]:
    """The folders of a downloaded dataset and how many texts each holds, as the notebook lists them first."""
    from ulmfit_app.data import folders, sources

    if not sources.entry(name).downloaded:
        return []
    return [f"  {folder}: {n:,} texts" for folder, n in folders.tree(sources.downloaded_folder(name)).items()]


def _finding(finding: Finding) -> str:
    rows = f" (rows {', '.join(map(str, finding.rows))})" if finding.rows else ""
    return f"  {finding.message}{rows}"


def _show_classifier_batch(dataset: "Dataset", as_json: bool) -> None:
    from ulmfit_app.data.show_batch import show_classifier_batch

    batch = show_classifier_batch(_explored(dataset))
    rows = [{"text": " ".join(tokens), "category": category} for tokens, category in batch.rows]
    _answer_batch({"shape": batch.shape, "rows": rows}, as_json)


def _show_lm_batch(dataset: "Dataset", as_json: bool) -> None:
    from ulmfit_app.data.show_batch import show_lm_batch

    batch = show_lm_batch(_explored(dataset))
    rows = [{"text": " ".join(text), "text_": " ".join(target)} for text, target in batch.rows]
    _answer_batch({"shape": batch.shape, "rows": rows, "shifted_by_one": batch.shifted}, as_json)


def _explored(dataset: "Dataset") -> "Exploration":
    from ulmfit_app.data.exploration import Exploration

    with progress() as bar:
        return Exploration(dataset, dataset.token_table(counter(bar, "tokenise")))


def _answer_batch(batch: dict[str, Any], as_json: bool) -> None:
    if as_json:
        answer_json(batch)
        return
    texts, tokens = batch["shape"]
    answer(f"A minibatch of {texts} rows of {tokens:,} tokens; the first {len(batch['rows'])}:")
    header = list(batch["rows"][0])
    answer(table(header, [[shortened(row[column], SHOWN) for column in header] for row in batch["rows"]]))
    if "shifted_by_one" in batch:
        answer(f"text_ is text moved on by one token: {'yes' if batch['shifted_by_one'] else 'no'}")
