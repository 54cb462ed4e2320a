"""An evaluation that is, or was, a run: its panel, and what it found as far as there is something."""

from html import escape

import streamlit as st

from ulmfit_app.errors import NotFoundError
from ulmfit_app.runs.folder import RunFolder
from ulmfit_app.schema import ClassifierReport, LmReport, RunKind, RunResult
from ulmfit_app.ui.download import draw_download
from ulmfit_app.ui.errors import plain, told
from ulmfit_app.ui.evaluation_classifier import CELL, draw_classifier
from ulmfit_app.ui.links import draw_link
from ulmfit_app.ui.live_panel import draw_run
from ulmfit_app.ui.sharing import close_run, opened_run
from ulmfit_app.ui.wording import CSV_HELP


def draw_evaluation(run_id: str) -> None:
    """Draw the run and its report. Another run, or none, is told in its place."""
    if st.button("New evaluation", type="tertiary", icon=":material/arrow_back:"):
        close_run()
        st.query_params.pop(CELL, None)
        st.rerun()
    with told():
        folder = opened_run(run_id)
        if folder.kind is not RunKind.EVALUATE:
            raise NotFoundError(f"The run {run_id} is no evaluation.", todo="The page Runs shows it.")
        draw_run(run_id)
        result = folder.result()
        if result is not None:
            _draw_notes(result)
            _draw_report(folder, result)


def _draw_notes(result: RunResult) -> None:
    if result.notes:
        st.markdown("\n".join(f"- {plain(note)}" for note in result.notes))


def _draw_report(folder: RunFolder, result: RunResult) -> None:
    match result.report:
        case ClassifierReport() as report:
            draw_classifier(folder, report)
            _draw_after(folder, "predict", "Predict with this model", ":material/label:")
        case LmReport() as report:
            _draw_language_model(report)
            _draw_after(folder, "generate", "Generate with this model", ":material/edit_note:")


def _draw_after(folder: RunFolder, page: str, words: str, icon: str) -> None:
    """What can be done with it now."""
    with st.container(horizontal=True, vertical_alignment="center"):
        if folder.table.exists():
            name = f"{folder.id}.csv"
            draw_download("Download all texts as CSV", folder.table.read_bytes, name, "text/csv", words=CSV_HELP)
        draw_link(page, words, icon=icon, model=folder.spec().model or "")


def _draw_language_model(report: LmReport) -> None:
    """Draw the figures of a language model, each with what it means."""
    figures = (
        ("perplexity", f"{report.perplexity:,.1f}", "The model hesitates as if between so many words that are equally "
         "likely: the lower the better. Comparable only between models with the same words."),
        ("next-token accuracy", f"{report.accuracy:.1%}", "How often the most probable next token is the right one."),
        ("bits per character", f"{report.bits_per_character:.3f}", "How many bits a character costs if the model "
         "compresses the texts: comparable between models with different words."),
        ("unknown tokens", f"{report.unknown_share:.1%}", "Share of words outside the vocabulary. They are easily "
         "guessed, so the more there are, the better the figures above look."),
        ("loss", f"{report.loss:.4f} nats", "Mean negative log-likelihood of a token; perplexity is its exponential."),
        ("tokens", f"{report.tokens:,}", "Each was predicted once, from all that came before it."),
    )  # fmt: skip
    rows = "".join(
        f"<tr><th scope='row'>{name}</th><td>{value}</td><td>{escape(words)}</td></tr>"
        for name, value, words in figures
    )
    head = "<tr><th scope='col'>figure</th><th scope='col'>value</th><th scope='col'>what it means</th></tr>"
    st.html(
        "<div class='ulmfit-meanings' role='region' aria-label='Figures of the language model' tabindex='0'><table>"
        f"<thead>{head}</thead><tbody>{rows}</tbody></table></div>"
    )
