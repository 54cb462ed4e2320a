"""The records `quality` and `labels` as tables of docs/results.md; shows what is there and nothing else."""

from collections.abc import Iterator
from typing import Any

from benchmarks.markdown import cell, table

Figures = dict[str, Any]
DRAWING = "figures/labels.svg"  # beside docs/results.md


def quality(figures: Figures) -> Iterator[str]:
    """All tables of the record `quality`."""
    if arms := figures.get("classifiers"):
        yield from ("### Classifiers", "", HOW_CLASSIFIERS, *classifiers(arms), "", "How they were made:", "")
        yield from (f"- {name}: {made(arm)}" for name, arm in arms.items())
        yield from ("", "Accuracy by the number of words of a review:", "", *by_words(arms), "")
    if arms := figures.get("official test reviews"):
        yield from ("### Official test reviews", "", HOW_TEST, *classifiers(arms), "")
    if arms := figures.get("language models"):
        yield from ("### Language models", "", HOW_LMS, *language_models(arms), "")
    if arms := figures.get("samples"):
        yield from ("### Samples", "", HOW_SAMPLES, *samples(arms), "")
    if arms := figures.get("probes"):
        yield from ("### Hard sentences", "", HOW_PROBES, *probes(arms), "")


HOW_CLASSIFIERS = """\
Measured on the 5,000 validation reviews of `imdb`; all were trained on its other 20,000. The interval is Wilson's, 95%.
Time is that of training (of a model's own run, its parents' are named below; of a baseline on one thread with
everything it chooses), size that of what a prediction needs.
"""
HOW_TEST = """\
The 25,000 reviews of the official test set (`imdb-full`), read once; nothing was chosen by them.
"""
HOW_LMS = """\
The texts in file order as one stream, fp32, every token predicted once. Perplexities of models with different
vocabularies cannot be compared alone: an unknown word is easily guessed, so look at bits per character too.
"""
HOW_SAMPLES = """\
The same prompts and seeds for both language models, drawn with the app's default sampling; none was left out.
"""
HOW_PROBES = """\
Sentences written for this page, by kind; too few to measure anything, enough to see where the classifier errs.
"""


def classifiers(arms: Figures) -> list[str]:
    """A row for each classifier."""
    rows = [[name, *interval(arm), duration(arm.get("seconds")), f"{arm['mb']:g} MB"] for name, arm in arms.items()]
    return table(("classifier", "accuracy", "95% interval", "training", "size"), rows)


def interval(arm: Figures) -> list[str]:
    """Accuracy and its interval."""
    return [f"{arm['accuracy']:.4f}", f"{arm['low']:.4f} to {arm['high']:.4f}"]


def made(arm: Figures) -> str:
    """Settings or recipe, machine and the time of parents."""
    parts = [arm["how"], *([f"trained on {arm['trained on']}"] if "trained on" in arm else [])]
    parents = [f"{name} {duration(seconds)}" for name, seconds in arm.get("seconds of parents", {}).items() if seconds]
    return "; ".join([*parts, *(["before it " + ", ".join(parents)] if parents else [])]) + "."


def by_words(arms: Figures) -> list[str]:
    """A row for each classifier, a column for each length."""
    lengths = list(dict.fromkeys(length for arm in arms.values() for length in arm["by words"]))
    rows = [[name, *(f"{arm['by words'][length]['accuracy']:.3f}" for length in lengths)] for name, arm in arms.items()]
    counts = next(iter(arms.values()))["by words"]
    return table(("classifier", *(f"{length} ({counts[length]['n']:,} reviews)" for length in lengths)), rows)


def language_models(arms: Figures) -> list[str]:
    """A row for each language model and collection of texts."""
    heading = ("model, texts", "perplexity", "bits per character", "next token", "unknown", "tokens")
    rows = [
        [
            name,
            f"{arm['perplexity']:.1f}",
            f"{arm['bits_per_character']:.3f}",
            f"{arm['accuracy']:.3f}",
            f"{arm['unknown_share']:.2%}",
            f"{arm['tokens']:,}",
        ]
        for name, arm in arms.items()
    ]
    return table(heading, rows)


def samples(arms: Figures) -> list[str]:
    """A row for each prompt and model."""
    prompts = dict.fromkeys(prompt for arm in arms.values() for prompt in arm["texts"])
    rows = [
        [name, cell(text)] for prompt in prompts for name, arm in arms.items() for text in arm["texts"].get(prompt, [])
    ]
    return table(("model", "text"), rows)


def probes(arms: Figures) -> list[str]:
    """A row for each kind of sentence."""
    rows = [
        [kind, f"{found['right']} of {found['n']}", cell(" / ".join(found["wrong"]))]
        for arm in arms.values()
        for kind, found in arm.items()
        if isinstance(found, dict)
    ]
    return table(("kind", "right", "answered wrongly"), rows)


def labels(figures: Figures) -> Iterator[str]:
    """The table of the record `labels`, and its drawing."""
    yield from (HOW_LABELS, *label_rows(figures), "")
    yield from (f"![Accuracy by the number of labels, one line for each method]({DRAWING})", "")


HOW_LABELS = """\
Accuracy on a fixed 2,000 of the validation reviews, read once after training, with so many labels in all: mean of the
draws, least to most in brackets. No label beyond these was used to choose anything.
"""


def label_rows(figures: Figures) -> list[str]:
    """A row for each method, a column for each number of labels."""
    numbers = sorted({int(n) for cells in figures.values() for n in cells})
    rows = [
        [method, *(spread(list(cells.get(str(n), {}).values())) for n in numbers)] for method, cells in figures.items()
    ]
    return table(("method", *(f"{n:,} labels" for n in numbers)), rows)


def spread(cells: list[Figures]) -> str:
    """Mean accuracy of the draws; with several also the least and most."""
    found = [cell["accuracy"] for cell in cells]
    if not found:
        return ""
    mean = f"{sum(found) / len(found):.3f}"
    return mean if len(found) == 1 else f"{mean} ({min(found):.3f} to {max(found):.3f})"


HOW_COMMANDS = """\
Adding the corpora, then the trainings of the models made from them, in the order in which they follow each other. The
machine did other work beside most trainings, and they were paused and resumed often; only working time is counted.
"""


def commands(figures: Figures) -> Iterator[str]:
    """The table of the record `commands`."""
    rows = [[f"`{one['command']}`", duration(one["seconds"]), one.get("on", "")] for one in figures.values()]
    yield from (HOW_COMMANDS, *table(("command", "time", "on"), rows), "")


def duration(seconds: float | None) -> str:
    """In the unit that a person would use; empty if it was not recorded."""
    if seconds is None:
        return ""
    if seconds < 120:
        return f"{seconds:.0f} s" if seconds >= 1 else "under 1 s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
