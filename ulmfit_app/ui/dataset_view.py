"""One dataset whole: its tree, labels, lengths, texts, report, what was made of it, what can be changed."""

from html import escape

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from ulmfit_app import limits, registry
from ulmfit_app.charts import datasets as charts
from ulmfit_app.data import folders, sources, statistics
from ulmfit_app.data.dataset import Dataset
from ulmfit_app.data.sources import CatalogueEntry
from ulmfit_app.data.statistics import LabelCount, Repeat
from ulmfit_app.runs.dataset_usage import runs_on
from ulmfit_app.schema import DatasetInfo
from ulmfit_app.ui.dataset_changes import draw_changes
from ulmfit_app.ui.dataset_report import draw_report
from ulmfit_app.ui.dataset_texts import draw_repeats, draw_texts
from ulmfit_app.ui.datasets import open_dataset
from ulmfit_app.ui.errors import plain, told
from ulmfit_app.ui.figure import draw_figure
from ulmfit_app.ui.links import draw_link
from ulmfit_app.ui.models import kind_words, measured
from ulmfit_app.ui.wording import RUN_WORDS, ago

TABS = ("Overview", "Texts", "Report", "Used by", "Change")
GO = ":material/arrow_forward:"
MOST_LABELS = 20
QUANTILES = {0.0: "shortest", 0.25: "25%", 0.5: "median", 0.75: "75%", 0.95: "95%", 1.0: "longest"}
DOWNLOADS = {"imdb-full": "the reviews as the notebook has them, about 145 MB", "imdb-sample": "about 0.6 MB"}


def draw_dataset(name: str) -> None:
    """Draw the dataset called `name`; an unknown name or a broken folder is told in its place."""
    with told():
        entry = sources.entry(name)
        st.header(plain(name), anchor=False)
        if entry.problem:
            st.error(plain(entry.problem), icon=":material/error:")
            draw_changes(name, has_labels=False)
        elif entry.downloaded and entry.info is None and not sources.downloaded_folder(name).is_dir():
            _draw_download(name)
        else:
            _draw_opened(entry, open_dataset(entry))


def _draw_download(name: str) -> None:
    st.info(
        f"This dataset is not on this machine yet. It is downloaded by the first training that uses it "
        f"({DOWNLOADS[name]}), which needs a network. Start one here, or in a terminal:"
    )
    st.code(f"ulmfit train lm --data {name} --recipe demo --name {name}-lm", language=None, wrap_lines=True)
    with st.container(horizontal=True):
        draw_link("finetune_lm", "Fine-tune a language model on it", icon=GO, dataset=name)
        draw_link("datasets", "Use imdb, which is installed", icon=GO, dataset=sources.OFFLINE)


def _draw_opened(entry: CatalogueEntry, dataset: Dataset) -> None:
    info = dataset.info
    whose = "own" if entry.own else "catalogue, read-only"
    facts = (
        info.source,
        f"{'made' if entry.own else 'read'} {ago(info.created)}",
        f"content {info.content_hash[:12]}…",
    )
    spans = " ".join(f"<span>{escape(fact)}</span>" for fact in facts)
    st.html(f"<p class='ulmfit-facts'><span class='ulmfit-state ulmfit-ready'>{whose}</span> {spans}</p>")
    with st.container(horizontal=True):
        draw_link("explore", "Explore its minibatches", icon=GO, dataset=entry.name)
        draw_link("finetune_lm", "Fine-tune a language model on it", icon=GO, dataset=entry.name)
        if info.labels:
            draw_link("finetune_classifier", "Train a classifier on it", icon=GO, dataset=entry.name)
    tabs = dict(zip(TABS, st.tabs(TABS, key="tab", bind="query-params"), strict=True))
    opened = next((label for label, tab in tabs.items() if tab.open), TABS[0])
    with tabs[opened]:
        match opened:
            case "Overview":
                _draw_overview(entry, dataset)
            case "Texts":
                draw_texts(dataset)
            case "Report":
                draw_report(info.findings, info.read_as)
                st.subheader("Repeated texts", anchor=False)
                draw_repeats(_repeats(info.content_hash, dataset))
            case "Used by":
                _draw_uses(info)
            case "Change":
                _draw_changes(entry, info)


def _draw_overview(entry: CatalogueEntry, dataset: Dataset) -> None:
    info, counts = dataset.info, statistics.label_counts(dataset)
    left, right = st.columns([2, 3], gap="large")
    with left:
        st.subheader("Texts", anchor=False)
        st.html(_tree(info, counts))
        st.html(f"<p class='ulmfit-how'>Validation split: {escape(info.split)}.</p>")
        _draw_folders(entry)
    with right:
        if counts:
            _draw_balance(counts)
    _draw_lengths(_lengths(info.content_hash, dataset))


