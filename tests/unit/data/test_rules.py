"""Our text rules against fastai's, rule by rule, on odd texts."""

import fastai.text.core as fastai_rules
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ulmfit_app.data import rules

PIECES = (
    " ", "  ", "\n", "\t", "a", "A", "AB", "Ab", "aB", "é", "É", "1", "!!!", "....", "<br />", "&amp;", "amp;", "#39;",
    "\\n", '\\"', "quot;", "<unk>", " @-@ ", "/", "#", "word word word word", "no no no", "ABC-DEF", "I", "xxbos", "▁",
    "\u2028", "İ", "ß",
)  # fmt: skip
odd_texts = st.lists(st.sampled_from(PIECES) | st.text(max_size=5), max_size=30).map("".join)


@pytest.mark.parametrize("name", [*rules.RULES, "replace_space"])
@given(text=odd_texts)
@example(text="")
def test_a_rule_gives_what_fastai_gives(name: str, text: str) -> None:
    assert getattr(rules, name)(text) == getattr(fastai_rules, name)(text)


def test_the_rules_are_fastais_in_its_order() -> None:
    assert [rule.__name__ for rule in fastai_rules.defaults.text_proc_rules] == list(rules.RULES)
    assert [rule.__name__ for rule in fastai_rules.defaults.text_postproc_rules] == ["replace_space"]


def test_special_tokens_appear_where_the_notebook_explains_them() -> None:
    assert rules.apply("This is GREAT, sooooo good good good good") == (
        "xxbos xxmaj this is xxup great, s xxrep 5 o xxwrep 4 good"
    )


def test_a_long_word_of_capitals_takes_no_quadratic_time() -> None:
    """With fastai's pattern this word takes hours."""
    word = "AB" * 500_000 + "a"
    assert rules.replace_all_caps(word) == word


@given(text=odd_texts)
def test_the_steps_end_where_all_rules_end(text: str) -> None:
    steps = rules.steps(text)
    assert (steps[-1][1] if steps else text) == rules.apply(text)
    assert [name for name, _ in steps] == [name for name in rules.RULES if name in dict(steps)]


def test_a_step_is_told_only_where_a_rule_changes_something() -> None:
    assert rules.steps("GREAT fun") == [("replace_all_caps", "xxup great fun"), ("lowercase", "xxbos xxup great fun")]
    assert all(rules.meaning(name).endswith(".") for name in rules.RULES)
