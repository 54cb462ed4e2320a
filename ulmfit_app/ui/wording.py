"""How runs are put into words and numbers: durations, times, speeds, states, results. Draws nothing."""

from collections.abc import Mapping
from datetime import UTC, datetime

from ulmfit_app import recipes
from ulmfit_app.runs.history import RunHistory
from ulmfit_app.runs.requests import shown_name
from ulmfit_app.runs.summary import RunSummary
from ulmfit_app.schema import Kind, ProgressEvent, RunKind, Slice, Stage, StageEvent

RUN_WORDS = {
    RunKind.TRAIN_LM: "Language model",
    RunKind.TRAIN_CLASSIFIER: "Classifier",
    RunKind.EVALUATE: "Evaluation",
    RunKind.PREDICT: "Bulk prediction",
    RunKind.LR_FIND: "Learning-rate finder",
}
PHASE_WORDS = {
    "read": "Reading texts",
    "download": "Downloading",
    "tokenise": "Tokenising",
    "word2vec": "First word vectors",
    "train": "Training",
    "validate": "Validating",
    "find": "Trying learning rates",
    "evaluate": "Evaluating",
    "predict": "Predicting",
}
UNKNOWN = "–"
CSV_HELP = (
    "In UTF-8, the texts exactly as they are. A spreadsheet program may take a text that begins with = + - or @ for a "
    "formula: import the columns as text there."
)


def duration(seconds: float | None) -> str:
    """`8 s`, `3 min 20 s`, `2 h 05 min`."""
    if seconds is None:
        return UNKNOWN
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"


def ago(moment: str) -> str:
    """How long ago the ISO 8601 time `moment` was, in one unit: the time zone of the reader does not matter."""
    seconds = max(0.0, (datetime.now(UTC) - datetime.fromisoformat(moment)).total_seconds())
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds // size:.0f} {unit} ago"
    return "just now"


def memory(megabytes: float) -> str:
    """`950 MB`, `1.2 GB`."""
    return f"{megabytes:,.0f} MB" if megabytes < 1000 else f"{megabytes / 1000:,.1f} GB"


def best(run: RunSummary) -> str:
    """The number that tells most of the run's model: accuracy of a classifier, perplexity of a language model."""
    metrics = run.result.metrics if run.result else {}
    for name in (telling(run), "valid_loss"):
        if name in metrics:
            return f"{name.replace('_', ' ')} {metrics[name]:.4g}"
    return UNKNOWN


def telling(run: RunSummary) -> str:
    """The name of that number; only language models have a perplexity."""
    return "perplexity" if run.result and "perplexity" in run.result.metrics else "accuracy"


def run_title(run: RunSummary) -> str:
    """What a run is called: the model that it makes, the one that it uses, else its id."""
    return run.name or (run.spec.model if run.spec else None) or run.id


def run_words(run: RunSummary, kind: RunKind) -> str:
    """What a run does, with which texts: `Classifier on imdb, recipe demo`."""
    words, spec = RUN_WORDS[kind], run.spec
    if spec is None:
        return words
    words += f" on {spec.dataset or shown_name(spec)}"
    return f"{words}, recipe {spec.recipe.name}" if spec.recipe else words


def metrics_words(metrics: Mapping[str, float]) -> str:
    """Metrics by name, four significant digits each."""
    return ", ".join(f"{name.replace('_', ' ')} {value:.4g}" for name, value in metrics.items())


def share(told: RunHistory) -> float | None:
    """How much of the training's steps is done, from 0 to 1; None while the texts are prepared."""
    progress = told.progress
    if progress is None or progress.step is None or not progress.steps:
        return None
    return min(1.0, progress.step / progress.steps)


def percent(told: RunHistory) -> str:
    """`share` as whole percent, rounded down: 100% means done."""
    done = share(told)
    return "preparing" if done is None else f"{int(done * 100)}%"


def stage_words(stage: Stage, kind: Kind) -> str:
    """What a stage trains, how long, how fast."""
    trains = ", ".join(recipes.groups(kind)[stage.freeze_to :]) if stage.freeze_to else "all groups"
    epochs = f"{stage.epochs} epoch{'s' if stage.epochs > 1 else ''}"
    bounds = [f"at least {stage.min_steps:,} steps"] if stage.min_steps else []
    bounds += [f"at most {stage.max_steps:,} steps"] if stage.max_steps else []
    return f"trains {trains}; {', '.join([epochs, *bounds])}; learning rate {_rate(stage.lr)}"


def _rate(rate: float | Slice) -> str:
    if not isinstance(rate, Slice):
        return f"{rate:.3g}"
    low = rate.high / 10 if rate.low is None else rate.low
    return f"{low:.3g} to {rate.high:.3g}"


def progress_words(stage: StageEvent | None, progress: ProgressEvent) -> str:
    """Where a run is: the stage, the phase, how many of how many."""
    where = f"Stage {stage.number} of {stage.of}, {stage.name}: " if stage else ""
    return f"{where}{PHASE_WORDS[progress.phase].lower()}, {progress.done:,} of {progress.total:,} {progress.unit}"
