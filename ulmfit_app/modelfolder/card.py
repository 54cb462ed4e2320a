"""The card (README.md) of a model folder, rendered from its configuration. Reads and writes no file.

Everything but the notes is rendered afresh whenever the card is written; the notes lie between two marks and belong to
the user.
"""

import json

from ulmfit_app.modelfolder.tensors import PREFIX
from ulmfit_app.schema import IMPORTED, Kind, Lineage, ModelConfig, Recipe, Slice, Stage

NOTES_BEGIN, NOTES_END = "<!-- notes -->", "<!-- end of notes -->"
# The Hub's words for a licence that it has no name for. Whose texts the weights were learned from is not ours to know,
# so a card names no licence unless its notes speak of one.
LICENSE = ("license: other", "license_name: see-notes")
TASKS = {Kind.LM: "text-generation", Kind.CLASSIFIER: "text-classification"}


FASTAI = """\
```python
import json
from pathlib import Path

import torch
from huggingface_hub import hf_hub_download
from safetensors.torch import load_file

vocab = json.loads(Path(hf_hub_download({repo}, "vocab.json")).read_text("utf-8"))
weights = load_file(hf_hub_download({repo}, "model.safetensors"))
weights = {{name.removeprefix({prefix}): w.float() for name, w in weights.items() if name.startswith({starts})}}
weights["encoder_dp.emb.weight"] = weights["encoder.weight"]

# learn: your Learner, its texts made with text_vocab=vocab, its config with {sizes}
file = learn.path / learn.model_dir / "encoder.pth"
file.parent.mkdir(parents=True, exist_ok=True)
torch.save(weights, file)
learn.load_encoder("encoder")
```"""


def render(name: str, config: ModelConfig, notes: str = "", repo_id: str = "") -> str:
    """The whole card of a model called `name`, as Markdown with the Hub's front matter.

    With `repo_id` the card for the Hub: measured numbers as model-index, and how fastai loads the encoder from there.
    """
    sections = (
        _front_matter(name, config, notes, for_hub=bool(repo_id)),
        f"# {name}\n\n{_what_it_is(config)}",
        f"## Load it\n\n{_load_it(repo_id or name, config)}",
        *([f"## Load its encoder with fastai\n\n{_load_with_fastai(repo_id, config)}"] if repo_id else []),
        f"## Data\n\n{_data(config.lineage)}",
        f"## Recipe\n\n{_recipe(config.lineage)}",
        f"## Metrics\n\n{_metrics(config)}",
        f"## Limits\n\n{_limits(config)}",
        f"## Notes\n\n{NOTES_BEGIN}\n{_without_marks(notes)}\n{NOTES_END}",
    )
    return "\n\n".join(sections) + "\n"


def notes_of(card: str) -> str:
    """The user's notes in a rendered `card`; empty if it has no notes section."""
    _, begin, rest = card.partition(NOTES_BEGIN)
    notes, end, _ = rest.rpartition(NOTES_END)
    return notes.strip() if begin and end else ""


def _without_marks(notes: str) -> str:
    return notes.replace(NOTES_BEGIN, "").replace(NOTES_END, "").strip()


def _task(config: ModelConfig) -> str:
    return "feature-extraction" if config.part == "encoder" else TASKS[config.kind]


def _front_matter(name: str, config: ModelConfig, notes: str, *, for_hub: bool) -> str:
    lines = (
        "---",
        *(LICENSE if "licen" in notes.lower() else ()),
        "library_name: ulmfit-studio",
        f"language: {config.tokenizer.language}",
        f"pipeline_tag: {_task(config)}",
        "tags:",
        *(f"- {tag}" for tag in ("fastai", "ulmfit", _task(config))),
        *([f"model-index: {json.dumps(_model_index(name, config))}"] if for_hub and config.metrics else []),
        "---",
    )
    return "\n".join(lines)


def _model_index(name: str, config: ModelConfig) -> list[dict[str, object]]:
    """The metrics as the Hub's model-index; as JSON it is valid YAML too."""
    measured = [{"type": kind, "value": metric.value, "name": metric.how} for kind, metric in config.metrics.items()]
    dataset = {"name": config.lineage.dataset, "type": config.lineage.dataset}
    return [{"name": name, "results": [{"task": {"type": _task(config)}, "dataset": dataset, "metrics": measured}]}]


def _what_it_is(config: ModelConfig) -> str:
    shape = config.architecture
    part = "The encoder of a" if config.part == "encoder" else "A"
    kind = "language model" if config.kind is Kind.LM else "text classifier"
    lines = [
        f"{part} ULMFiT {kind} (AWD-LSTM, {shape.n_layers} layers of {shape.n_hid} units, embeddings of "
        f"{shape.emb_sz}, {config.vocab_size:,} words), made with ULMFiT Studio on {config.created[:10]}."
    ]
    if config.labels:
        lines.append("Labels, in the order of the probabilities: " + ", ".join(map(_code, config.labels)) + ".")
    if config.partial:
        lines.append("**Its training was stopped before the end of the recipe.**")
    if config.dtype == "float16":
        lines.append("The weights are stored in 16 bits and computed with in 32; metrics were measured before that.")
    return "\n\n".join(lines)


