"""The picture of ULMFiT on the home page, with what this machine has of each step and what to do next."""

import streamlit as st

from ulmfit_app import registry
from ulmfit_app.runs.folder import find
from ulmfit_app.runs.state import WORKING
from ulmfit_app.runs.summary import RunSummary, summaries
from ulmfit_app.ui.diagram import Box, Link, draw_boxes
from ulmfit_app.ui.errors import plain
from ulmfit_app.ui.journey import Journey, Step, journey, next_action
from ulmfit_app.ui.run_events import history_of
from ulmfit_app.ui.run_state import state_sign
from ulmfit_app.ui.wording import percent

EVERY = 4.0  # seconds between two looks at models and runs
MOST = 3  # models that a box names
MODEL, RUN, GO = ":material/deployed_code:", ":material/model_training:", ":material/arrow_forward:"


@st.fragment(run_every=EVERY)
def draw_journey() -> None:
    """Draw the three steps as they stand now, and the next action."""
    at = journey(registry.models(), summaries())
    draw_boxes("ulmfit", [_general(at), _domain(at), _classifier(at)])
    action = next_action(at)
    with st.container(key="next-action", horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"**Next.** {plain(action.why)}", width="content")
        Link(action.link.page, plain(action.link.label), GO, action.link.query).draw()


def _general(at: Journey) -> Box:
    todo = Link("finetune_lm", "Train one from scratch", GO, {"parent": "scratch"})
    return _box("1. General language model", "Any large collection of texts", LEARNS[0], at.general, todo)


def _domain(at: Journey) -> Box:
    parent = {"parent": at.general.models[0].name} if at.general.models else {}
    todo = Link("finetune_lm", "Fine-tune a language model", GO, parent)
    return _box("2. Your language model", "Texts like yours, no labels needed", LEARNS[1], at.domain, todo)


def _classifier(at: Journey) -> Box:
    parent = {"parent": at.domain.models[0].name} if at.domain.models else {}
    todo = Link("finetune_classifier", "Train a classifier", GO, parent)
    return _box("3. Your classifier", "Some texts with labels", LEARNS[2], at.classifier, todo)


LEARNS = (
    "Learns to guess the next word: how the language works.",
    "Learns the words and the style of your domain.",
    "Learns your labels, layer by layer, on top of the encoder.",
)


def _box(title: str, source: str, learns: str, step: Step, todo: Link) -> Box:
    runs = tuple(_run_link(run) for run in step.runs[:MOST])
    models = tuple(Link("models", plain(model.name), MODEL, {"model": model.name}) for model in step.models[:MOST])
    more = len(step.models) - MOST
    rest = (Link("models", f"{more} more", MODEL),) if more > 0 else ()
    return Box(title, source, (learns,), (*runs, *models, *rest, todo), _sign(step))


def _run_link(run: RunSummary) -> Link:
    done = percent(history_of(find(run.id))) if run.state in WORKING else str(run.state)
    return Link("runs", f"{plain(run.name or run.id)}: {done}", RUN, {"run": run.id})


def _sign(step: Step) -> str:
    for run in step.runs:
        if run.state in WORKING:
            return state_sign(run.state, percent(history_of(find(run.id))))
    if not step.models:
        return "<span class='ulmfit-state ulmfit-waiting'>none yet</span>"
    shipped = sum(model.shipped for model in step.models)
    counts = [f"{shipped} shipped" if shipped else "", f"{len(step.models) - shipped} own"]
    words = " + ".join(word for word in counts if word and not word.startswith("0"))
    return f"<span class='ulmfit-state ulmfit-ready'>{words}</span>"
