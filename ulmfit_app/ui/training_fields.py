"""A recipe's settings as a form: one control for each typed field, its description as help, pydantic's bounds.

Numbers are written as text, so that a bad one stays where it is and is told beside it. What was typed lasts as long as
the session, for each recipe by itself.
"""

from collections.abc import Iterable
from hashlib import sha256
from html import escape
from itertools import chain
from types import UnionType
from typing import Any, Literal, get_args, get_origin

import streamlit as st
from pydantic.fields import FieldInfo

from ulmfit_app import recipes
from ulmfit_app.schema import Kind, Recipe, Slice, Stage

COMMON = ("bs", "drop_mult", "wd", "keep")
ADVANCED = {
    "Texts and words": (
        "train_texts", "valid_texts", "first_tokens", "max_len", "text_vocab", "min_freq", "max_vocab",
        "count_validation",
    ),
    "Minibatches and optimiser": ("seq_len", "shrink_bs", "moms", "alpha", "beta", "class_weights", "patience"),
    "From random weights": ("size", "embedding"),
}  # fmt: skip
RATES = {"low": "lr, first group", "high": "lr, last group"}
STAGE = ("epochs", "freeze_to", "pct_start", "div", "div_final", "min_steps", "max_steps")
ONLY = {"max_len": Kind.CLASSIFIER, "class_weights": Kind.CLASSIFIER, "count_validation": Kind.LM}
WIDTH = 150  # pixels of a control
BOUNDS = {"ge": "at least {:g}", "gt": "above {:g}", "le": "at most {:g}", "lt": "below {:g}"}


class RecipeFields:
    """The controls of `base`, drawn one after another; afterwards `changes` are the settings that differ from it."""

    def __init__(self, base: Recipe) -> None:
        self.base, self.changes = base, dict[str, Any]()
        self._data = base.model_dump()
        self._id = sha256(base.model_dump_json().encode()).hexdigest()[:8]
        self._told: dict[str, Any] = {}

    def draw(self, key: str, label: str | None = None) -> None:
        """Draw the control of the setting `key` (`bs`, `stages.0.lr.high`), unless it means nothing to this kind."""
        if self._means_nothing(key):
            return
        field, value = _field(key), self._value(key)
        with st.container(width=WIDTH, gap=None):
            typed = _control(label or key.rpartition(".")[2], field, value, self._state_key(key))
            self._told[key] = st.empty()
        self._take(key, typed)

    def keep(self, keys: Iterable[str]) -> None:
        """Instead of drawing: take what was typed into controls that are folded away; what is wrong is told here."""
        told = st.container()
        for key in keys:
            if not self._means_nothing(key):
                self._take(key, st.session_state.get(self._state_key(key)))
                self._told[key] = told

    def typed(self) -> dict[str, str]:
        """What stands in the controls of the settings that differ."""
        return {key: str(st.session_state[self._state_key(key)]) for key in self.changes}

    def type(self, key: str, typed: str) -> bool:
        """Before it is drawn, put `typed` into the control of the setting `key`; False if there is none, or no such
        choice in it."""
        stages = range(len(self.base.stages))
        if key not in {*COMMON, *chain(*ADVANCED.values()), *chain(*map(self.of_stage, stages))}:
            return False
        options = _options(_field(key))
        if self._means_nothing(key) or (options and typed not in options):
            return False
        st.session_state[self._state_key(key)] = typed
        return True

    def _take(self, key: str, typed: str | None) -> None:
        value = self._value(key)
        new = value if typed is None else _meant(_field(key), value, typed)
        if new != value:
            self.changes[key] = new

    def _means_nothing(self, key: str) -> bool:
        return ONLY.get(key, self.base.kind) is not self.base.kind

    def _state_key(self, key: str) -> str:
        return f"{self._id}.{key}"

    def draw_row(self, keys: tuple[str, ...]) -> None:
        """Draw several beside each other."""
        with st.container(horizontal=True):
            for key in keys:
                self.draw(key)

    def draw_stage(self, stage: int) -> None:
        """Draw the settings of the stage at that index."""
        with st.container(horizontal=True):
            for key in self.of_stage(stage):
                self.draw(key, RATES.get(key.partition(".lr.")[2]))

    def of_stage(self, stage: int) -> list[str]:
        """The keys of the settings of the stage at that index."""
        rates = ("lr.low", "lr.high") if isinstance(self.base.stages[stage].lr, Slice) else ("lr",)
        return [f"stages.{stage}.{name}" for name in (*rates, *STAGE)]

    def recipe(self) -> tuple[Recipe, bool]:
        """The recipe with all valid changes, and whether all are valid; the others are told beside their controls."""
        wrong = recipes.wrong(self.base, self.changes)
        for key, words in wrong.items():
            name = key.rpartition(".")[2]
            self._told[key].html(f"<p class='ulmfit-refused' role='alert'>{escape(name)} {escape(words)}.</p>")
        valid = {key: value for key, value in self.changes.items() if key not in wrong}
        return (recipes.override(self.base, valid) if valid else self.base), not wrong

    def _value(self, key: str) -> Any:
        value: Any = self._data
        for part in key.split("."):
            value = value[int(part)] if isinstance(value, tuple | list) else value[part]
        return value


