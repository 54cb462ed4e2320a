"""One model whole: what it is, what it came from, how good it is, its card and notes, what can be done with it."""

from collections.abc import Mapping, Sequence
from html import escape

import streamlit as st

from ulmfit_app import access, registry, signing
from ulmfit_app.errors import AppError, NotFoundError
from ulmfit_app.inference.cache import weight_bytes
from ulmfit_app.registry import ModelEntry
from ulmfit_app.schema import Kind, ModelConfig
from ulmfit_app.settings import settings
from ulmfit_app.ui.errors import plain, told
from ulmfit_app.ui.hub_push import draw_hub
from ulmfit_app.ui.links import draw_link
from ulmfit_app.ui.model_card import draw_card, safe_markdown
from ulmfit_app.ui.model_changes import draw_changes, draw_notes
from ulmfit_app.ui.model_downloads import draw_downloads
from ulmfit_app.ui.model_lineage import draw_lineage
from ulmfit_app.ui.models import TELLING, kind_words, size_words
from ulmfit_app.ui.sharing import draw_share_model
from ulmfit_app.ui.wording import ago, stage_words

TABS = ("Overview", "Card", "Notes", "Download", "Hub", "Change")
GO = ":material/arrow_forward:"


def draw_model(name: str) -> None:
    """Draw the model called `name`; an unknown name or a broken folder is told in its place."""
    entries = registry.models()
    named = [entry for entry in entries if entry.name == name]
    entry = next((entry for entry in named if entry.config), named[0] if named else None)
    if entry is None:
        st.error(f"There is no model called {plain(name[:80])} here.", icon=":material/error:")
    elif entry.config is None:
        st.header(plain(name), anchor=False)
        st.error(plain(entry.problem), icon=":material/error:")
        if not entry.shipped:
            draw_changes(entry)
    else:
        _draw_usable(entry, entry.config, entries)


def draw_shared_model(token: str) -> None:
    """Draw the model that `token` opens for whoever has it: to read, with nothing to do. Another one is told."""
    with told():
        place, name, weights = signing.shared_model(token)
        try:
            with access.acting_for(access.owner_of(settings().home_path / "models" / place)):
                entry = registry.named(name)
                config, card = entry.usable_config(), registry.read_card(name)
            if config.weights_sha256 != weights:
                raise NotFoundError("A later model has its name.")
        except AppError:  # which would name the owner's other models
            raise NotFoundError("What this link opened is not there any more.") from None
        st.header(plain(name), anchor=False)
        st.caption("Shared with you to read, for as long as the model is there.")
        shipped = [each for each in registry.models() if each.shipped]
        _draw_overview(entry, config, [entry, *shipped])
        st.markdown(safe_markdown(card))


def _draw_usable(entry: ModelEntry, config: ModelConfig, entries: Sequence[ModelEntry]) -> None:
    st.header(plain(entry.name), anchor=False)
    facts = [kind_words(config), f"made {ago(config.created)}", f"{size_words(registry.disk_use(entry.path))} on disk"]
    partial = "<span class='ulmfit-state ulmfit-broken'>partial: stopped before the recipe's end</span> "
    spans = " ".join(f"<span>{escape(fact)}</span>" for fact in facts)
    whose = "shipped, read-only" if entry.shipped else "pulled" if registry.origin_of(entry) else "own"
    sign = f"<span class='ulmfit-state ulmfit-ready'>{whose}</span> {partial if config.partial else ''}"
    st.html(f"<p class='ulmfit-facts'>{sign}{spans}</p>")
    _draw_uses(entry.name, config)
    draw_share_model(entry)
    tabs = dict(zip(TABS, st.tabs(TABS, key="part", bind="query-params"), strict=True))
    opened = next((label for label, tab in tabs.items() if tab.open), TABS[0])
    with tabs[opened]:
        match opened:
            case "Overview":
                _draw_overview(entry, config, entries)
            case "Card":
                draw_card(entry.name)
            case "Notes":
                draw_notes(entry)
            case "Download":
                draw_downloads(entry)
            case "Hub":
                st.info("Models of your own can be pushed.") if entry.shipped else draw_hub(entry, config)
            case "Change":
                st.info("A shipped model is read-only.") if entry.shipped else draw_changes(entry)


