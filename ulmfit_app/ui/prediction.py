"""One text on the Predict page: the form, the examples, and the answer to the text that was asked about last.

What was asked is the state: the session keeps it, and the URL unless it is too long. The answer follows from it and
from the chosen model, so choosing another model asks that one about the same text.
"""

import streamlit as st

from ulmfit_app import limits
from ulmfit_app.registry import ModelEntry
from ulmfit_app.settings import settings
from ulmfit_app.ui import prediction_history
from ulmfit_app.ui.cache import predictor
from ulmfit_app.ui.errors import told
from ulmfit_app.ui.long_text import pack
from ulmfit_app.ui.prediction_history import Answer
from ulmfit_app.ui.results import draw_prediction, draw_reading
from ulmfit_app.ui.url_text import TOO_LONG, keep_text, linked_text

EXAMPLES = {
    "The notebook's": "That honestly was the worst movie I've ever seen.",
    "Liked": "I really liked that movie! The actors were wonderful, and I'd watch it again tomorrow.",
    "Mixed": "Beautifully filmed, but the story is thin and the end comes far too late.",
    "Irony": "Great, another two hours of explosions. Just what the world needed.",
    "Negation": "It wasn't bad at all; I expected nothing and was not disappointed.",
}
WRITTEN, ASKED, ANSWER = "written-text", "asked-text", "answer"  # keys of the session
MODEL, TEXT = "model", "text"  # and of the URL


def draw_one_text(entry: ModelEntry) -> None:
    """Draw examples, the form, the answer of `entry` to what was asked last, and what was asked before."""
    with st.container(horizontal=True, vertical_alignment="center", key="examples"):
        st.markdown("Film reviews to try:")
        for name, text in EXAMPLES.items():
            st.button(name, key=f"example-{name}", help=text, on_click=ask, args=(text,))
    draw_question(entry)
    prediction_history.draw_history(_reopen)


def draw_question(entry: ModelEntry, height: int = 150) -> None:
    """Draw the form with a field of `height` pixels, and the answer of `entry` to what was asked last."""
    _restore()
    with st.form("one-text", border=False):
        text = st.text_area(
            "Text", key=WRITTEN, height=height, max_chars=settings().max_text_chars, help="Ctrl+Enter predicts."
        )
        pressed = st.form_submit_button("Predict", type="primary")
    if pressed:
        _keep(text)
    asked = st.session_state[ASKED]
    if asked is not None and not asked.strip():
        st.warning("There is nothing to predict yet: write a text above.")
    elif asked is not None:
        with told():
            answer = _answer(entry, asked)
            draw_prediction(answer.prediction)
            draw_reading(answer.reading)
        if pack(asked) is None:
            st.caption(TOO_LONG)


def ask(text: str) -> None:
    """Put `text` into the form and ask about it. For callbacks: before the form is drawn."""
    st.session_state[WRITTEN] = text
    _keep(text)


def _restore() -> None:
    """Ask what the URL asks; without it, what this session asked last stands in the form, at first the notebook's."""
    linked = linked_text(TEXT, settings().max_text_chars)
    if linked is not None and linked != st.session_state.get(ASKED):
        st.session_state[ASKED] = st.session_state[WRITTEN] = linked
    asked = st.session_state.setdefault(ASKED, None)
    st.session_state.setdefault(WRITTEN, asked or EXAMPLES["The notebook's"])


def _keep(text: str) -> None:
    st.session_state[ASKED] = text
    if text.strip():
        keep_text(TEXT, text)
    else:
        st.query_params.pop(TEXT, None)


def _answer(entry: ModelEntry, text: str) -> Answer:
    """The answer of the model, from the session if nothing has changed since."""
    shown: Answer | None = st.session_state.get(ANSWER)
    if shown is None or (shown.config, shown.model, shown.text) != (entry.config, entry.name, text):
        model = predictor(entry)
        with limits.one_at_a_time():
            shown = Answer(entry.name, model.config, text, model.predict(text), model.read(text))
        st.session_state[ANSWER] = shown
        prediction_history.remember(shown)
    return shown


def _reopen(answer: Answer) -> None:
    st.session_state[MODEL] = answer.model
    ask(answer.text)
