"""What a form or a command fills in where the user said nothing: parent and name of a training, how a text begins.

Pure functions of names; they read nothing. Standard library and schema only.
"""

from collections.abc import Collection
from dataclasses import dataclass

from ulmfit_app.errors import ParentError
from ulmfit_app.schema import MAX_NAME, Kind

GENERAL_LM = "general-lm"
LM_OF_DATASET = {"imdb": "imdb-lm"}
SCRATCH = "scratch"
PROMPT = "I liked this movie by Robert Downey Jr. because"  # the notebook's TEXT
N_WORDS = 30  # the notebook's


@dataclass(frozen=True, slots=True)
class ParentChoice:
    """The parent's `name` (None: random weights) and why it was chosen, as the user reads it."""

    name: str | None
    reason: str


def default_parent(
    kind: Kind, recipe: str, dataset: str, *, fine_tuned: str | None, lms: Collection[str]
) -> ParentChoice:
    """The parent of a training of `kind` by the recipe called `recipe` on `dataset`, if the user names none.

    `fine_tuned`: the newest own language model made from this dataset; `lms`: names of all language models here.
    Raises `ParentError` if the rule names a model that is not here.
    """
    if recipe == "pretrain":
        return ParentChoice(None, "this recipe starts from random weights")
    if kind is Kind.LM:
        return _present(GENERAL_LM, "the general language model", lms)
    if recipe == "quick":
        return _present(GENERAL_LM, "the quick recipe starts from the general language model", lms)
    if fine_tuned is not None:
        return ParentChoice(fine_tuned, "the newest language model fine-tuned on this dataset")
    if LM_OF_DATASET.get(dataset) in lms:
        return ParentChoice(LM_OF_DATASET[dataset], "the shipped language model of this dataset")
    return _present(
        GENERAL_LM, "no language model is fine-tuned on this dataset yet: do that first for better results", lms
    )


def _present(name: str, reason: str, lms: Collection[str]) -> ParentChoice:
    if name not in lms:
        raise ParentError(
            f"The usual parent, '{name}', is not on this machine: it comes with a checkout of the repository.",
            todo="Name another parent, or start from scratch.",
        )
    return ParentChoice(name, reason)


def default_name(dataset: str, kind: Kind, taken: Collection[str]) -> str:
    """`<dataset>-<kind>`, with the first number from 2 that makes it different from every name `taken`."""
    stem = dataset[: MAX_NAME - len(kind) - 6].rstrip("._-")
    name, number = f"{stem}-{kind}", 2
    while name in taken:
        name, number = f"{stem}-{kind}-{number}", number + 1
    return name
