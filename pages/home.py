"""Home: the picture of ULMFiT with what this machine has of it, the next step, a prediction to try, and About."""

import streamlit as st

from ulmfit_app import limits, registry
from ulmfit_app.runs.folder import all_runs
from ulmfit_app.settings import settings
from ulmfit_app.ui.about import draw_about
from ulmfit_app.ui.cache import predictor
from ulmfit_app.ui.errors import told
from ulmfit_app.ui.journey_view import draw_journey
from ulmfit_app.ui.links import draw_link
from ulmfit_app.ui.models import classifiers, pick_model
from ulmfit_app.ui.page import open_page
from ulmfit_app.ui.results import draw_prediction
from ulmfit_app.ui.tour import draw_tour

SENTENCE = "That honestly was the worst movie I've ever seen."
COMMANDS = """\
ulmfit data list
ulmfit train lm --data imdb --recipe demo --name my-lm
ulmfit train classifier --data imdb --recipe demo --from my-lm --name my-classifier
ulmfit predict --model my-classifier --text "I really liked that movie!"
ulmfit generate --model my-lm --prompt "I liked this movie because"
ulmfit evaluate --model my-classifier --input reviews.csv --text-column text --label-column label
"""

open_page(
    "ULMFiT Studio",
    "Transfer learning in text, in three steps: a language model learns a language, is fine-tuned on texts like yours, "
    "and its encoder becomes a classifier that needs few labels.",
    wide=True,
)
entries = registry.models()
draw_tour(first_visit=not all_runs() and all(entry.shipped for entry in entries))
draw_journey()

st.header("Try a prediction", anchor=False)
choices = classifiers(entries)
if choices:
    form, answer = st.columns([3, 2], gap="large")
    with form, st.form("predict"):
        chosen = pick_model("Classifier", choices, key="model")
        text = st.text_area("Text", SENTENCE, max_chars=settings().max_text_chars, height=90)
        pressed = st.form_submit_button("Predict", type="primary")
    with answer, st.container(key="try"):
        if pressed and not text.strip():
            st.warning("There is nothing to predict yet: write a text beside.")
        elif pressed:
            with told(), limits.one_at_a_time():
                draw_prediction(predictor(chosen).predict(text))
        draw_link("predict", "Several texts, files, history", icon=":material/arrow_forward:")
else:
    st.info("There is no classifier yet. Train one: step 3 above.")

draw_about()
with st.expander("By command", icon=":material/terminal:"):
    st.markdown("The same in a terminal in the app's folder, after `source .venv/bin/activate`:")
    st.code(COMMANDS, language=None, wrap_lines=True)
with st.container(key="tour-link"):
    draw_link("home", "Show the tour", icon=":material/signpost:", tour="yes")
