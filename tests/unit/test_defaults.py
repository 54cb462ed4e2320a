"""The usual parent (design, section 4) and the usual name of a new model."""

import pytest

from ulmfit_app.defaults import default_name, default_parent
from ulmfit_app.errors import ParentError
from ulmfit_app.schema import Kind, is_name

SHIPPED = {"general-lm", "imdb-lm"}


@pytest.mark.parametrize(
    ("kind", "recipe", "dataset", "fine_tuned", "expected"),
    [
        (Kind.LM, "lm-notebook", "imdb", "my-lm", "general-lm"),
        (Kind.LM, "demo", "toy", None, "general-lm"),
        (Kind.LM, "pretrain", "toy", None, None),
        (Kind.CLASSIFIER, "quick", "imdb", "my-lm", "general-lm"),
        (Kind.CLASSIFIER, "classifier-notebook", "imdb", "my-lm", "my-lm"),
        (Kind.CLASSIFIER, "classifier-notebook", "imdb", None, "imdb-lm"),
        (Kind.CLASSIFIER, "demo", "toy", None, "general-lm"),
    ],
)
def test_the_rule(kind: Kind, recipe: str, dataset: str, fine_tuned: str | None, expected: str | None) -> None:
    choice = default_parent(kind, recipe, dataset, fine_tuned=fine_tuned, lms=SHIPPED)
    assert choice.name == expected
    assert choice.reason


def test_a_classifier_without_a_fine_tuned_lm_gets_a_hint() -> None:
    choice = default_parent(Kind.CLASSIFIER, "demo", "toy", fine_tuned=None, lms=SHIPPED)
    assert "do that first" in choice.reason
    imdb = default_parent(Kind.CLASSIFIER, "demo", "imdb", fine_tuned=None, lms={"general-lm"})
    assert imdb.name == "general-lm"


def test_a_parent_that_is_not_here_is_refused() -> None:
    with pytest.raises(ParentError, match="start from scratch"):
        default_parent(Kind.LM, "demo", "toy", fine_tuned=None, lms={"my-lm"})


def test_names_are_valid_and_free() -> None:
    assert default_name("imdb", Kind.LM, ()) == "imdb-lm"
    assert default_name("imdb", Kind.LM, ("imdb-lm", "imdb-lm-2")) == "imdb-lm-3"
    assert default_name("imdb", Kind.CLASSIFIER, ("imdb-lm",)) == "imdb-classifier"
    long = default_name("a" * 45 + "-" + "b" * 18, Kind.CLASSIFIER, ())
    assert is_name(long)
    assert is_name(default_name("a" * 64, Kind.CLASSIFIER, [default_name("a" * 64, Kind.CLASSIFIER, ())]))
