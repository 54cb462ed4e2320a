"""Models in words, and picking one: the same picker on every page."""

from collections.abc import Sequence

from ulmfit_app.registry import ModelEntry
from ulmfit_app.schema import Kind, ModelConfig
from ulmfit_app.ui.url_choice import choose_in_url
from ulmfit_app.ui.wording import UNKNOWN

WORDS = {Kind.LM: "Language model", Kind.CLASSIFIER: "Classifier"}
TELLING = {Kind.LM: "perplexity", Kind.CLASSIFIER: "accuracy"}  # the number that tells most of a model of that kind


def classifiers(entries: Sequence[ModelEntry]) -> list[ModelEntry]:
    """Those of `entries` that can predict: usable, of the kind, and with their head."""
    return _whole(entries, Kind.CLASSIFIER)


def language_models(entries: Sequence[ModelEntry]) -> list[ModelEntry]:
    """Those of `entries` that can generate: usable, of the kind, and with their head."""
    return _whole(entries, Kind.LM)


def pick_model(label: str, entries: Sequence[ModelEntry], key: str) -> ModelEntry:
    """Let the person choose one of `entries` (at least one); the choice is kept in the URL under `key`."""
    by_name = {entry.name: entry for entry in entries}
    return by_name[choose_in_url(label, list(by_name), key)]


def kind_words(config: ModelConfig) -> str:
    """`Classifier`, `Language model`, or what it is the encoder of."""
    return WORDS[config.kind] if config.part == "full" else f"Encoder of a {WORDS[config.kind].lower()}"


def measured(config: ModelConfig) -> str:
    """The number that tells most of the model, with its name: `accuracy 0.8572`."""
    name = TELLING[config.kind]
    return f"{name} {config.metrics[name].value:.4g}" if name in config.metrics else UNKNOWN


def recipe_words(config: ModelConfig) -> str:
    """The recipe's name, with a mark if it was changed."""
    recipe = config.lineage.recipe
    return f"{recipe.name}, changed" if recipe.changed else recipe.name


def size_words(size: int) -> str:
    """Bytes as `1.9 MB`, `812 KB`."""
    for unit, scale in (("GB", 1e9), ("MB", 1e6), ("KB", 1e3)):
        if size >= scale:
            return f"{size / scale:.3g} {unit}"
    return f"{size} bytes"


def _whole(entries: Sequence[ModelEntry], kind: Kind) -> list[ModelEntry]:
    return [entry for entry in entries if entry.config and entry.config.kind is kind and entry.config.part == "full"]
