"""Vocabularies drawn: how often words occur, which of them a vocabulary keeps, what it does not know."""

from collections.abc import Sequence
from html import escape

import streamlit as st

from ulmfit_app import registry
from ulmfit_app.charts.vocabulary import rank_frequency
from ulmfit_app.data.exploration import Exploration
from ulmfit_app.data.vocabulary import Coverage, WordRow, coverage, find_words, make_vocab, vocabulary_fit
from ulmfit_app.registry import ModelEntry
from ulmfit_app.schema import FAKE, Recipe
from ulmfit_app.ui.errors import plain, told
from ulmfit_app.ui.figure import draw_figure
from ulmfit_app.ui.models import pick_model
from ulmfit_app.ui.tokens import chip

MOST = 200  # words in the table
TEXTS, MODEL = "these texts", "a model"
_FIELDS = Recipe.model_fields


def draw_vocabulary_view(explored: Exploration) -> None:
    """Draw the words of the texts against a vocabulary: their own, or that of a model."""
    with st.spinner("Counting words"):
        ranked = explored.ranked
    whose = st.segmented_control(
        "Vocabulary of", [TEXTS, MODEL], default=TEXTS, required=True, key="vocabulary", bind="query-params"
    )
    with told():
        vocab = _pick_model_vocab() if whose == MODEL else _pick_limits(explored)
        if vocab:
            _draw_coverage(explored, vocab, own=whose == TEXTS)
            _draw_words(ranked, vocab)


def usable_models() -> list[ModelEntry]:
    """The models whose vocabulary can be read."""
    return [entry for entry in registry.models() if entry.config]


def vocab_of(entry: ModelEntry) -> list[str]:
    """The words of a model, position = token id; read once."""
    return _read(entry.name, entry.config.vocab_sha256 if entry.config else "")


@st.cache_resource(max_entries=8, show_spinner=False)
def _read(name: str, vocab_sha256: str) -> list[str]:
    """`name` and `vocab_sha256` are the key of the cache."""
    return registry.read_vocab(name)


def _pick_model_vocab() -> list[str]:
    entries = usable_models()
    if not entries:
        st.info("There is no model yet. Fine-tune a language model first.")
        return []
    with st.columns([2, 3])[0]:
        entry = pick_model("Model", entries, key="model")
    return vocab_of(entry)


def _pick_limits(explored: Exploration) -> list[str]:
    """The vocabulary that a training from scratch would build of these texts, by its two settings."""
    with st.container(horizontal=True):
        min_freq = st.number_input(
            "min_freq", 1, 1_000, _FIELDS["min_freq"].default, key="min_freq", bind="query-params", width=170,
            help=_FIELDS["min_freq"].description,
        )  # fmt: skip
        max_vocab = st.number_input(
            "max_vocab", 16, 1_000_000, _FIELDS["max_vocab"].default, step=1_000, key="max_vocab",
            bind="query-params", width=170, help=_FIELDS["max_vocab"].description,
        )  # fmt: skip
    return make_vocab(explored.lm_counts, int(min_freq), int(max_vocab))


def _draw_coverage(explored: Exploration, vocab: list[str], *, own: bool) -> None:
    """The numbers, what they mean, and the curve."""
    covered = coverage(explored.lm_counts, vocab)
    figures = {
        "words in the vocabulary": f"{sum(word != FAKE for word in vocab):,}",
        "different words in the texts": f"{covered.words:,}",
        "of them known": f"{covered.kept:,}",
        "running tokens": f"{covered.tokens:,}",
        "of them unknown": f"{covered.unknown_share:.2%}",
    }
    items = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in figures.items())
    st.html(f"<dl class='ulmfit-figures'>{items}</dl>")
    st.markdown(_meaning(explored, vocab, covered, own=own))
    if own:
        _draw_curve(explored.ranked, covered)


def _meaning(explored: Exploration, vocab: list[str], covered: Coverage, *, own: bool) -> str:
    counted = (
        f"Counted in the {len(explored.lm_rows[0]):,} texts that would train a language model "
        f"({plain(explored.dataset.info.name)}; no validation text). "
    )
    if own:
        rare = covered.words - covered.kept
        return f"{counted}{rare:,} words are left out: they are {covered.unknown_share:.2%} of what is read."
    fit = vocabulary_fit(vocab, explored.lm_vocab)
    return (
        f"{counted}Fine-tuned on them, the model would keep the vectors of **{fit.kept:,}** words "
        f"({fit.share:.1%} of the new vocabulary) and start **{fit.new:,}** words from the mean vector."
    )


def _draw_curve(ranked: Sequence[tuple[str, int]], covered: Coverage) -> None:
    """Rank against frequency. By frequency the words of the own vocabulary come first."""
    st.header("Frequency by rank", anchor=False)
    counts = [count for _, count in ranked]
    alt = (
        f"Occurrences of {len(counts):,} words by rank, both axes logarithmic, from {counts[0]:,} down to "
        f"{counts[-1]:,}. About the first {covered.kept:,} are in the vocabulary."
    )
    draw_figure(rank_frequency(counts, covered.kept), "rank-frequency", alt)


def _draw_words(ranked: Sequence[tuple[str, int]], vocab: Sequence[str]) -> None:
    """The words of the texts as a table, searched by a part of the word."""
    st.header("Words of the texts", anchor=False)
    part = st.text_input("Search a word, or a part of it", key="word", bind="query-params", max_chars=60, width=320)
    rows, found = find_words(ranked, vocab, part or "", MOST)
    if not rows:
        st.info("No word of these texts contains that. Words are in small letters.")
        return
    st.caption(f"{found:,} words" + (f", the first {MOST} shown" if found > MOST else ""))
    head = "".join(f"<th scope='col'>{name}</th>" for name in ("rank", "word", "occurrences", "id"))
    body = "".join(_row(row) for row in rows)
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    st.html(f"<div class='ulmfit-words' role='region' aria-label='Words' tabindex='0'>{table}</div>")


def _row(row: WordRow) -> str:
    number = "unknown" if row.id is None else f"{row.id:,}"
    word = chip(row.word, known=row.id is not None)
    return f"<tr><td>{row.rank:,}</td><td>{word}</td><td>{row.count:,}</td><td>{escape(number)}</td></tr>"
