"""How many words of the texts keep the parent's vectors: drawn before a training starts."""

import streamlit as st

from ulmfit_app import limits, registry
from ulmfit_app.data.sources import CatalogueEntry
from ulmfit_app.registry.vocabulary import read_vocab
from ulmfit_app.schema import Recipe, RunSpec
from ulmfit_app.training.request import is_absent
from ulmfit_app.training.words import Words, compare
from ulmfit_app.ui.datasets import open_dataset
from ulmfit_app.ui.errors import plain

READ = {"kind", "min_freq", "max_vocab", "first_tokens", "train_texts", "count_validation"}  # settings that matter here


def words_of(spec: RunSpec, entry: CatalogueEntry) -> Words | None:
    """The words of the texts that `spec` reads; None where dataset or parent are still to be downloaded."""
    if entry.info is None or spec.recipe is None or (spec.parent and is_absent(spec.parent)):
        return None
    settings = spec.recipe.model_dump_json(include=READ)
    config = registry.entry(spec.parent).config if spec.parent else None
    parent = (spec.parent, config.vocab_sha256) if spec.parent and config else None
    with limits.one_at_a_time():
        return _compared(
            entry.info.content_hash, settings, parent, spec.seed, spec.limit, _entry=entry, _recipe=spec.recipe
        )


@st.cache_data(max_entries=64, show_spinner="Comparing the words of the texts with the parent's")
def _compared(
    content_hash: str,
    settings: str,
    parent: tuple[str, str] | None,
    seed: int,
    limit: int | None,
    *,
    _entry: CatalogueEntry,
    _recipe: Recipe,
) -> Words:
    """All but `_entry` and `_recipe`, from which it is computed, are the key of the cache."""
    vocabulary = read_vocab(parent[0]) if parent else []
    return compare(open_dataset(_entry), _recipe, vocabulary, seed, limit)


def draw_words(words: Words | None, spec: RunSpec) -> None:
    """Say how many words keep their vectors, and what the others become."""
    recipe = spec.recipe
    assert recipe  # a training has one
    if words is None:
        st.caption("How many words the parent knows is counted once all has been downloaded.")
        return
    fit, where = words.fit, f" (counted on a sample of {words.sample:,} texts)" if words.sample else ""
    total = f"{fit.kept + fit.new:,} words occur {recipe.min_freq} times or more{where}"
    if spec.parent is None:
        st.markdown(f"{total}; all of their vectors start random.")
    elif recipe.text_vocab == "parent":
        st.markdown(
            f"The model keeps the words of {plain(spec.parent)}. {total}, it knows **{fit.kept:,}** of them "
            f"(**{fit.share:.0%}**); {words.unknown:.1%} of the running words are read as unknown."
        )
    else:
        st.markdown(
            f"{total}: **{fit.kept:,}** (**{fit.share:.0%}**) keep the vectors of {plain(spec.parent)}, {fit.new:,} "
            "new ones start as the mean of its vectors."
        )
        if fit.too_small:
            st.warning(
                f"{plain(spec.parent)} knows next to none of these words: the run will be refused. Choose another "
                "model to start from, or scratch.",
                icon=":material/warning:",
            )