def _field(key: str) -> FieldInfo:
    """The description of the setting `key`."""
    name = key.rpartition(".")[2]
    record = Recipe if "." not in key else Slice if name in Slice.model_fields else Stage
    return record.model_fields[name]


def _control(label: str, field: FieldInfo, value: Any, key: str) -> str | None:
    """Draw one control and return what stands in it."""
    words, options = _help(field), _options(field)
    if options:
        at_first = ("yes" if value else "no") if field.annotation is bool else value
        st.session_state.setdefault(key, at_first)
        return st.selectbox(label, options, key=key, help=words, persist_state="session", filter_mode=None)
    st.session_state.setdefault(key, _text(value))
    typed: str | None = st.text_input(
        label,
        key=key,
        help=words,
        persist_state="session",
        placeholder="none" if _may_be_empty(field) else None,
    )
    return typed


def _meant(field: FieldInfo, value: Any, typed: str) -> Any:
    """What `typed` stands for in the control of a setting that is `value` in the recipe."""
    if field.annotation is bool:
        return typed == "yes"
    if get_origin(field.annotation) is Literal:
        return typed
    return value if typed.strip() == _text(value) else _parsed(typed)


def _options(field: FieldInfo) -> list[str]:
    """The choices of a setting; none for one that is typed."""
    if field.annotation is bool:  # a box to tick would not line up with the other controls
        return ["no", "yes"]
    return list(get_args(field.annotation)) if get_origin(field.annotation) is Literal else []


def _help(field: FieldInfo) -> str:
    """The field's description and its bounds."""
    bounds = [
        words.format(getattr(rule, name))
        for rule in field.metadata
        for name, words in BOUNDS.items()
        if hasattr(rule, name)
    ]
    return f"{field.description} {', '.join(bounds).capitalize()}." if bounds else str(field.description)


def _may_be_empty(field: FieldInfo) -> bool:
    return isinstance(field.annotation, UnionType) and type(None) in get_args(field.annotation)


def _text(value: Any) -> str:
    """A value as it is shown: a rate with five digits; what is shown unchanged keeps all of its digits."""
    if value is None:
        return ""
    if isinstance(value, tuple):
        return ", ".join(map(_text, value))
    return f"{value:.5g}" if isinstance(value, float) and value < 1e5 else f"{value:.10g}"


def _parsed(text: str) -> Any:
    """What a person typed: nothing, a number, several, or whatever it is; pydantic says what is wrong with it."""
    if "," in text:
        return [_parsed(part) for part in text.split(",")]
    for number in (int, float):
        try:
            return number(text)
        except ValueError:
            continue
    return text.strip() or None
