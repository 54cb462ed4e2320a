"""The predictions of this session: listed, opened again, downloaded, forgotten. Nothing is written to disk."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from html import escape

import streamlit as st

from ulmfit_app.schema import ModelConfig, Prediction, Reading
from ulmfit_app.ui.download import draw_download
from ulmfit_app.ui.errors import plain
from ulmfit_app.ui.prediction_table import as_csv as table_as_csv
from ulmfit_app.ui.results import is_doubtful
from ulmfit_app.ui.wording import CSV_HELP

KEY = "predictions"
MOST = 100  # kept in a session
SHOWN = 10
WIDTH = 80  # characters of a text in the list


@dataclass(frozen=True, slots=True)
class Answer:
    """What the `model`, as `config` describes it, said about `text`."""

    model: str
    config: ModelConfig
    text: str
    prediction: Prediction
    reading: Reading


def remember(answer: Answer) -> None:
    """Put `answer` first; the same question is kept once."""
    others = [old for old in _answers() if (old.model, old.text) != (answer.model, answer.text)]
    st.session_state[KEY] = [answer, *others][:MOST]


def draw_history(reopen: Callable[[Answer], None]) -> None:
    """Draw the last predictions, the newest first; `reopen` is the callback of a pressed one."""
    answers = _answers()
    if not answers:
        return
    st.header("This session", anchor=False)
    for number, answer in enumerate(answers[:SHOWN]):
        _draw_row(number, answer, reopen)
    with st.container(horizontal=True, vertical_alignment="center"):
        draw_download("Download as CSV", lambda: as_csv(answers), "predictions.csv", "text/csv", words=CSV_HELP)
        st.button("Clear", icon=":material/delete:", on_click=_clear)
        if len(answers) > SHOWN:
            st.caption(f"The last {SHOWN} of {len(answers)}; the download has all of them.")


def as_csv(answers: list[Answer]) -> bytes:
    """A row for each of `answers`; a column with the probability of every label of any of the models."""
    labels = dict.fromkeys(f"p_{label}" for answer in answers for label in answer.prediction.probabilities)
    return table_as_csv(["model", "text", "prediction", "probability", *labels], (_row(a, labels) for a in answers))


def _row(answer: Answer, labels: Iterable[str]) -> list[str]:
    shares = {f"p_{label}": f"{share:.6f}" for label, share in answer.prediction.probabilities.items()}
    said = answer.prediction.label
    return [answer.model, answer.text, said, shares[f"p_{said}"], *(shares.get(label, "") for label in labels)]


def _draw_row(number: int, answer: Answer, reopen: Callable[[Answer], None]) -> None:
    label = answer.prediction.label
    doubt = ", low confidence" if is_doubtful(answer.prediction) else ""
    said = f"<strong>{escape(label)}</strong> {answer.prediction.probabilities[label]:.1%}{doubt}"
    with st.container(key=f"row-prediction-{number}"):
        text, facts = st.columns((3, 2), vertical_alignment="center")
        shown = " ".join(answer.text.split())
        shown = shown if len(shown) <= WIDTH else f"{shown[:WIDTH]}…"
        text.button(plain(shown), key=f"open-prediction-{number}", type="tertiary", on_click=reopen, args=(answer,))
        facts.html(f"<p class='ulmfit-what'>{said}, by {escape(answer.model)}</p>")


def _answers() -> list[Answer]:
    answers: list[Answer] = st.session_state.get(KEY, [])
    return answers


def _clear() -> None:
    st.session_state.pop(KEY, None)
