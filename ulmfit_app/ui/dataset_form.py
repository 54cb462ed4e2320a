"""Adding a dataset: give texts, say what the columns mean, check every row, read the report, then store.

Nothing is stored before the report has been seen. What was checked is kept for the session until something else is.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from html import escape
from time import monotonic

import streamlit as st

from ulmfit_app import access, limits, quota
from ulmfit_app.data import ingest, sources
from ulmfit_app.data.archive import is_archive
from ulmfit_app.data.ingest import Preview
from ulmfit_app.data.progress import Progress
from ulmfit_app.data.table import Table
from ulmfit_app.runs.expiry import KEPT_HOURS
from ulmfit_app.schema import MAX_NAME
from ulmfit_app.settings import settings
from ulmfit_app.ui.dataset_input import GivenFile, digest, given_path, given_text, given_upload
from ulmfit_app.ui.dataset_report import draw_report
from ulmfit_app.ui.errors import plain, told
from ulmfit_app.ui.hub_dataset import forget_fetched, given_repository
from ulmfit_app.ui.visitor import is_unknown

WAYS = {"upload": "Upload a file", "path": "Path on this machine", "paste": "Paste texts", "hub": "From the Hub"}
GIVEN = {"upload": given_upload, "path": given_path, "hub": given_repository}
LOOKED, CHECKED, ADDED = "looked-at", "checked-texts", "added-dataset"
ROWS, CELL = 5, 160  # rows of the preview, characters of a cell
EVERY = 0.2  # seconds between two changes of the bar


@dataclass(frozen=True, slots=True)
class Choice:
    """What would be read: `identity` stands for the texts and how they are read, `source` for where they are from."""

    identity: str
    source: str
    check: Callable[[Progress], Table]


def draw_form() -> None:
    """Draw the form, as far as it has been filled in."""
    st.header("Add a dataset", anchor=False)
    _draw_limits()
    ways = [way for way in WAYS if way != "path" or access.current() == access.LOCAL]  # the disk is no visitor's
    way = st.segmented_control(
        "Where the texts are", ways, format_func=WAYS.__getitem__, default="upload", required=True,
        key="from",
    )  # fmt: skip
    with told():
        choice = _pasted() if way == "paste" else _file(GIVEN[way]())
        if choice is not None:
            _draw_check(choice)


def _draw_limits() -> None:
    """Tell a visitor what this server takes, and for how long it keeps it."""
    if not limits.are_set():
        return
    most, words = settings(), ""
    if access.is_anonymous(access.current()):
        words = f"Everything you make here is removed {KEPT_HOURS} hours after its last change."
    if is_unknown():
        words += " Your browser takes no cookie from this server: what you make is lost with this tab."
    st.caption(
        f"For visitors of this server: a file has at most {most.max_file_mb:,} MB, a dataset at most "
        f"{most.max_texts:,} texts, and you can keep {most.visitor_mb:,} MB in all. {words}"
    )


def draw_added(name: str) -> None:
    """Once after a dataset was added: say so."""
    if st.session_state.pop(ADDED, None) == name:
        st.success(f"The dataset {plain(name)} is stored. Its report stays with it.", icon=":material/check_circle:")


def _pasted() -> Choice | None:
    pasted, paragraphs = given_text()
    if not pasted.strip():
        return None
    check = partial(_check_pasted, pasted, paragraphs)
    return Choice(digest(pasted, paragraphs), ingest.PASTED, check)


def _check_pasted(pasted: str, paragraphs: bool, told_to: Progress) -> Table:
    return ingest.check_pasted(pasted, paragraphs=paragraphs)


def _file(given: GivenFile | None) -> Choice | None:
    """What is chosen of the file or folder; None while there is none, or not enough is known."""
    if given is None:
        return None
    first = _first_look(given)
    if first is None:
        words = "Name of the validation folder (empty: valid or test, if there is one)"
        valid = st.text_input(words, key="valid-folder").strip() or None
        return Choice(digest(given.identity, valid), given.name, partial(_check_file, given, None, None, valid))
    texts, label = _column_choice(digest(given.identity), first)
    if not texts:
        st.warning("Choose the column that holds the texts.")
        return None
    return Choice(digest(given.identity, texts, label), given.name, partial(_check_file, given, texts, label, None))


def _check_file(
    given: GivenFile, texts: list[str] | None, label: str | None, valid: str | None, told_to: Progress
) -> Table:
    with given.on_disk() as paths:
        return ingest.check(paths, text_columns=texts, label_column=label, valid=valid, on_progress=told_to)


def _first_look(given: GivenFile) -> Preview | None:
    """The first rows of a table file, looked at once; None for a folder or an archive."""
    identity, looked = st.session_state.get(LOOKED, (None, None))
    if identity != given.identity:
        with limits.one_at_a_time(), given.on_disk() as (path, *_):
            looked = None if path.is_dir() or is_archive(path) else ingest.preview(path)
        st.session_state[LOOKED] = (given.identity, looked)
    return looked


def _column_choice(key: str, first: Preview) -> tuple[list[str], str]:
    """The text columns and the label column ("": none), as guessed until the person says something else."""
    left, right = st.columns(2)
    read_as = first.read_as
    texts = left.multiselect(
        "Text columns", first.columns, read_as.text_columns, key=f"texts-{key}",
        help="Several become one text; each part is marked with xxfld and its number, as fastai does.",
    )  # fmt: skip
    labels = ["", *(column for column in first.columns if column not in texts)]
    guess = labels.index(read_as.label_column) if read_as.label_column in labels else 0
    label = right.selectbox(
        "Label column", labels, guess, format_func=lambda name: name or "none: texts for a language model",
        key=f"label-{key}",
    )  # fmt: skip
    _draw_rows(first)
    return texts, label


def _draw_rows(first: Preview) -> None:
    head = "".join(f"<th scope='col'>{escape(name)}</th>" for name in first.columns)
    rows = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in first.rows[:ROWS])
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    st.html(f"<div class='ulmfit-preview' role='region' aria-label='First rows' tabindex='0'>{table}</div>")


def _cell(field: str) -> str:
    return f"<td>{escape(field if len(field) <= CELL else f'{field[:CELL]} …')}</td>"


def _draw_check(choice: Choice) -> None:
    """The button that checks, or what it found."""
    identity, table = st.session_state.get(CHECKED, (None, None))
    if identity == choice.identity and table is not None:
        _draw_checked(choice, table)
    elif st.button("Check the texts", type="primary", icon=":material/fact_check:"):
        quota.refuse_full()  # what is checked lies on the disk until it is added or given up
        with st.container(horizontal=True, vertical_alignment="center"):
            bar = st.progress(0.0, text="Reading")
            st.button("Cancel", help="Ends the reading; nothing has been stored.")  # any rerun ends this one
        with limits.one_at_a_time():
            st.session_state[CHECKED] = (choice.identity, choice.check(_moving(bar)))
        st.rerun()


def _moving(bar: st.delta_generator.DeltaGenerator) -> Progress:
    """What moves `bar`, a few times a second at most."""
    last = 0.0

    def move(done: int, total: int) -> None:
        nonlocal last
        if monotonic() - last >= EVERY:
            last = monotonic()
            bar.progress(min(1.0, done / max(1, total)), text=f"Reading: {done / max(1, total):.0%}")

    return move


def _draw_checked(choice: Choice, table: Table) -> None:
    labels = {label for label in table.labels if label is not None}
    unlabelled = table.labels.count(None)
    figures = {"texts": len(table.texts), "with a label": len(table.texts) - unlabelled, "without": unlabelled,
               "labels": len(labels)}  # fmt: skip
    items = "".join(f"<div><dt>{name}</dt><dd>{n:,}</dd></div>" for name, n in figures.items())
    st.subheader("What was found", anchor=False)
    st.html(f"<dl class='ulmfit-figures'>{items}</dl>")
    draw_report(table.findings, table.read_as)
    if table.fatal:
        st.error("No dataset can be made of these data as they are. Correct them, or choose other columns.")
        return
    with st.form("store", border=False):
        name = st.text_input("Name of the dataset", _free_name(choice.source), max_chars=MAX_NAME, key="dataset-name")
        split = table.split or "a fifth of each label, drawn; it can be split again later" if labels else "none"
        st.caption(f"Validation split: {plain(split)}.")
        pressed = st.form_submit_button("Add the dataset", type="primary", icon=":material/add:")
    if pressed:
        with st.spinner("Storing"), limits.one_at_a_time():
            sources.store(name.strip(), table, source=choice.source)
        forget_fetched()
        del st.session_state[CHECKED]
        st.session_state[ADDED] = st.query_params["dataset"] = name.strip()
        st.rerun()


def _free_name(file: str) -> str:
    """A name like the file's that no dataset has."""
    base = re.sub(r"[^a-z0-9]+", "-", file.rpartition(".")[0].lower() or file.lower()).strip("-")[: MAX_NAME - 4]
    taken = sources.names()
    names = (base or "texts", *(f"{base or 'texts'}-{number}" for number in range(2, 100)))
    return next((name for name in names if name not in taken), "")
