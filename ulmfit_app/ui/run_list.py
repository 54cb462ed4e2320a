"""All runs in rows: filtered, sorted, a page at a time. It looks at the folders anew every few seconds by itself."""

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from html import escape

import streamlit as st

from ulmfit_app import limits
from ulmfit_app.runs.folder import find
from ulmfit_app.runs.summary import RunSummary, summaries
from ulmfit_app.schema import RunState
from ulmfit_app.ui.errors import plain
from ulmfit_app.ui.run_actions import Action, delete_button, move_buttons, perform
from ulmfit_app.ui.run_events import history_of
from ulmfit_app.ui.run_state import state_sign
from ulmfit_app.ui.wording import UNKNOWN, ago, best, duration, percent, run_title, run_words, telling

ROWS = 20
COLUMNS = (7, 11, 5)  # widths of name, facts, buttons
EVERY = 5.0  # seconds between two looks at all runs; one at 500 of them takes 0.2 s (two cores)
START = """\
ulmfit train lm --data imdb --recipe demo --name my-lm --detach
ulmfit train classifier --data imdb --recipe demo --name my-classifier --detach
"""


def _best_first(run: RunSummary) -> tuple[bool, float]:
    """Classifiers by accuracy, then language models by perplexity; runs without a result last."""
    value = run.result.metrics.get(telling(run)) if run.result else None
    is_lm = telling(run) == "perplexity"
    return (is_lm or value is None, float("inf") if value is None else value if is_lm else -value)


ORDERS: dict[str, Callable[[RunSummary], tuple[object, ...]]] = {
    "Newest first": lambda run: (),  # as they come
    "Longest first": lambda run: (-(run.seconds or 0.0),),
    "Best result first": _best_first,
    "By model": lambda run: (run.name or "",),
    "By state": lambda run: (list(RunState).index(run.state), run.position or 0),
}


@st.fragment(run_every=EVERY)
def draw_runs() -> None:
    """Draw every run of this home, or how to start the first one."""
    runs = summaries()
    if not runs and limits.are_set():
        st.info("There is no run yet. Start one on the pages under Train; it appears here by itself.")
        return
    if not runs:
        st.info("There is no run yet. Start one in a terminal; it appears here by itself.")
        st.code(START, language=None, wrap_lines=True)
        return
    shown = _chosen(runs)
    pages = -(-len(shown) // ROWS)
    st.html(f"<p class='ulmfit-facts'>{escape(_counts(runs, shown))}</p>")
    number = st.pagination(pages, key="page", bind="query-params") if pages > 1 else 1
    _draw_header()
    pressed: list[Action | None] = []
    for run in shown[(number - 1) * ROWS : number * ROWS]:
        pressed += _row(run)
    perform(pressed)


def _chosen(runs: Sequence[RunSummary]) -> list[RunSummary]:
    """Those in the states that were picked, in the order that was picked."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        states = st.pills("State", list(RunState), selection_mode="multi", key="state", bind="query-params")
        order = st.selectbox("Order", list(ORDERS), key="order", bind="query-params", width=180)
    return sorted((run for run in runs if not states or run.state in states), key=ORDERS[order])


def _counts(runs: Sequence[RunSummary], shown: Sequence[RunSummary]) -> str:
    counts = Counter(run.state for run in runs)
    words = ", ".join(f"{counts[state]} {state}" for state in RunState if counts[state])
    return f"{len(shown)} of {len(runs)} runs: {words}" if len(shown) < len(runs) else f"{len(runs)} runs: {words}"


def _draw_header() -> None:
    with st.container(key="runs-header"):
        name, facts, _ = st.columns(COLUMNS)
        name.html("<div class='ulmfit-run'><span>Model</span></div>")
        facts.html(_cells("State", "Submitted", "Worked", "Result"))


def _row(run: RunSummary) -> list[Action | None]:
    """Draw one run and return what was pressed."""
    with st.container(key=f"row-{run.id}"):
        name, facts, actions = st.columns(COLUMNS, vertical_alignment="center")
        with name.container(gap=None):
            opened = st.button(plain(run_title(run)), key=f"open-{run.id}", type="tertiary")
            st.html(f"<p class='ulmfit-what'>{escape(run_words(run, find(run.id).kind))}</p>")
        submitted = ago(run.spec.created) if run.spec else UNKNOWN
        facts.html(_cells(state_sign(run.state, _detail(run)), submitted, duration(run.seconds), escape(best(run))))
        with actions.container(horizontal=True, horizontal_alignment="right", gap="small"):
            return [
                partial(_open, run.id) if opened else None,
                *move_buttons(run, "tertiary"),
                delete_button(run, "tertiary"),
            ]


def _cells(*cells: str) -> str:
    """HTML of the columns in the middle; on a narrow screen those that say something, in a line."""
    spans = "".join(f"<span{' class=ulmfit-nothing' if cell == UNKNOWN else ''}>{cell}</span>" for cell in cells)
    return f"<div class='ulmfit-run'>{spans}</div>"


def _detail(run: RunSummary) -> str:
    if run.state is RunState.RUNNING:
        return percent(history_of(find(run.id)))
    return f"({run.position})" if run.position else ""


def _open(run_id: str) -> None:
    st.query_params["run"] = run_id
