"""`ulmfit hub`: models to the Hugging Face Hub and back, and datasets from there.

Signed in with HF_TOKEN or with what `hf auth login` stored; there is no option for a token, which would be seen in the
list of processes and kept in the shell's history.
"""

from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ulmfit_app import registry
from ulmfit_app.cli.console import AsJson, answer, answer_json, counter, interruptible, note, progress, table
from ulmfit_app.errors import AppError, DataError

if TYPE_CHECKING:
    from ulmfit_app.hub import Account, RemoteFile

app = typer.Typer(help="Models and datasets on the Hugging Face Hub.", no_args_is_help=True)

RepoId = Annotated[str, typer.Argument(metavar="OWNER/NAME", help="Repository, or the address of its page.")]
Revision = Annotated[str | None, typer.Option(help="Branch, tag or commit. [default: main]")]


@app.command()
def push(
    name: Annotated[str, typer.Argument(help="Name of the model.")],
    repo_id: RepoId,
    encoder: Annotated[bool, typer.Option("--encoder", help="Without the head.")] = False,
    public: Annotated[bool, typer.Option("--public", help="For everyone; otherwise only for you.")] = False,
    message: Annotated[str, typer.Option(help="What the commit says.")] = "",
    tag: Annotated[str | None, typer.Option(help="Name for the commit, as v1.")] = None,
    pull_request: Annotated[bool, typer.Option("--pull-request", help="Propose the change.")] = False,
    as_json: AsJson = False,
) -> None:
    """Push a model to a repository, which is made, private, if it is not there."""
    from ulmfit_app import hub

    folder, account = registry.folder_of(name), _signed_in()
    with interruptible(lambda: "The model was not pushed."), progress() as bar:
        made = hub.push(
            folder,
            repo_id,
            account,
            encoder=encoder,
            public=public,
            message=message,
            tag=tag,
            pull_request=pull_request,
            on_progress=counter(bar, f"push {name}"),
        )
    if as_json:
        answer_json({"repo_id": made.repo_id, "commit": made.commit, "url": made.address, "created": made.created})
    else:
        answer(made.address)
        note(f"'{name}' was pushed to {made.repo_id}{', a new repository' if made.created else ''}.")


@app.command()
def pull(repo_id: RepoId, revision: Revision = None, as_json: AsJson = False) -> None:
    """Pull a model, verify it and keep it as `owner--name` among your own."""
    from ulmfit_app import hub

    account = _signed_in()
    there = hub.look(repo_id, account, revision)
    name, commit = registry.pulled_as(there.id, there.commit), there.commit
    words = "is here" if name is None else "is here already"
    if name is None:
        with (
            interruptible(lambda: "The next pull goes on from there."),
            progress() as bar,
            hub.pulled(there.id, account, revision, counter(bar, f"pull {there.id}")) as model,
        ):
            name, commit = registry.adopt(model.folder, model.origin), model.origin.commit
    if as_json:
        answer_json({"name": name, "repo_id": there.id, "commit": commit})
    else:
        answer(name)
        note(f"{there.id} {words} as '{name}', commit {commit[:8]}.")


@app.command()
def search(
    text: Annotated[str, typer.Argument(help="Part of the name; empty: the most downloaded ones.")] = "",
    as_json: AsJson = False,
) -> None:
    """Models on the Hub that ULMFiT Studio can use."""
    from ulmfit_app import hub

    found = hub.search(text, _signed_in())
    if as_json:
        answer_json({"models": [asdict(item) for item in found]})
    elif not found:
        note("Nothing was found.")
    else:
        rows = [
            (item.repo_id, item.task, item.downloads, item.updated, "private" if item.private else "") for item in found
        ]
        answer(table(("REPOSITORY", "TASK", "DOWNLOADS", "UPDATED", ""), rows))


@app.command()
def refs(repo_id: RepoId, as_json: AsJson = False) -> None:
    """Branches, tags and commits of a model's repository."""
    from ulmfit_app import hub

    found = hub.refs(repo_id, _signed_in())
    if as_json:
        answer_json({"refs": [asdict(item) for item in found]})
    else:
        rows = [(item.kind, item.name if item.kind != "commit" else "", item.commit, item.says) for item in found]
        answer(table(("", "NAME", "COMMIT", "TITLE"), rows))


@app.command()
def check(name: Annotated[str, typer.Argument(help="Name of a pulled model.")], as_json: AsJson = False) -> None:
    """Whether there is a newer commit than the one that a model was pulled from."""
    from ulmfit_app import hub

    origin = registry.origin_of(registry.entry(name))
    if origin is None:
        raise AppError(f"'{name}' was not pulled from the Hub, or its weights are others now.")
    newer = hub.newer(origin, _signed_in())
    if as_json:
        answer_json({"repo_id": origin.repo_id, "commit": origin.commit, "newer": newer.commit if newer else None})
    elif newer:
        answer(f"{newer.id} has a newer commit, {newer.commit}. To have it too: ulmfit hub pull {newer.id}")
    else:
        answer(f"'{name}' is what {origin.repo_id} has at {origin.revision}.")


@app.command()
def data(
    name: Annotated[str, typer.Argument(help="Name of the new dataset.")],
    repo_id: RepoId,
    files: Annotated[list[str] | None, typer.Option("--file", help="File of the repository; may be repeated.")] = None,
    revision: Revision = None,
    text_column: Annotated[list[str] | None, typer.Option(help="Column of the text; may be repeated.")] = None,
    label_column: Annotated[str | None, typer.Option(help="Column of the label.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make a dataset of table files (Parquet, CSV, TSV, JSON Lines) of a dataset repository."""
    from ulmfit_app import hub
    from ulmfit_app.data import ingest, sources

    account = _signed_in()
    repo = hub.look(repo_id, account, revision, "dataset")
    chosen = _chosen(hub.data_files(repo), files or [])
    with interruptible(lambda: "No dataset was made."), ExitStack() as block:
        bar = block.enter_context(progress())
        paths: list[Path] = block.enter_context(
            hub.downloaded(repo, chosen, account, counter(bar, f"download {repo.id}"))
        )
        read = ingest.ingest_file(
            paths, text_columns=text_column, label_column=label_column, on_progress=counter(bar, "read")
        )
        info = sources.store(name, read, source=f"{repo.id} on the Hub, commit {repo.commit[:8]}")
    if as_json:
        answer_json(info.model_dump(mode="json"))
    else:
        counts = info.counts
        answer(f"{info.name}: {counts.train:,} training, {counts.valid:,} validation, {counts.unlabelled:,} unlabelled")


def _chosen(there: "list[RemoteFile]", names: list[str]) -> "list[RemoteFile]":
    """The files that were named; without a name the only one there is."""
    wanted = [file for file in there if file.path in names] if names else there
    listed = ", ".join(file.path for file in there[:12]) + (", …" if len(there) > 12 else "")
    if len(wanted) < len(set(names)):
        raise DataError("The repository has no such file.", todo=f"There are: {listed}.")
    if not names and len(there) > 1:
        raise DataError("The repository has several files.", todo=f"Name what to read with --file: {listed}.")
    return wanted


def _signed_in() -> "Account":
    """Who asks; said on stderr."""
    from ulmfit_app import hub

    account = hub.sign_in(hub.own_token())
    note(f"Signed in as {account.name}." if account.token else "Not signed in: only public repositories are seen.")
    return account
