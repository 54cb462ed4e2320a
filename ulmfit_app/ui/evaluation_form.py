"""The form of the Evaluate page: a model, and the texts that it is measured on. Starts the run."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from ulmfit_app import limits
from ulmfit_app.data.sources import CatalogueEntry
from ulmfit_app.registry import ModelEntry
from ulmfit_app.runs import requests
from ulmfit_app.schema import Kind, ModelConfig, RunKind
from ulmfit_app.ui.datasets import pick_dataset
from ulmfit_app.ui.errors import plain, told
from ulmfit_app.ui.models import WORDS, pick_model
from ulmfit_app.ui.uploads import draw_look, look, pick_file

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile

SOURCES = ("Dataset", "File")
LIMITS = (1000, 200, None)  # texts that are read; None: all


def draw_form(entries: Sequence[ModelEntry]) -> None:
    """Draw the form over `entries` (usable, at least one) and open the run that it starts."""
    entry = pick_model("Model", entries, key="model")
    config = entry.config
    assert config is not None  # the caller passes usable ones only
    source = st.segmented_control(
        "Texts from", SOURCES, default=SOURCES[0], required=True, key="source", bind="query-params"
    )
    if limits.are_set():
        st.caption(f"An evaluation is a run.{limits.time_words(RunKind.EVALUATE)}")
    with told():
        if source == "File":
            _draw_file(entry.name, config.kind)
        else:
            _draw_dataset(entry.name, config)


def _draw_dataset(model: str, config: ModelConfig) -> None:
    dataset = pick_dataset("Dataset", labelled=config.kind is Kind.CLASSIFIER)
    limit = st.selectbox("Texts at most", LIMITS, format_func=_limit_words, key="at-most", bind="query-params")
    st.caption(plain(_fit_words(config, dataset)))
    if st.button("Evaluate", type="primary", icon=":material/monitoring:"):
        _open(requests.evaluate(model, dataset=dataset.name, limit=limit))


def _limit_words(limit: int | None) -> str:
    return "All of them" if limit is None else f"{limit:,}, drawn stratified by label"


def _fit_words(config: ModelConfig, dataset: CatalogueEntry) -> str:
    """What a person should know about this model on this dataset before it is measured."""
    words = [f"{WORDS[config.kind]} trained on {config.lineage.dataset}."]
    info = dataset.info
    if info is None:
        return " ".join([*words, "The dataset is read for the first time, which takes a while."])
    words.append(f"{info.counts.valid:,} texts in the validation split.")
    if config.lineage.dataset_hash == info.content_hash:
        words.append("The model was trained on the training split of this dataset: these texts are new to it.")
    if config.kind is Kind.CLASSIFIER and (strange := set(info.labels) - set(config.labels)):
        words.append(
            f"The model does not know the labels {', '.join(sorted(strange)[:5])} "
            f"(it knows {', '.join(config.labels[:5])}): their texts are left out."
        )
    return " ".join(words)


def _draw_file(model: str, kind: Kind) -> None:
    upload = pick_file("CSV, TSV, JSON Lines or Parquet, a row for every text", key="file")
    if upload is None:
        labelled = "a text and its true label in every row" if kind is Kind.CLASSIFIER else "a text in every row"
        st.info(f"Upload a file with {labelled}.", icon=":material/upload_file:")
        return
    _draw_columns(model, kind, upload)


def _draw_columns(model: str, kind: Kind, upload: "UploadedFile") -> None:
    seen = look(upload)
    draw_look(seen)
    texts = st.multiselect(
        "Columns of the text", seen.columns, seen.read_as.text_columns, key=f"texts-{upload.file_id}"
    )
    label = None
    if kind is Kind.CLASSIFIER:
        guess = seen.columns.index(seen.read_as.label_column) if seen.read_as.label_column else None
        label = st.selectbox("Column of the label", seen.columns, guess, key=f"label-{upload.file_id}")
    ready = bool(texts) and (kind is Kind.LM or label is not None)
    if st.button("Evaluate", type="primary", icon=":material/monitoring:", disabled=not ready):
        content = upload.getvalue()
        _open(
            requests.evaluate(
                model, input=content, file_name=upload.name, text_columns=tuple(texts), label_column=label
            )
        )


def _open(run_id: str) -> None:
    st.query_params["run"] = run_id
    st.rerun()
