"""The tour for a first visit: a few sentences, each with a link. It can be dismissed and comes back from a link."""

import streamlit as st

from ulmfit_app.settings import settings
from ulmfit_app.ui.links import draw_link

DISMISSED = "tour-dismissed"  # in the session
STOPS: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("predict", "**Predict.** Write a review; the shipped classifier says whether it is good or bad.", {}),
    ("explore", "**Explore.** See what a model sees: texts as tokens, minibatches, input and target.", {}),
    (
        "finetune_lm",
        "**Fine-tune.** Let the general language model read film reviews; the recipe demo takes minutes.",
        {"dataset": "imdb", "recipe": "demo"},
    ),
    (
        "finetune_classifier",
        "**Classify.** Build a classifier on the language model that you have fine-tuned.",
        {"dataset": "imdb", "recipe": "demo"},
    ),
    ("datasets", "**Your own texts.** Add a file, then do the same with it.", {}),
)


def draw_tour(first_visit: bool) -> None:
    """Draw it on a first visit until it is dismissed, or whenever the URL asks for it (`?tour=yes`)."""
    asked = st.query_params.get("tour") == "yes"
    if not asked and (not first_visit or st.session_state.get(DISMISSED)):
        return
    with st.container(border=True, key="tour", gap="xxsmall"):
        private = "; nothing leaves this machine" if settings().mode == "local" else ""
        st.markdown(f"**First time here?** Five stops, in any order{private}.")
        for page, words, query in STOPS:
            draw_link(page, words, icon=":material/arrow_forward:", **query)
        st.button("Dismiss", key="dismiss-tour", type="tertiary", icon=":material/close:", on_click=_dismiss)


def _dismiss() -> None:
    st.session_state[DISMISSED] = True
    st.query_params.pop("tour", None)