def _draw_balance(counts: list[LabelCount]) -> None:
    st.subheader("Labels", anchor=False)
    shown = counts
    if len(counts) > MOST_LABELS:
        shown = sorted(counts, key=lambda count: -count.train - count.valid)[:MOST_LABELS]
    figure = charts.label_balance(
        [count.label for count in shown], [count.train for count in shown], [count.valid for count in shown]
    )
    draw_figure(figure, "balance", "Training and validation texts of each label; the tree of texts has the numbers.")
    if len(counts) > MOST_LABELS:
        st.caption(f"The {MOST_LABELS} most frequent of {len(counts)} labels.")


def _draw_lengths(words: NDArray[np.int64]) -> None:
    st.subheader("Lengths in words", anchor=False)
    quantiles = statistics.length_quantiles(words)
    edges, counts = statistics.length_histogram(words)
    alt = f"Texts by length in words; half have {quantiles[0.5]:,} words or fewer, the longest {quantiles[1.0]:,}."
    draw_figure(charts.length_histogram(edges, counts, quantiles[0.5]), "lengths", alt)
    figures = "".join(f"<div><dt>{QUANTILES[share]}</dt><dd>{n:,}</dd></div>" for share, n in quantiles.items())
    st.html(f"<dl class='ulmfit-figures'>{figures}</dl>")


def _draw_folders(entry: CatalogueEntry) -> None:
    """The folders of a downloaded dataset, as the notebook lists them first."""
    if entry.downloaded:
        found = folders.tree(sources.downloaded_folder(entry.name))
        items = "".join(f"<li><span>{escape(name)}</span><span>{n:,}</span></li>" for name, n in found.items())
        st.html(f"<p class='ulmfit-how'>The folders that were downloaded:</p><ul class='ulmfit-tree'>{items}</ul>")


def _tree(info: DatasetInfo, counts: list[LabelCount]) -> str:
    """HTML of the texts as the notebook's folders would hold them: train/pos, valid/neg, unlabelled."""
    train = _branch("train", info.counts.train, [(count.label, count.train) for count in counts])
    valid = _branch("valid", info.counts.valid, [(count.label, count.valid) for count in counts])
    return f"<ul class='ulmfit-tree'>{train}{valid}{_branch('unlabelled', info.counts.unlabelled, [])}</ul>"


def _branch(name: str, n: int, labels: list[tuple[str, int]]) -> str:
    leaves = "".join(f"<li><span>{escape(label)}/</span><span>{m:,}</span></li>" for label, m in labels[:MOST_LABELS])
    more = f"<li>and {len(labels) - MOST_LABELS:,} more labels</li>" if len(labels) > MOST_LABELS else ""
    return f"<li><span>{name}/</span><span>{n:,}</span>{f'<ul>{leaves}{more}</ul>' if leaves else ''}</li>"


def _draw_uses(info: DatasetInfo) -> None:
    models = [
        (entry.name, entry.config)
        for entry in registry.models()
        if entry.config and entry.config.lineage.dataset_hash == info.content_hash
    ]
    runs = runs_on(info.name, info.content_hash)
    if not models and not runs:
        st.info("Nothing was trained on this dataset yet. The links above start a training.")
    for name, config in models:
        words = f"{plain(name)}: {kind_words(config).lower()}, {measured(config)}"
        draw_link("models", words, icon=":material/deployed_code:", model=name)
    for run in runs:
        what = RUN_WORDS[run.spec.kind] if run.spec else "Run"
        draw_link(
            "runs", f"{what} {plain(run.name or run.id)}: {run.state}", icon=":material/model_training:", run=run.id
        )


def _draw_changes(entry: CatalogueEntry, info: DatasetInfo) -> None:
    if entry.own:
        draw_changes(entry.name, has_labels=bool(info.labels))
    else:
        st.info("A dataset of the catalogue stays as it is, so that results can be compared. Add one of your own.")


@st.cache_data(max_entries=8, show_spinner="Counting words")
def _lengths(content_hash: str, _dataset: Dataset) -> NDArray[np.int64]:
    """`content_hash` is the key of the cache."""
    with limits.one_at_a_time():
        return statistics.lengths(_dataset)


@st.cache_data(max_entries=8, show_spinner="Looking for repeated texts")
def _repeats(content_hash: str, _dataset: Dataset) -> list[Repeat]:
    """As `_lengths`."""
    with limits.one_at_a_time():
        return statistics.duplicates(_dataset)
