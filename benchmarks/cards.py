"""The notes in the cards of the shipped models, made of the record `quality`: part of `make results`.

What a model is for and where its texts come from is said here, what it can do comes from the record, and only a model
whose weights the record has measured gets such notes. The rest of a card (loading, recipe, the training's own figures)
is rendered from the model's configuration.
"""

from pathlib import Path
from typing import Any

from benchmarks import look, quality_page, record
from benchmarks.quality import NAME
from ulmfit_app import modelfolder
from ulmfit_app.settings import settings

Figures = dict[str, Any]
PURPOSE = {
    "general-lm": "A small language model of general English: the start of a fine-tuning on your own texts, offline.",
    "imdb-lm": "`general-lm` fine-tuned on film reviews: the start of a classifier of reviews, and a text generator to "
    "see what fine-tuning changes. What it writes is made up and says nothing about any film or person.",
    "imdb-classifier": "Says whether a film review in English is positive or negative: the demonstration of ULMFiT, "
    "and a start for other opinions on similar texts.",
}
GENERAL = (
    "`general-english`: 13.3 million words of openly licensed or public-domain English. US government pages (CC0), "
    "presidential speeches and Standard Ebooks of 1906 to the 1960s (public domain in the United States), community "
    "blogs and guides (CC BY 4.0), and, under CC BY-SA 4.0, podcast transcripts by Changelog Media LLC, The Open "
    "Organization's guide and Wikipedia introductions. docs/corpus.md names every source."
)
IMDB = (
    "`imdb` and `imdb-unsup`: the reviews of the Large Movie Review Dataset v1.0 (Maas et al. 2011, “Learning Word "
    "Vectors for Sentiment Analysis”, ACL), which is **distributed for research**: 20,000 labelled training reviews, "
    "and for the language model its 50,000 unlabelled ones too, without those equal to one of the 5,000 validation "
    "reviews."
)
DATA = {"general-lm": (GENERAL,), "imdb-lm": (GENERAL, IMDB), "imdb-classifier": (GENERAL, IMDB)}
LICENCE = (
    "Apache-2.0 covers what this project made. The weights were learned from the texts above, whose licences are named "
    "there: attribution is due to the CC BY and CC BY-SA sources, some texts are for research only, and whether such "
    "terms reach weights is not settled. Decide for your own use; if in doubt, use them for research."
)
PERIOD = (
    "Half of the general texts are fiction and essays of 1906 to the 1960s, with the attitudes of their time; the rest "
    "is mostly about government and software work in the United States."
)

# What was seen in the samples of `benchmarks.look`, by the weights (the first 12 digits of their hash) that wrote them.
SEEN = {
    "824f6e37469b": "Encyclopedia entries, office and software prose, talk and old novels, right in grammar for some "
    "ten words and without a thread after that. Facts are wrong and sound certain (a faith became the capital of a "
    "peninsula). Where the prompt named gay people, one sample spoke of killing. No slur, nothing sexual.",
}


def main() -> None:
    """Write the notes of every shipped model that was measured."""
    figures = record.figures(NAME)
    for name in PURPOSE:
        folder = settings().shipped_models / name
        if said := notes(folder, figures):
            modelfolder.rewrite_card(folder, said)


def notes(folder: Path, figures: Figures) -> str:
    """The notes of the shipped model in `folder`; empty if the record has not measured these weights."""
    name, weights = folder.name, modelfolder.read_config(folder).weights_sha256[:12]
    mine = {group: of_weights(arms, weights) for group, arms in figures.items()}
    numbers = [*_accuracy(figures, mine), *_language(mine)]
    if not numbers:
        return ""
    parts = (
        f"### Purpose\n\n{PURPOSE[name]}",
        "### Texts\n\n" + "\n".join(f"- {source}" for source in DATA[name]),
        f"### Licence of the weights\n\n{LICENCE}",
        "### Measured\n\n" + "\n".join(numbers),
        "### Limits seen\n\n" + "\n".join([PERIOD, *_seen(weights), *_limits(mine)]),
    )
    return "\n\n".join(parts)


def of_weights(arms: Figures, weights: str) -> Figures:
    """Those of `arms` that were measured with these weights (the first 12 digits of their hash)."""
    return {name: arm for name, arm in arms.items() if arm["of"].split()[-1] == weights}


def _accuracy(figures: Figures, mine: Figures) -> list[str]:
    """A classifier's accuracy beside that of the others, and on the official test reviews."""
    if not mine.get("classifiers"):
        return []
    lines = [quality_page.HOW_CLASSIFIERS, *quality_page.classifiers(figures["classifiers"])]
    if test := mine.get("official test reviews"):
        lines += ["", quality_page.HOW_TEST, *quality_page.classifiers(test)]
    return lines


def _language(mine: Figures) -> list[str]:
    models = mine.get("language models")
    return [quality_page.HOW_LMS, *quality_page.language_models(models)] if models else []


def _seen(weights: str) -> list[str]:
    """What somebody saw who read what these weights write; nothing of other weights."""
    return ["", f"{look.HOW} {SEEN[weights]}"] if weights in SEEN else []


def _limits(mine: Figures) -> list[str]:
    """Accuracy by length, and the hard sentences."""
    lines: list[str] = []
    if arms := mine.get("classifiers"):
        lines += ["", "Accuracy by the number of words of a review:", "", *quality_page.by_words(arms)]
    if arms := mine.get("probes"):
        lines += ["", quality_page.HOW_PROBES, *quality_page.probes(arms)]
    return lines


if __name__ == "__main__":
    main()