def _draw_uses(name: str, config: ModelConfig) -> None:
    with st.container(horizontal=True, key="model-uses"):
        if config.part == "full" and config.kind is Kind.CLASSIFIER:
            draw_link("predict", "Predict with it", icon=GO, model=name)
        if config.part == "full" and config.kind is Kind.LM:
            draw_link("generate", "Generate with it", icon=GO, model=name)
        if config.part == "full":
            draw_link("evaluate", "Evaluate it", icon=GO, model=name)
        if config.kind is Kind.LM:
            draw_link("finetune_lm", "Fine-tune it further", icon=GO, parent=name)
        draw_link("finetune_classifier", "Train a classifier from it", icon=GO, parent=name)


def _draw_overview(entry: ModelEntry, config: ModelConfig, entries: Sequence[ModelEntry]) -> None:
    draw_lineage(entry, config, entries)
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader("How good it is", anchor=False)
        _draw_metrics(config)
        st.subheader("What it is", anchor=False)
        _draw_table(_nature(entry, config))
    with right:
        st.subheader("How it was made", anchor=False)
        _draw_table(_making(config))


def _draw_metrics(config: ModelConfig) -> None:
    """Each way of measuring once, with the numbers that were measured so."""
    by_way: dict[str, list[str]] = {}
    for name, metric in sorted(config.metrics.items(), key=lambda item: item[0] != TELLING[config.kind]):
        figure = f"<div><dt>{escape(name.replace('_', ' '))}</dt><dd>{metric.value:.4g}</dd></div>"
        by_way.setdefault(metric.how, []).append(figure)
    if not by_way:
        st.markdown(
            "Nothing was measured: an encoder gives vectors." if config.part == "encoder" else "No numbers yet."
        )
    for how, figures in by_way.items():
        st.html(f"<dl class='ulmfit-figures'>{''.join(figures)}</dl><p class='ulmfit-how'>{escape(how)}</p>")


def _nature(entry: ModelEntry, config: ModelConfig) -> dict[str, str]:
    shape, tokenizer = config.architecture, config.tokenizer
    bits = "16-bit" if config.dtype == "float16" else "32-bit"
    labels = {"Labels": ", ".join(config.labels)} if config.labels else {}
    reads = f"{config.seq_len} tokens at a time"
    reads += f"; pools over the last {config.max_len:,}" if config.kind is Kind.CLASSIFIER else ""
    return labels | {
        "Architecture": f"AWD_LSTM: {shape.n_layers} layers of {shape.n_hid:,} units, embeddings of {shape.emb_sz:,}",
        "Vocabulary": f"{config.vocab_size:,} words",
        "Size": f"{size_words(weight_bytes(config))} in memory; stored as {bits} numbers",
        "Reads": reads,
        "Tokenizer": f"spaCy {tokenizer.spacy_version} ({tokenizer.language}), {len(tokenizer.rules)} text rules",
        "Weights": f"SHA-256 {config.weights_sha256[:12]}…",
    }


def _making(config: ModelConfig) -> dict[str, str]:
    lineage, recipe = config.lineage, config.lineage.recipe
    drawn = f" of {lineage.available_texts:,}" if lineage.train_texts < lineage.available_texts else ""
    stages = {
        f"Stage {number}, {stage.name}": stage_words(stage, config.kind)
        for number, stage in enumerate(recipe.stages, 1)
    }
    changed = {"Changed in it": ", ".join(recipe.changed)} if recipe.changed else {}
    versions = ", ".join(f"{name} {version}" for name, version in sorted(lineage.versions.items()))
    return {
        "Dataset": f"{lineage.dataset}: {lineage.train_texts:,}{drawn} texts to train on, {lineage.valid_texts:,} to "
        "validate",
        "Started from": lineage.parent or "random weights",
        "Recipe": recipe.name,
        **changed,
        **stages,
        "Minibatches": f"{recipe.bs} of {recipe.seq_len} tokens; dropout factor {recipe.drop_mult:g}, weight decay "
        f"{recipe.wd:g}; weights kept: {recipe.keep}",
        "Ran": f"seed {lineage.seed}, on {lineage.device} in {lineage.precision}",
        "Versions": versions,
    }


def _draw_table(facts: Mapping[str, str]) -> None:
    rows = "".join(
        f"<tr><th scope='row'>{escape(name)}</th><td>{escape(says)}</td></tr>" for name, says in facts.items()
    )
    st.html(f"<table class='ulmfit-table'><tbody>{rows}</tbody></table>")
