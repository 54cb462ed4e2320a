"""What a run has produced so far, drawn: curves, fastai's table of epochs, messages, and the model that was kept."""

from collections.abc import Sequence

import streamlit as st

from ulmfit_app.charts.curves import loss_curves, metric_curve, rate_curve
from ulmfit_app.runs.history import RunHistory
from ulmfit_app.runs.summary import RunSummary
from ulmfit_app.schema import EpochEvent
from ulmfit_app.ui.errors import plain
from ulmfit_app.ui.wording import duration, metrics_words

MESSAGES = 8
LONG = 12  # epochs; a longer table scrolls
NO_TOOLBAR = {"displayModeBar": False}


def draw_result(run: RunSummary) -> None:
    """Draw what the run left behind: the model by name, how good it is, how long it took."""
    result = run.result
    if result is None or result.model is None:
        return
    partial = ", marked partial" if result.partial else ""
    measured = f": {metrics_words(result.metrics)}" if result.metrics else ""
    words = f"Kept: the model **{plain(result.model)}**{partial}{measured} ({duration(result.seconds)})."
    st.success(words, icon=":material/check_circle:")


def draw_curves(run_id: str, history: RunHistory) -> None:
    """Draw the curves that have a point: losses, metrics, learning rate. Alt texts never change: that would flicker."""
    metrics = history.metrics
    valid = metrics.pop("valid_loss", [])
    steps = history.progress.steps if history.progress else None
    if history.loss or valid:
        st.subheader("Loss", anchor=False)
        alt = "Training loss and validation loss by step; the table of epochs has the numbers."
        st.plotly_chart(loss_curves(history.loss, valid, steps), key=f"loss-{run_id}", config=NO_TOOLBAR, alt=alt)
    for name, points in metrics.items():
        st.subheader(name.capitalize(), anchor=False)
        alt = f"{name} of the validation texts at the ends of epochs; the table of epochs has the numbers."
        st.plotly_chart(metric_curve(name, points, steps), key=f"{name}-{run_id}", config=NO_TOOLBAR, alt=alt)
    if history.lr:
        st.subheader("Learning rate", anchor=False)
        alt = "Learning rate of the last parameter group by step: in every stage it rises, then falls."
        st.plotly_chart(rate_curve(history.lr, steps), key=f"rate-{run_id}", config=NO_TOOLBAR, alt=alt)


def draw_epochs(history: RunHistory) -> None:
    """Draw the table that fastai prints while it trains."""
    if not history.epochs:
        return
    st.subheader("Epochs", anchor=False)
    with st.container(height=440 if len(history.epochs) > LONG else "content", border=False):
        st.table(_rows(history.epochs), hide_index=True, border="horizontal")


def _rows(epochs: Sequence[EpochEvent]) -> list[dict[str, str]]:
    return [
        {
            "epoch": str(epoch.epoch),
            "train_loss": f"{epoch.train_loss:.4f}",
            "valid_loss": "" if epoch.valid_loss is None else f"{epoch.valid_loss:.4f}",
            **{name: f"{value:.4f}" for name, value in epoch.metrics.items()},
            "time": f"{int(epoch.seconds) // 60:02}:{int(epoch.seconds) % 60:02}",
        }
        for epoch in epochs
    ]


def draw_messages(history: RunHistory) -> None:
    """Draw the last things that a person should read; the log has everything."""
    if not history.messages:
        return
    st.subheader("Messages", anchor=False)
    lines = [
        f"- {plain(message.text)}" if message.level == "info" else f"- **Warning:** {plain(message.text)}"
        for message in history.messages[-MESSAGES:]
    ]
    st.markdown("\n".join(lines))
