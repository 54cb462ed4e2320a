"""Home: what ULMFiT is, a prediction to try, the models on this machine, and what works by command."""

import streamlit as st

from ulmfit_app import registry
from ulmfit_app.settings import settings
from ulmfit_app.ui.cache import predictor
from ulmfit_app.ui.diagram import Step, draw_steps
from ulmfit_app.ui.errors import told
from ulmfit_app.ui.models import classifiers, draw_models, pick_model
from ulmfit_app.ui.page import open_page
from ulmfit_app.ui.results import draw_prediction

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
)
draw_steps(
    [
        Step(
            "General language model",
            "Any large collection of texts",
            "Learns to guess the next word: how the language works.",
        ),
        Step("Your language model", "Texts like yours, no labels needed", "Learns the words and style of your domain."),
        Step("Your classifier", "Some texts with labels", "Learns your labels, layer by layer, on top of the encoder."),
    ]
)

entries = registry.models()
choices = classifiers(entries)

st.header("Try a prediction", anchor=False)
if choices:
    with st.form("predict"):
        chosen = pick_model("Classifier", choices, key="model")
        text = st.text_area("Text", SENTENCE, max_chars=settings().max_text_chars)
        pressed = st.form_submit_button("Predict", type="primary")
    if pressed and not text.strip():
        st.warning("There is nothing to predict yet: write a text above.")
    elif pressed:
        with told():
            draw_prediction(predictor(chosen).predict(text))
else:
    st.info("There is no classifier yet. Train one by command, as shown below, then reload this page.")

st.header("Models on this machine", anchor=False)
if entries:
    draw_models(entries)
else:
    st.info("No model has been made yet.")

st.header("By command", anchor=False)
st.markdown(
    "In this version, data, training, generation and evaluation work by command. In a terminal in the app's folder, "
    "first `source .venv/bin/activate`, then for example:"
)
st.code(COMMANDS, language=None, wrap_lines=True)
