"""`ulmfit models`: the models that can be named. Reads configurations; weights only for an export."""

from pathlib import Path
from typing import Annotated, Any

import typer

from ulmfit_app import registry
from ulmfit_app.cli.console import AsJson, answer, answer_json, note, shortened, table
from ulmfit_app.errors import ModelFolderError, NotFoundError
from ulmfit_app.registry import ModelEntry
from ulmfit_app.runs.model_usage import unused_model
from ulmfit_app.schema import ModelConfig
from ulmfit_app.trash import KEPT

app = typer.Typer(help="Language models and classifiers, shipped and your own.", no_args_is_help=True)

ModelName = Annotated[str, typer.Argument(help="Name of the model.")]


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """All models, your own first."""
    entries = registry.models()
    if as_json:
        answer_json({"models": [_as_dict(entry) for entry in entries]})
    elif not entries:
        note("There are no models yet. Train one with `ulmfit train lm`.")
    else:
        answer(table(("MODEL", "KIND", "WORDS", "TRAINED ON", "WHERE"), [_row(entry) for entry in entries]))


@app.command()
def show(name: ModelName, as_json: AsJson = False) -> None:
    """One model: what it is, what it was made from, how it was measured."""
    entry = registry.entry(name)
    if entry.config is None:
        raise ModelFolderError(entry.problem)
    origin = registry.origin_of(entry)
    if as_json:
        pulled = origin.model_dump(mode="json") if origin else None
        answer_json(_as_dict(entry) | {"config": entry.config.model_dump(mode="json"), "origin": pulled})
    else:
        facts = _facts(entry.name, entry.config)
        if origin:
            facts.append(("pulled from", f"{origin.repo_id} at {origin.revision}, commit {origin.commit}"))
        answer("\n".join(f"{label:14}{value}" for label, value in facts))


@app.command()
def rename(name: ModelName, new_name: Annotated[str, typer.Argument(help="Its new name.")]) -> None:
    """Rename a model of your own that no unfinished run needs."""
    with unused_model(name):
        registry.rename(name, new_name)
    note(f"'{name}' is now called '{new_name}'.")


@app.command()
def delete(name: ModelName) -> None:
    """Move a model of your own to the trash, from where it can be restored for a week."""
    with unused_model(name):
        registry.delete(name)
    note(f"'{name}' is in the trash. `ulmfit models restore {name}` brings it back within {KEPT.days} days.")


@app.command()
def restore(name: ModelName) -> None:
    """Bring a deleted model back; of several with that name, the one deleted last."""
    there = registry.TRASH.deleted()
    token = next((model.token for model in there if model.name == name), None)
    if token is None:
        names = ", ".join(dict.fromkeys(model.name for model in there)) or "nothing"
        raise NotFoundError(f"There is no model '{name}' in the trash.", todo=f"There: {names}.")
    registry.restore(token)
    note(f"'{name}' is back.")


@app.command()
def export(
    name: ModelName,
    target: Annotated[Path, typer.Argument(help="Folder (with --fastai: .pth file) to write; must not exist.")],
    half: Annotated[bool, typer.Option("--half", help="Weights in fp16: half the size.")] = False,
    encoder: Annotated[bool, typer.Option("--encoder", help="Without the head.")] = False,
    fastai: Annotated[bool, typer.Option("--fastai", help="A .pth for fastai's load_encoder.")] = False,
) -> None:
    """Write a copy of a model elsewhere, as a model folder or for fastai."""
    if fastai and (half or encoder):
        raise typer.BadParameter("--fastai is an encoder in fp32 already: leave --half and --encoder out")
    registry.export(name, target, half=half, encoder=encoder, fastai=fastai)
    note(f"'{name}' was written to {target}.")


def _as_dict(entry: ModelEntry) -> dict[str, Any]:
    config = entry.config
    return {
        "name": entry.name,
        "kind": str(config.kind) if config else None,
        "part": config.part if config else None,
        "shipped": entry.shipped,
        "dataset": config.lineage.dataset if config else None,
        "parent": config.lineage.parent if config else None,
        "problem": entry.problem,
    }


def _row(entry: ModelEntry) -> tuple[str, ...]:
    where = "shipped" if entry.shipped else "own"
    if entry.config is None:
        return entry.name, "broken", "", shortened(entry.problem, 60), where
    config = entry.config
    kind = config.kind if config.part == "full" else f"{config.kind} encoder"
    return entry.name, kind, f"{config.vocab_size:,}", config.lineage.dataset, where


def _facts(name: str, config: ModelConfig) -> list[tuple[str, object]]:
    lineage, shape = config.lineage, config.architecture
    facts: list[tuple[str, object]] = [
        ("model", name),
        ("kind", f"{config.kind}{', encoder only' if config.part == 'encoder' else ''}{_partial(config)}"),
        ("shape", f"AWD_LSTM {shape.emb_sz}/{shape.n_hid}x{shape.n_layers}, {config.vocab_size:,} words"),
        ("labels", ", ".join(config.labels) or "none"),
        ("made from", f"{lineage.dataset}: {lineage.train_texts:,} training, {lineage.valid_texts:,} validation texts"),
        ("parent", lineage.parent or "none: random weights"),
        ("recipe", f"{lineage.recipe.name}, seed {lineage.seed}, {lineage.device} {lineage.precision}"),
        ("created", config.created),
    ]
    return facts + [(metric, f"{m.value:.4g} ({m.how})") for metric, m in config.metrics.items()]


def _partial(config: ModelConfig) -> str:
    return ", partial: its training was stopped early" if config.partial else ""
