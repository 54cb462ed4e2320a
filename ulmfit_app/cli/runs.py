"""`ulmfit runs`: what ran, what runs, what waits, and everything one can do with it. Loads neither torch nor fastai."""

from typing import Annotated, Any

import typer

from ulmfit_app.cli.console import AsJson, answer, answer_json, note, table
from ulmfit_app.cli.following import progress_line
from ulmfit_app.runs import control
from ulmfit_app.runs.events import read_events
from ulmfit_app.runs.folder import find, trash_root
from ulmfit_app.runs.history import history
from ulmfit_app.runs.requests import shown_name
from ulmfit_app.runs.state import LIVE
from ulmfit_app.runs.summary import RunSummary, summaries, summary

app = typer.Typer(help="Trainings, evaluations and other runs: waiting, running and ended.", no_args_is_help=True)

RunId = Annotated[str, typer.Argument(help="Id of the run, as `runs list` shows it.")]


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """All runs, the newest first."""
    runs = summaries()
    if as_json:
        answer_json({"runs": [as_dict(run) for run in runs]})
    elif not runs:
        note("There are no runs yet. Start one with `ulmfit train lm`.")
    else:
        rows = [(run.id, state_words(run), run.stage, run.name or "") for run in runs]
        answer(table(("RUN", "STATE", "STAGE", "MODEL"), rows))


@app.command()
def show(run_id: RunId, as_json: AsJson = False) -> None:
    """One run: its state, why it ended, what came out."""
    run = summary(find(run_id))
    if as_json:
        answer_json(as_dict(run))
    else:
        answer("\n".join(_lines(run)))


@app.command()
def stop(
    run_id: RunId,
    keep: Annotated[
        str | None, typer.Option(help="Of a run that is not working: the checkpoint that becomes the model.")
    ] = None,
) -> None:
    """End a run after its minibatch and keep what it has learned as a partial model.

    A run that waits leaves the queue; of a paused or interrupted one the last checkpoint (--keep) becomes the model.
    """
    control.stop(run_id, keep)
    note(f"The run {run_id} was asked to stop; `ulmfit runs show {run_id}` says when it has.")


@app.command()
def pause(run_id: RunId) -> None:
    """Let a run write a checkpoint after its minibatch, end, and make room for the next one."""
    control.pause(run_id)
    note(f"The run {run_id} was asked to pause; `ulmfit runs resume {run_id}` lets it go on.")


@app.command()
def resume(run_id: RunId) -> None:
    """Let a paused, interrupted or failed run go on from its last checkpoint, when its turn comes."""
    control.resume(run_id)
    note(f"The run {run_id} is {state_words(summary(find(run_id)))}.")


@app.command()
def move(run_id: RunId, position: Annotated[int, typer.Argument(min=1, help="1 is the next to start.")]) -> None:
    """Give a run that waits another position in the queue."""
    control.move(run_id, position)
    note(f"The run {run_id} is {state_words(summary(find(run_id)))}.")


@app.command()
def delete(run_id: RunId) -> None:
    """Move a run that has ended or is paused to the trash, checkpoints and all. Its model stays."""
    control.delete(run_id)
    note(f"The run {run_id} is in the trash, {trash_root() / run_id}. `ulmfit runs restore {run_id}` brings it back.")


@app.command()
def restore(run_id: RunId) -> None:
    """Bring a deleted run back from the trash."""
    control.restore(run_id)
    note(f"The run {run_id} is back.")


def state_words(run: RunSummary) -> str:
    """The state, of a run that waits with its position."""
    return f"{run.state} ({run.position})" if run.position else str(run.state)


def as_dict(run: RunSummary) -> dict[str, Any]:
    """The JSON of a run: `{id, status, stage, reason, name, result}`."""
    return {
        "id": run.id,
        "status": str(run.state),
        "stage": run.stage,
        "reason": run.reason,
        "name": run.name,
        "result": run.result.model_dump(mode="json") if run.result else None,
    }


def _lines(run: RunSummary) -> list[str]:
    lines = [f"run      {run.id}", f"state    {state_words(run)}"]
    lines += [f"stage    {run.stage}"] if run.stage else []
    lines += [f"progress {text}"] if (text := _progress(run)) else []
    lines += [f"reason   {run.reason}"] if run.reason else []
    if run.spec and run.spec.model:
        lines += [f"uses     {run.spec.model} on {run.spec.dataset or shown_name(run.spec)}"]
    if run.spec and run.spec.recipe:
        lines += [f"dataset  {run.spec.dataset}", f"recipe   {run.spec.recipe.name}"]
        lines += [f"parent   {run.spec.parent or 'none: random weights'}", f"seed     {run.spec.seed}"]
    if run.result:
        partial = " (partial)" if run.result.partial else ""
        lines += [f"model    {run.result.model}{partial}"] if run.result.model else []
        lines += [f"metrics  {metrics_line(run.result.metrics)}", f"time     {run.result.seconds:.0f} s"]
        lines += [f"note     {text}" for text in run.result.notes]
    folder = find(run.id)
    lines += [f"saved    {', '.join(names)}"] if (names := folder.checkpoint_names()) else []
    return [*lines, f"folder   {folder.path}"]


def _progress(run: RunSummary) -> str:
    """How far the stage of a run that is going on is."""
    if run.state not in LIVE:
        return ""
    last = history(read_events(find(run.id).events)[0]).progress
    return progress_line(last) if last else ""


def metrics_line(metrics: dict[str, float]) -> str:
    """Metrics by name, four significant digits each."""
    return ", ".join(f"{name} {value:.4g}" for name, value in metrics.items())