def _load_it(name: str, config: ModelConfig) -> str:
    use = {Kind.LM: 'model.generate("I liked this movie because")', Kind.CLASSIFIER: 'model.predict("A fine film.")'}
    call = 'model.embed(["A fine film."])' if config.part == "encoder" else use[config.kind]
    return f"```python\nfrom ulmfit_app import load_model\n\nmodel = load_model({json.dumps(name)})\nprint({call})\n```"


def _load_with_fastai(repo_id: str, config: ModelConfig) -> str:
    shape, prefix = config.architecture, PREFIX.get((config.kind, config.part), "")
    starts = (f"{prefix}encoder.", f"{prefix}rnns.")
    return FASTAI.format(
        repo=json.dumps(repo_id),
        prefix=json.dumps(prefix),
        starts="(" + ", ".join(map(json.dumps, starts)) + ")",
        sizes=f"emb_sz={shape.emb_sz}, n_hid={shape.n_hid}, n_layers={shape.n_layers}",
    )


def _data(lineage: Lineage) -> str:
    if lineage.recipe.name == IMPORTED:
        return f"Dataset {_code(lineage.dataset)}; the notes say what is known of it."
    part = lineage.train_texts < lineage.available_texts
    drawn = f" (drawn by the seed from {lineage.available_texts:,})" if part else ""
    first = lineage.recipe.first_tokens
    cut = f" At most the first {first} tokens of a text were read." if first else ""
    return (
        f"Dataset {_code(lineage.dataset)} (content hash `{lineage.dataset_hash[:12]}`): {lineage.train_texts:,} texts "
        f"to train on{drawn}, {lineage.valid_texts:,} to validate.{cut}"
    )


def _recipe(lineage: Lineage) -> str:
    recipe = lineage.recipe
    if recipe.name == IMPORTED:
        return recipe.description
    start = f"the model {_code(lineage.parent)}" if lineage.parent else "random weights"
    versions = ", ".join(f"{name} {version}" for name, version in sorted(lineage.versions.items()))
    how = f"seed {lineage.seed}, on {lineage.device} in {lineage.precision}"
    changed = f" with changes to {', '.join(map(_code, recipe.changed))}" if recipe.changed else ""
    rows = [_row(stage) for stage in recipe.stages]
    return "\n".join(
        (
            f"`{recipe.name}`{changed}, started from {start}, {how}.",
            "",
            "| stage | trains | epochs | peak rate |",
            "|---|---|---|---|",
            *rows,
            "",
            _settings(recipe),
            "",
            f"Versions: {_cell(versions)}.",
        )
    )


def _row(stage: Stage) -> str:
    if stage.freeze_to == 0:
        trains = "all groups"
    else:
        trains = "last group" if stage.freeze_to == -1 else f"last {-stage.freeze_to} groups"
    bound = f", at most {stage.max_steps} steps" if stage.max_steps else ""
    bound += f", at least {stage.min_steps} steps" if stage.min_steps else ""
    return f"| {_cell(stage.name)} | {trains} | {stage.epochs}{bound} | {_rate(stage.lr)} |"


def _rate(lr: float | Slice) -> str:
    if isinstance(lr, float):
        return f"{lr:.3g}"
    return f"{lr.low:.3g} to {lr.high:.3g}" if lr.low else f"{lr.high / 10:.3g}, last group {lr.high:.3g}"


def _settings(recipe: Recipe) -> str:
    return (
        f"Minibatches of {recipe.bs}, sequence length {recipe.seq_len}, dropout factor {recipe.drop_mult:g}, weight "
        f"decay {recipe.wd:g}; weights kept: {recipe.keep}."
    )


def _metrics(config: ModelConfig) -> str:
    if not config.metrics:
        return "None were measured."
    rows = [f"| {_cell(name)} | {metric.value:.4g} | {_cell(metric.how)} |" for name, metric in config.metrics.items()]
    return "\n".join(("| metric | value | how it was measured |", "|---|---|---|", *rows))


def _limits(config: ModelConfig) -> str:
    texts = f"It reads the language it was trained on ({config.tokenizer.language}) and texts like its dataset's."
    if config.part == "encoder":
        return f"{texts} An encoder gives vectors, not answers."
    if config.kind is Kind.LM:
        return f"{texts} What it writes is made up: it knows how sentences go on, not what is true."
    return f"{texts} It answers with one of its labels whatever it is given; of a long text it pools the last part."


def _code(text: str) -> str:
    return f"`{_cell(text).replace('`', chr(39))}`"


def _cell(text: str) -> str:
    """`text` on one line and without what would end a table cell or begin HTML."""
    return " ".join(text.split()).replace("|", "/").replace("<", "&lt;")
