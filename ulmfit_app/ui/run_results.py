"""What a run has produced so far, drawn: curves, fastai's table of epochs, messages, the model or the report."""

from html import escape

import streamlit as st

from ulmfit_app.charts.curves import loss_curves, metric_curve, rate_curve
from ulmfit_app.runs.history import RunHistory
from ulmfit_app.runs.summary import RunSummary
from ulmfit_app.schema import ClassifierReport, EpochEvent, Kind, LmReport, LrReport, PredictionReport, Report
from ulmfit_app.ui.errors import plain
from ulmfit_app.ui.figure import draw_figure
from ulmfit_app.ui.links import draw_link
from ulmfit_app.ui.wording import duration, metrics_words

MESSAGES = 8


def draw_result(run: RunSummary, *, linked: bool = True) -> None:
    """Draw what the run left behind: the model by name, or its numbers, `linked` to the page that shows them all."""
    result = run.result
    if result is None:
        return
    partial = ", marked partial" if result.partial else ""
    took = f"({duration(result.seconds)})"
    if result.model is not None:
        measured = f": {metrics_words(result.metrics)}" if result.metrics else ""
        words = f"Kept: the model **{plain(result.model)}**{partial}{measured} {took}."
        st.success(words, icon=":material/check_circle:")
    elif result.report is not None:
        _draw_report(run, result.report, took, linked)


def report_words(report: Report) -> str:
    """The numbers that tell most of a report."""
    match report:
        case ClassifierReport():
            between = f"95% interval {report.low:.1%} to {report.high:.1%}"
            return f"Accuracy {report.accuracy:.1%} ({between}), macro-F1 {report.f1:.3f}, on {report.n:,} texts"
        case LmReport():
            return (
                f"Perplexity {report.perplexity:,.1f}, next-token accuracy {report.accuracy:.1%}, on {report.tokens:,} "
                "tokens"
            )
        case LrReport():
            found = [f"{name} {rate:.2g}" for name, rate in report.suggestions.items()]
            return f"Suggested rates: {', '.join(found)}" if found else "The curve is too short for a suggestion"
        case PredictionReport():
            counts = ", ".join(f"{label} {n:,}" for label, n in report.counts.items())
            return f"{report.n:,} rows predicted: {counts}"


def _draw_report(run: RunSummary, report: Report, took: str, linked: bool) -> None:
    """The numbers, and a link to the page that shows all of them; nothing on that page itself."""
    page, words, icon = "evaluate", "The whole evaluation", ":material/monitoring:"
    if isinstance(report, PredictionReport):
        page, words, icon = "predict", "All predictions", ":material/label:"
    elif isinstance(report, LrReport):
        assert run.spec and run.spec.recipe  # a finder has one
        page = "finetune_lm" if run.spec.recipe.kind is Kind.LM else "finetune_classifier"
        words, icon = "The curve, and a training with one of these rates", ":material/show_chart:"
    if (st.context.url or "").rstrip("/").endswith(f"/{page}"):
        return
    st.success(plain(f"{report_words(report)} {took}."), icon=":material/check_circle:")
    if linked:
        draw_link(page, words, icon=icon, run=run.id)


def draw_loss(run_id: str, history: RunHistory) -> None:
    """Draw both losses, as soon as there is one. Alt texts stay the same while a run goes on: a new one flickers."""
    valid = history.metrics.get("valid_loss", [])
    if history.loss or valid:
        st.subheader("Loss", anchor=False)
        alt = "Training loss and validation loss by step; the table of epochs has the numbers."
        draw_figure(loss_curves(history.loss, valid, _steps(history)), f"loss-{run_id}", alt)


def draw_measures(run_id: str, history: RunHistory) -> None:
    """Draw the metrics and the learning rate, beside each other, as far as they have points."""
    metrics = {name: points for name, points in history.metrics.items() if name != "valid_loss"}
    drawn = len(metrics) + bool(history.lr)
    columns = iter(st.columns(drawn, gap="medium") if drawn else [])
    for name, points in metrics.items():
        with next(columns):
            st.subheader(name.capitalize(), anchor=False)
            alt = f"{name} of the validation texts at the ends of epochs; the table of epochs has the numbers."
            draw_figure(metric_curve(name, points, _steps(history)), f"{name}-{run_id}", alt)
    if history.lr:
        with next(columns):
            st.subheader("Learning rate", anchor=False)
            alt = "Learning rate of the last parameter group by step: in every stage it rises, then falls."
            draw_figure(rate_curve(history.lr, _steps(history)), f"rate-{run_id}", alt)


def _steps(history: RunHistory) -> int | None:
    return history.progress.steps if history.progress else None


def draw_epochs(history: RunHistory) -> None:
    """Draw the table that fastai prints while it trains, with fastai's names."""
    if not history.epochs:
        return
    st.subheader("Epochs", anchor=False)
    head = "".join(f"<th scope='col'>{escape(name)}</th>" for name in _cells(history.epochs[0]))
    rows = "".join(f"<tr>{_row(epoch)}</tr>" for epoch in history.epochs)
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    st.html(f"<div class='ulmfit-epochs' role='region' aria-label='Epochs' tabindex='0'>{table}</div>")


def _row(epoch: EpochEvent) -> str:
    return "".join(f"<td>{cell}</td>" for cell in _cells(epoch).values())


def _cells(epoch: EpochEvent) -> dict[str, str]:
    return {
        "epoch": str(epoch.epoch),
        "train_loss": f"{epoch.train_loss:.4f}",
        "valid_loss": "" if epoch.valid_loss is None else f"{epoch.valid_loss:.4f}",
        **{name: f"{value:.4f}" for name, value in epoch.metrics.items()},
        "time": f"{int(epoch.seconds) // 60:02}:{int(epoch.seconds) % 60:02}",
    }


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
