"""Minibatches drawn: which one of an epoch, texts with their category, padding, input and target of a language model.

What is in them comes from `data.show_batch`.
"""

import secrets
from html import escape

import streamlit as st

from ulmfit_app.data.exploration import Exploration
from ulmfit_app.data.show_batch import (
    BS,
    SEQ_LEN,
    SHOWN,
    ClassifierBatch,
    LmBatch,
    classifier_count,
    lm_count,
    show_classifier_batch,
    show_lm_batch,
)
from ulmfit_app.data.splits import SEED
from ulmfit_app.schema import DatasetInfo
from ulmfit_app.ui.tokens import chip, chips, draw_legend

SEEDS = 10_000  # seeds of the button; any other can be typed
NOTEBOOK = """\
DataBlock(
  blocks=(
    TextBlock.from_folder(path),
    CategoryBlock,
  ),
  get_items=get_text_files,
  get_y=parent_label,
  splitter=GrandparentSplitter(
    valid_name="test",
  ),
).dataloaders(path)"""


def draw_classifier_view(explored: Exploration) -> None:
    """Draw a classification minibatch, how it is padded, and how it was made."""
    chosen = _pick(classifier_count(explored))
    with st.spinner("Counting words"):  # at the first question; it appears after half a second only
        batch = show_classifier_batch(explored, *chosen)
    texts, about = st.columns([13, 7], gap="large")
    with texts:
        _draw_texts(batch)
    with about:
        _draw_shape(batch)
        _draw_parts(explored)
        st.header("Tokens", anchor=False)
        draw_legend()


def draw_lm_view(explored: Exploration) -> None:
    """Draw a language-model minibatch, its input and target, and where its texts come from."""
    chosen = _pick(lm_count(explored))
    with st.spinner("Counting words"):  # as above
        batch = show_lm_batch(explored, *chosen)
    rows, about = st.columns([13, 7], gap="large")
    with rows:
        _draw_pairs(batch)
    with about:
        _draw_checks(batch)
        _draw_lm_texts(explored)
        st.header("Tokens", anchor=False)
        draw_legend()


def _pick(count: int) -> tuple[int, int]:
    """Let the person choose a minibatch of the epoch's `count` and its seed; both in the URL. Index from 0, seed."""
    if int(st.session_state.get("minibatch", 1)) > count:  # the one before was of a larger dataset
        st.session_state["minibatch"] = count
    with st.container(horizontal=True, vertical_alignment="bottom"):
        number = st.number_input(
            f"Minibatch, 1 to {count:,}", 1, count, key="minibatch", bind="query-params", width=170
        )
        st.button("Previous", icon=":material/chevron_left:", on_click=_go, args=(number - 1,), disabled=number == 1)
        st.button("Next", icon=":material/chevron_right:", on_click=_go, args=(number + 1,), disabled=number == count)
        seed = st.number_input(
            "Seed of the order", 0, 2**32 - 1, SEED, key="order_seed", bind="query-params", width=170,
            help="Every epoch of a training has its own order; the same seed gives the same order again.",
        )  # fmt: skip
        st.button("Random", icon=":material/shuffle:", on_click=_go_anywhere, args=(count,))
    return int(number) - 1, int(seed)


def _go(number: int) -> None:
    st.session_state["minibatch"] = number


def _go_anywhere(count: int) -> None:
    st.session_state["minibatch"], st.session_state["order_seed"] = (
        1 + secrets.randbelow(count),
        secrets.randbelow(SEEDS),
    )


def _draw_texts(batch: ClassifierBatch) -> None:
    """The first texts as `show_batch` cuts them, each with its category."""
    items = []
    for tokens, category in batch.rows:
        rest = len(tokens) - SHOWN
        more = f" <span class='ulmfit-more'>… {rest:,} more</span>" if rest > 0 else ""
        about = f"<strong>{escape(category)}</strong> <span>{len(tokens):,} tokens</span>"
        items.append(
            f"<li><p class='ulmfit-category'>{about}</p><p class='ulmfit-tokens'>{chips(tokens[:SHOWN])}{more}</p></li>"
        )
    st.header(f"The first {len(batch.rows)} of {batch.shape[0]} texts", anchor=False)
    st.html(f"<ol class='ulmfit-texts-shown'>{''.join(items)}</ol>")


