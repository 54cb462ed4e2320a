"""How far this machine has come on the way from a general language model to a classifier, and what to do next.

Reads models and runs as they were listed; draws nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ulmfit_app.registry import ModelEntry
from ulmfit_app.runs.state import UNFINISHED, WORKING
from ulmfit_app.runs.summary import RunSummary
from ulmfit_app.schema import Kind, RunState
from ulmfit_app.ui.diagram import Link

HALTED = (RunState.PAUSED, RunState.INTERRUPTED)


@dataclass(frozen=True, slots=True)
class Step:
    """One of the three steps: the usable models that it has made, the newest own one first, and unfinished runs."""

    models: tuple[ModelEntry, ...]
    runs: tuple[RunSummary, ...]

    @property
    def own(self) -> ModelEntry | None:
        """The newest model of one's own."""
        return next((model for model in self.models if not model.shipped), None)


@dataclass(frozen=True, slots=True)
class Journey:
    """The three steps: language models from random weights, language models from others, classifiers."""

    general: Step
    domain: Step
    classifier: Step


@dataclass(frozen=True, slots=True)
class NextAction:
    """What to do next: why, and where."""

    why: str
    link: Link


def journey(entries: Sequence[ModelEntry], runs: Sequence[RunSummary]) -> Journey:
    """Sort models and unfinished trainings into the three steps."""
    newest = sorted((e for e in entries if e.config), key=lambda e: e.config.created if e.config else "", reverse=True)
    newest.sort(key=lambda entry: entry.shipped)
    training = [run for run in runs if run.state in UNFINISHED and run.spec and run.spec.kind.trains]
    steps = [
        Step(
            tuple(entry for entry in newest if _step_of_model(entry) == number),
            tuple(run for run in training if _step_of_run(run) == number),
        )
        for number in range(3)
    ]
    return Journey(*steps)


def next_action(at: Journey) -> NextAction:
    """The one thing to do now: look at what runs, go on with what was halted, or make what is missing."""
    runs = [run for step in (at.general, at.domain, at.classifier) for run in step.runs]
    for run in sorted(runs, key=lambda run: run.state not in WORKING):
        if run.state in WORKING:
            return NextAction("A training is running.", Link("runs", f"Watch {run.name}", query={"run": run.id}))
        if run.state in HALTED:
            why = f"The training of {run.name} is {run.state}; what it has learned is kept."
            return NextAction(why, Link("runs", f"Go on with {run.name}", query={"run": run.id}))
    lm, classifier = at.domain.own, at.classifier.own
    if lm is None and classifier is None:
        return _first(at)
    if classifier is None or (lm and lm.config and classifier.config and lm.config.created > classifier.config.created):
        return _classify(lm)
    why = f"{classifier.name} is trained. See where it errs, and how sure it is."
    return NextAction(why, Link("evaluate", f"Evaluate {classifier.name}", query={"model": classifier.name}))


def _first(at: Journey) -> NextAction:
    if not at.general.models:
        why = "There is no general language model here: train a small one from random weights."
        return NextAction(why, Link("finetune_lm", "Train a language model", query={"parent": "scratch"}))
    general = at.general.models[0].name
    why = f"{general} knows the language. Let it learn the words and the style of your texts."
    query = {"dataset": "imdb", "parent": general, "recipe": "demo"}
    return NextAction(why, Link("finetune_lm", "Fine-tune a language model", query=query))


def _classify(lm: ModelEntry | None) -> NextAction:
    assert lm and lm.config  # there is neither a classifier nor an older one
    why = f"{lm.name} has learned your texts. Its encoder makes a classifier that needs few labels."
    query = {"parent": lm.name, "dataset": lm.config.lineage.dataset}
    return NextAction(why, Link("finetune_classifier", f"Train a classifier from {lm.name}", query=query))


def _step_of_model(entry: ModelEntry) -> int:
    if entry.config is None or entry.config.kind is Kind.CLASSIFIER:
        return 2
    return 0 if entry.config.lineage.parent is None else 1


def _step_of_run(run: RunSummary) -> int:
    if run.spec is None or run.spec.kind.trains is Kind.CLASSIFIER:
        return 2
    return 0 if run.spec.parent is None else 1
