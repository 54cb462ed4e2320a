"""`ulmfit train`: resolve what was asked for, print the plan, submit the run and follow it."""

import json
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from ulmfit_app import recipes
from ulmfit_app.cli.console import AsJson, answer, answer_json, note
from ulmfit_app.cli.data import open_dataset
from ulmfit_app.cli.following import CtrlC, narrate
from ulmfit_app.cli.plan import plan_lines
from ulmfit_app.cli.runs import as_dict, metrics_line, state_words
from ulmfit_app.defaults import SCRATCH
from ulmfit_app.errors import OfflineError
from ulmfit_app.runs import control
from ulmfit_app.runs.folder import RunFolder, find
from ulmfit_app.runs.submit import submit
from ulmfit_app.runs.summary import RunSummary, summaries, summary
from ulmfit_app.schema import DatasetInfo, Kind, Recipe, RunSpec, RunState
from ulmfit_app.training.request import architecture, choose_name, choose_parent, refuse, spec_of

STOPPED, INTERRUPTED = 3, 130


def train(
    kind: Annotated[Kind, typer.Argument(help="What to train.")],
    data: Annotated[str, typer.Option(help="Name of the dataset.")] = "imdb",
    recipe: Annotated[
        str | None, typer.Option(metavar="NAME|FILE.json", help="[default: the notebook's; demo takes minutes]")
    ] = None,
    parent: Annotated[
        str | None,
        typer.Option("--from", help="Model, wt103-fwd or wt103-bwd (downloaded), or 'scratch'. [default: printed]"),
    ] = None,
    name: Annotated[str | None, typer.Option(help="Name of the new model. [default: <dataset>-<kind>]")] = None,
    limit: Annotated[int | None, typer.Option(min=4, help="Read only this many training texts.")] = None,
    device: Annotated[Literal["auto", "cuda", "mps", "cpu"], typer.Option(help="Where to compute.")] = "auto",
    precision: Annotated[Literal["auto", "fp32", "bf16", "fp16"], typer.Option(help="Number type.")] = "auto",
    threads: Annotated[int | None, typer.Option(min=1, help="CPU threads. [default: ULMFIT_THREADS, or all]")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of everything random.")] = 42,
    changes: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change the recipe: bs=32, stages.0.lr=0.001")
    ] = None,
    detach: Annotated[bool, typer.Option("--detach", help="Queue the run and return at once.")] = False,
    as_json: AsJson = False,
) -> None:
    """Fine-tune a language model, or a classifier from one, in a process of its own; one training at a time.

    The first Ctrl-C stops the run and keeps what it has learned as a partial model, a second one leaves it running.
    """
    chosen = _recipe(kind, recipe, _changes(changes))
    info = _dataset(data)
    choice = choose_parent(kind, chosen.name, data, info, parent)
    spec = spec_of(
        chosen,
        data,
        info,
        name=choose_name(kind, data, name, summaries()),
        parent=choice.name,
        overrides=_changes(changes),
        limit=limit,
        device=device,
        precision=precision,
        threads=threads,
        seed=seed,
    )
    note(f"Training the {_words(kind)} '{spec.name}' from {choice.name or SCRATCH}: {choice.reason}.")
    refuse(spec, info)
    for line in plan_lines(spec, info, architecture(choice.name, chosen).n_layers):
        note(line)
    if detach:
        _tell_queued(find(submit(spec)), as_json)
    else:
        _finish(*_submit_and_follow(spec), as_json)


def _changes(changes: list[str] | None) -> dict[str, Any]:
    """`key=value` pairs; a value is a JSON scalar where it reads as one, else a string."""
    parsed: dict[str, Any] = {}
    for change in changes or []:
        key, equals, value = change.partition("=")
        if not key or not equals:
            raise typer.BadParameter(f"'{change}' is not KEY=VALUE", param_hint="--set")
        try:
            parsed[key] = json.loads(value)
        except ValueError:
            parsed[key] = value
    return parsed


def _recipe(kind: Kind, name: str | None, changes: dict[str, Any]) -> Recipe:
    if name is None:
        recipe = recipes.named(kind)[0]
    elif name.endswith(".json"):
        recipe = recipes.load(Path(name), kind)
    else:
        recipe = recipes.get(name, kind)
    return recipes.override(recipe, changes) if changes else recipe


def _dataset(name: str) -> DatasetInfo | None:
    """What the dataset says of itself; None if the run will download it."""
    try:
        return open_dataset(name).info
    except OfflineError:
        return None


def _words(kind: Kind) -> str:
    return "language model" if kind is Kind.LM else "classifier"


def _tell_queued(run: RunFolder, as_json: bool) -> None:
    """What `--detach` says of the run and its place."""
    queued = summary(run)
    if as_json:
        answer_json(as_dict(queued))
    else:
        answer(run.id)
        note(f"The run is {state_words(queued)}; `ulmfit runs show {run.id}` says how it is.")


def _submit_and_follow(spec: RunSpec) -> tuple[RunSummary, bool]:
    """The run at its end, and whether Ctrl-C was pressed."""
    with CtrlC() as ctrl_c:
        run = find(submit(spec))
        note(f"Run {run.id}, log in {run.log}")
        if (queued := summary(run)).position:
            note(f"The run is {state_words(queued)}: other runs come first.")
        try:
            narrate(run, ctrl_c)
        except KeyboardInterrupt:
            _leave_running(run)
            raise typer.Exit(INTERRUPTED) from None
        return summary(run), ctrl_c.presses > 0


def _leave_running(run: RunFolder) -> None:
    control.withdraw(run.id)
    note(f"\nLeft running: {run.id}. `ulmfit runs show {run.id}` says how it is, `ulmfit runs stop {run.id}` stops it.")


def _finish(run: RunSummary, interrupted: bool, as_json: bool) -> None:
    """Say how the run ended, and exit with what that means."""
    if as_json:
        answer_json(as_dict(run))
    if run.state is RunState.DONE and run.result:
        if not as_json:
            answer(f"Model '{run.name}' is ready: {metrics_line(run.result.metrics)} ({run.result.seconds:.0f} s).")
        return
    note(f"The run {run.id} {_ENDS[run.state]}. {run.reason}")
    if run.state in (RunState.STOPPED, RunState.PAUSED):
        raise typer.Exit(INTERRUPTED if interrupted else STOPPED)
    raise typer.Exit(1)


_ENDS = {
    RunState.STOPPED: "was stopped",
    RunState.FAILED: "failed",
    RunState.INTERRUPTED: "was interrupted",
    RunState.PAUSED: "is paused",
}