def _draw_shape(batch: ClassifierBatch) -> None:
    """The whole minibatch as a picture: a line for each text, padding hatched."""
    texts, tokens = batch.shape
    lines = "".join(
        f"<div style='margin-inline:{before / tokens:.2%} {after / tokens:.2%}'></div>"
        for before, after in batch.padding.tolist()
    )
    words = f"{texts} texts of {tokens:,} tokens, {batch.padded:.1%} of them padding"
    st.header("Shape", anchor=False)
    st.html(f"<div class='ulmfit-padding' role='img' aria-label='{words}'>{lines}</div>")
    st.markdown(
        f"**{texts} × {tokens:,}** tokens, **{batch.padded:.1%}** of them padding (hatched). Texts of similar length "
        f"come together; the longest text of all is in the first minibatch. Padding stands in front in whole chunks of "
        f"{SEQ_LEN} tokens, which cost the model nothing, and the rest behind."
    )


def _draw_parts(explored: Exploration) -> None:
    """fastai's `DataBlock` for this dataset."""
    info = explored.dataset.info
    parts = {
        "TextBlock": f"texts to tokens to ids, {len(explored.vocab):,} words in the vocabulary of the texts shown",
        "CategoryBlock": f"labels to ids: {_labels(info)}",
        "get_items": f"{info.counts.train + info.counts.valid:,} labelled texts of {info.source}",
        "get_y": "the label that was read with each text: its folder's name, or its column",
        "splitter": f"{info.counts.train:,} to train, {info.counts.valid:,} to validate: {info.split}",
    }
    rows = "".join(f"<div><dt><code>{name}</code></dt><dd>{escape(words)}</dd></div>" for name, words in parts.items())
    st.header("The five parts of its DataBlock", anchor=False)
    st.html(f"<dl class='ulmfit-legend'>{rows}</dl>")
    st.markdown(f"Then `.dataloaders(bs={BS}, seq_len={SEQ_LEN})` sorts, pads and shuffles.")
    with st.popover("As the notebook writes it", icon=":material/code:"):
        st.markdown("For a folder of class folders, whose validation folder is called `test`:")
        st.code(NOTEBOOK, language="python", wrap_lines=True)


def _labels(info: DatasetInfo) -> str:
    return ", ".join(f"{number} = {label}" for number, label in enumerate(info.labels))


def _draw_pairs(batch: LmBatch) -> None:
    """Every input token over its target, for the first rows."""
    streams, tokens = batch.shape
    items = []
    for (text, target), start in zip(batch.rows, batch.positions, strict=True):
        pairs = "".join(f"<li>{chip(x)}{chip(y)}</li>" for x, y in zip(text, target, strict=True))
        about = f"tokens {start:,} to {start + tokens - 1:,} of the stream"
        items.append(f"<li><p class='ulmfit-category'>{about}</p><ol class='ulmfit-pairs'>{pairs}</ol></li>")
    st.header(f"The first {len(batch.rows)} of {streams} rows: input above, target below", anchor=False)
    st.html(f"<ol class='ulmfit-texts-shown'>{''.join(items)}</ol>")


def _draw_checks(batch: LmBatch) -> None:
    """What was found by comparing the arrays."""
    streams, tokens = batch.shape
    st.header("Checked in this minibatch", anchor=False)
    _draw_check(
        batch.shifted, "The target (`text_` in the notebook) is the input (`text`) shifted by one token, in all "
        f"{streams} rows of {tokens} tokens: the model sees the upper token and has to guess the lower one."
    )  # fmt: skip
    if batch.follows is None:
        st.markdown("This is the first minibatch: in the next one every row goes on where it stops here.")
    else:
        _draw_check(
            batch.follows, f"All {streams} rows go on where they stopped in the minibatch before: "
            "so the model's memory of what it has read stays of use."
        )  # fmt: skip


def _draw_check(found: bool, words: str) -> None:
    icon, told = (":material/check:", "Yes.") if found else (":material/close:", "No!")
    st.markdown(f"{icon} **{told}** {words}")


def _draw_lm_texts(explored: Exploration) -> None:
    """Which texts form the stream, in the dataset and in what is shown of it."""
    counts, (train, valid) = explored.dataset.info.counts, explored.lm_rows
    st.header("Its texts", anchor=False)
    st.markdown(
        f"Labels are not used: the **{counts.train:,}** training texts and the **{counts.unlabelled:,}** without label "
        "serve the language model. A random tenth of them validates it (`valid_pct=0.1`), because these texts are not "
        f"split otherwise. Here {len(train):,} texts train and {len(valid):,} validate.\n\n"
        f"The **{counts.valid:,}** validation texts are **not** among them, nor any text equal to one, so that the "
        "classifier is later measured on texts that no model has read. The notebook does read them; the recipe's "
        "option `count_validation` does as the notebook."
    )
    st.markdown(
        "All texts stand one after the other, in an order drawn anew for every epoch, as one stream. It is cut into "
        f"{BS} rows of equal length, and a minibatch is the next {SEQ_LEN} tokens of every row."
    )
