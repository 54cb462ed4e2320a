"""The form of the Generate page: model, prompt, and how words are drawn; the notebook's values at first.

Every field stands in the URL as soon as it differs, so a link restores the form; it starts nothing.
"""

from collections.abc import Sequence
from random import randrange

import streamlit as st

from ulmfit_app.defaults import N_WORDS, PROMPT
from ulmfit_app.registry import ModelEntry
from ulmfit_app.schema import Sampling
from ulmfit_app.settings import settings
from ulmfit_app.ui.generation import Request
from ulmfit_app.ui.models import pick_model
from ulmfit_app.ui.url_text import write_in_url

MOST_TEMPERATURE = 2.0
NOBODY = "no other model"
SEEDS = 2**32
DEFAULT = Sampling()


def draw_form(entries: Sequence[ModelEntry]) -> tuple[Request, list[ModelEntry]] | None:
    """Draw the form over the language models `entries`; what was asked and of which of them, when it is pressed."""
    with st.form("generate", border=False):
        chosen = _models(entries)
        words = "How the text begins. Ctrl+Enter generates."
        prompt = write_in_url("Prompt", PROMPT, "prompt", most=settings().max_prompt_chars, height=80, help=words)
        n_words, samples, temperature, seed = _numbers()
        with st.expander("How the next word is drawn"):
            sampling = _sampling(temperature)
        pressed = st.form_submit_button("Generate", type="primary")
    if not pressed:
        return None
    seed = randrange(SEEDS) if seed is None else seed
    return Request(tuple(entry.name for entry in chosen), prompt, n_words, samples, sampling, seed), chosen


def draw_seed(seed: int) -> None:
    """Unless it is the form's already, offer to put the `seed` of a generation there, and so into the URL."""
    if st.session_state["seed"] != seed:
        st.button(f"Keep the seed {seed}", icon=":material/keep:", on_click=_keep, args=(seed,))


def restore(request: Request, names: Sequence[str]) -> None:
    """Put the values of `request` into the form, its models as far as they are among `names`. For callbacks."""
    first, *rest = request.models
    if first in names:
        st.session_state["model"] = first
    st.session_state["other"] = rest[0] if rest and rest[0] in names else NOBODY
    sampling = request.sampling
    st.session_state.update(
        prompt=request.prompt,
        n_words=request.n_words,
        samples=request.samples,
        seed=request.seed,
        temperature=sampling.temperature,
        no_unk=sampling.no_unk,
        repetition_penalty=sampling.repetition_penalty,
        top_k=sampling.top_k,
        top_p=sampling.top_p,
        min_p=sampling.min_p,
    )


def _models(entries: Sequence[ModelEntry]) -> list[ModelEntry]:
    """The model, and if another one is chosen beside it, that one too."""
    left, right = st.columns(2)
    with left:
        model = pick_model("Language model", entries, key="model")
    others = {entry.name: entry for entry in entries}
    with right:
        name = st.selectbox(
            "Beside it",
            [NOBODY, *others],
            key="other",
            bind="query-params",
            help="A second model goes on from the same prompt with the same seed.",
        )
    other = others.get(name)
    return [model] if other is None or other.name == model.name else [model, other]


def _numbers() -> tuple[int, int, float, int | None]:
    """Words, samples, temperature, seed."""
    columns = st.columns((1, 1, 2, 1))
    return (
        columns[0].number_input(
            "Words", 1, settings().max_words, N_WORDS, key="n_words", bind="query-params",
            help="Tokens: punctuation counts.",
        ),
        columns[1].number_input(
            "Texts", 1, settings().max_samples, 1, key="samples", bind="query-params",
            help="The notebook's N_SENTENCES.",
        ),
        columns[2].slider(
            "Temperature", 0.0, MOST_TEMPERATURE, DEFAULT.temperature, 0.05, key="temperature", bind="query-params",
            help="Below 1 probable words become more probable, above 1 less. 0: always the most probable (greedy).",
        ),
        columns[3].number_input(
            "Seed", 0, SEEDS - 1, None, key="seed", bind="query-params", placeholder="any",
            help="The same seed gives the same text. Empty: a new one each time.",
        ),
    )  # fmt: skip


def _sampling(temperature: float) -> Sampling:
    """The fields in the order in which they are applied."""
    st.caption(
        "In this order: xxunk, repetition penalty, temperature, top-k, top-p, min-p. Empty: not applied. "
        "With temperature 0 only the first two matter."
    )
    no_unk = st.checkbox(
        "Never xxunk",
        DEFAULT.no_unk,
        key="no_unk",
        bind="query-params",
        help="The sign for unknown words is not drawn, as in fastai.",
    )
    penalty, k, p, least = st.columns(4)
    return Sampling(
        temperature=temperature,
        no_unk=no_unk,
        repetition_penalty=penalty.number_input(
            "Repetition penalty", 0.5, 5.0, DEFAULT.repetition_penalty, 0.1, key="repetition_penalty",
            bind="query-params", help="Above 1, words that occurred become rarer. 1: none.",
        ),
        top_k=k.number_input(
            "top-k", 1, None, None, key="top_k", bind="query-params", help="Only this many most probable words."
        ),
        top_p=p.number_input(
            "top-p", 0.01, 1.0, None, 0.05, key="top_p", bind="query-params",
            help="Only the fewest words that have this share together.",
        ),
        min_p=least.number_input(
            "min-p", 0.0, 1.0, None, 0.01, format="%.3f", key="min_p", bind="query-params",
            help="Only words with this share of the most probable word's probability. In fastai min_p is absolute.",
        ),
    )  # fmt: skip


def _keep(seed: int) -> None:
    st.session_state["seed"] = seed
