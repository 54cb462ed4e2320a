"""Texts of a dataset: a sample, or those that contain given words, with every match marked; and repeated texts."""

from collections.abc import Sequence
from html import escape

import streamlit as st

from ulmfit_app import limits
from ulmfit_app.data.dataset import Dataset
from ulmfit_app.data.statistics import Hit, Repeat, search
from ulmfit_app.schema import Split

SHOWN = 10
MOST = 200  # characters of a search
REPEATS = 20
REPEAT_CHARS = 160
SAMPLE = "sample"  # in the URL: the number of the sample


def draw_texts(dataset: Dataset) -> None:
    """Draw the search and what it finds."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        words = st.text_input("Words that the text contains", max_chars=MOST, key="words", bind="query-params")
        label = _label_choice(dataset)
        split = st.selectbox(
            "Split", list(Split), index=None, placeholder="all", key="split", bind="query-params", width=160
        )
    wanted = words.split()
    asked = st.query_params.get(SAMPLE, "")
    seed = int(asked) if asked.isdecimal() and len(asked) < 10 else 0
    with limits.one_at_a_time():
        total, hits = search(dataset, wanted, label=label, split=split, limit=SHOWN, seed=seed)
    if not total:
        st.info("No text fits. Use fewer or shorter words, or look among all labels and splits.")
        return
    what = f"contain all of: {', '.join(wanted)}" if wanted else "to choose from; a sample is shown"
    first = f", the first {len(hits)} are shown" if wanted and len(hits) < total else ""
    st.html(f"<p class='ulmfit-facts'>{total:,} texts {escape(what)}{first}</p>")
    if not wanted and total > len(hits) and st.button("Another sample", icon=":material/casino:"):
        st.query_params[SAMPLE] = str(seed + 1)
        st.rerun()
    st.html(f"<ol class='ulmfit-texts-shown'>{''.join(map(_item, hits))}</ol>")


def draw_repeats(repeats: Sequence[Repeat]) -> None:
    """Draw the texts that occur more than once, and where that does harm."""
    copies = sum(len(repeat.rows) - 1 for repeat in repeats)
    torn = sum({Split.TRAIN, Split.VALID} <= set(repeat.splits) for repeat in repeats)
    unsure = sum(len(set(repeat.labels) - {""}) > 1 for repeat in repeats)
    if not repeats:
        st.html("<p class='ulmfit-facts'>No text occurs twice.</p>")
        return
    words = (
        f"{len(repeats):,} texts occur more than once ({copies:,} copies beyond the first): "
        f"{torn:,} of them in training and validation, {unsure:,} with different labels."
    )
    st.html(f"<p class='ulmfit-facts'>{words}</p>")
    rows = "".join(map(_repeat, repeats[:REPEATS]))
    head = "".join(f"<th scope='col'>{name}</th>" for name in ("times", "text", "labels", "splits"))
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    st.html(f"<div class='ulmfit-preview' role='region' aria-label='Repeated texts' tabindex='0'>{table}</div>")


def _label_choice(dataset: Dataset) -> str | None:
    """The label that texts must have; "" for none, None for any."""
    labels = [*dataset.info.labels, *([""] if (dataset.label_ids < 0).any() else [])]
    return st.selectbox(
        "Label", labels, index=None, placeholder="all", format_func=lambda label: label or "no label", key="label",
        bind="query-params", width=160,
    )  # fmt: skip


def _item(hit: Hit) -> str:
    facts = f"{hit.split}, text {hit.row + 1:,}, {hit.length:,} characters"
    label = f"<strong>{escape(hit.label)}</strong> " if hit.label else ""
    return f"<li><p class='ulmfit-category'>{label}{facts}</p><p class='ulmfit-excerpt'>{_marked(hit)}</p></li>"


def _marked(hit: Hit) -> str:
    pieces, at = [], 0
    for start, end in hit.marks:
        pieces += [escape(hit.excerpt[at:start]), f"<mark>{escape(hit.excerpt[start:end])}</mark>"]
        at = end
    before, after = ("… " if hit.cut[0] else ""), (" …" if hit.cut[1] else "")
    return f"{before}{''.join(pieces)}{escape(hit.excerpt[at:])}{after}"


def _repeat(repeat: Repeat) -> str:
    text = repeat.text if len(repeat.text) <= REPEAT_CHARS else f"{repeat.text[:REPEAT_CHARS]} …"
    labels = ", ".join(label or "none" for label in repeat.labels)
    cells = (f"{len(repeat.rows):,}", text, labels, ", ".join(repeat.splits))
    return f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>"
