"""`ulmfit runs`: what ran, what runs, and stopping it. Loads neither torch nor fastai."""

from typing import Annotated, Any

import typer

from ulmfit_app.cli.console import AsJson, answer, answer_json, note, table
from ulmfit_app.runs.folder import find
from ulmfit_app.runs.submit import request_stop
from ulmfit_app.runs.summary import RunSummary, summaries, summary

app = typer.Typer(help="Trainings, running and ended.", no_args_is_help=True)

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
        answer(table(("RUN", "STATE", "STAGE", "MODEL"), [(r.id, r.state, r.stage, r.name or "") for r in runs]))


@app.command()
def show(run_id: RunId, as_json: AsJson = False) -> None:
    """One run: its state, why it ended, what came out."""
    run = summary(find(run_id))
    if as_json:
        answer_json(as_dict(run))
    else:
        answer("\n".join(_lines(run)))


@app.command()
def stop(run_id: RunId) -> None:
    """Stop a run after its minibatch; its folder and checkpoints are kept, a model is not made."""
    request_stop(run_id)
    note(f"The run {run_id} was asked to stop; `ulmfit runs show {run_id}` says when it has.")


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
    lines = [f"run      {run.id}", f"state    {run.state}"]
    lines += [f"stage    {run.stage}"] if run.stage else []
    lines += [f"reason   {run.reason}"] if run.reason else []
    if run.spec and run.spec.recipe:
        lines += [f"dataset  {run.spec.dataset}", f"recipe   {run.spec.recipe.name}"]
        lines += [f"parent   {run.spec.parent or 'none: random weights'}", f"seed     {run.spec.seed}"]
    if run.result:
        lines += [f"model    {run.result.model}{' (partial)' if run.result.partial else ''}"]
        lines += [f"metrics  {metrics_line(run.result.metrics)}", f"time     {run.result.seconds:.0f} s"]
        lines += [f"note     {text}" for text in run.result.notes]
    return [*lines, f"folder   {find(run.id).path}"]


def metrics_line(metrics: dict[str, float]) -> str:
    """Metrics by name, four significant digits each."""
    return ", ".join(f"{name} {value:.4g}" for name, value in metrics.items())
