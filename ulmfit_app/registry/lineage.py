"""Which model came from which: by the hash of the parent's weights, or else by the parent's name."""

from collections.abc import Sequence
from dataclasses import dataclass

from ulmfit_app.registry.folders import ModelEntry, models
from ulmfit_app.schema import Kind, ModelConfig


@dataclass(frozen=True, slots=True)
class Ancestor:
    """A model that another was trained from, under its present `name` or, if it is not here, the one it had then.

    `entry` is None if no such model is here; `exact` says that its weights are those that were trained from (a model
    that was stored in 16 bits afterwards, or made anew under its name, has others).
    """

    name: str
    entry: ModelEntry | None
    exact: bool


def ancestors(config: ModelConfig, entries: Sequence[ModelEntry]) -> list[Ancestor]:
    """Those of the model of `config` among `entries`, the first one first; it ends where one is not here."""
    line: list[Ancestor] = []
    seen: set[str] = set()
    while (ancestor := _parent(config, entries)) is not None and ancestor.name not in seen:
        line.insert(0, ancestor)
        seen.add(ancestor.name)
        if ancestor.entry is None or ancestor.entry.config is None:
            break
        config = ancestor.entry.config
    return line


def children(name: str, entries: Sequence[ModelEntry]) -> list[ModelEntry]:
    """Those of `entries` that were trained from the model called `name`."""
    return [
        entry
        for entry in entries
        if entry.config and (parent := _parent(entry.config, entries)) and parent.entry and parent.name == name
    ]


def newest_lm_on(dataset_hash: str) -> str | None:
    """Name of the newest language model of one's own that was trained on that dataset; None if there is none."""
    dated = [
        (entry.config.created, entry.name)
        for entry in models(Kind.LM)
        if entry.config is not None and not entry.shipped and entry.config.lineage.dataset_hash == dataset_hash
    ]
    return max(dated)[1] if dated else None


def _parent(config: ModelConfig, entries: Sequence[ModelEntry]) -> Ancestor | None:
    """A copy has the weights of its original: of several, the one that still has the name."""
    name, hash_then = config.lineage.parent, config.lineage.parent_hash
    if name is None:
        return None
    usable = [entry for entry in entries if entry.config]
    named = [entry for entry in usable if entry.name == name]
    same = [entry for entry in usable if entry.config and entry.config.weights_sha256 == hash_then]
    for entry in [*(entry for entry in named if entry in same), *same]:
        return Ancestor(entry.name, entry, exact=True)
    return Ancestor(name, named[0] if named else None, exact=False)
