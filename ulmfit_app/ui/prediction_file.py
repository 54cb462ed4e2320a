"""A file of texts on the Predict page: upload, look, choose the columns of the text; then at once, or as a run."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import streamlit as st

from ulmfit_app.data.ingest import Preview, preview
from ulmfit_app.data.tablefile import SUFFIXES, Rows, read_table
from ulmfit_app.registry import ModelEntry
from ulmfit_app.runs import requests
from ulmfit_app.runs.table import apart
from ulmfit_app.settings import settings
from ulmfit_app.ui.cache import predictor
from ulmfit_app.ui.errors import plain, told
from ulmfit_app.ui.prediction_table import PredictionTable, beside, draw_table

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile

    from ulmfit_app.inference.predictor import Predictor

AT_ONCE = 300  # rows that are predicted while the page waits
AT_ONCE_BYTES = 2_000_000  # a larger file becomes a run without being read here
LOOK, DONE = "prediction-preview", "predicted-file"  # keys of the session
PREVIEWED = 5
BATCH_TOKENS = 4096  # small batches: the bar moves
LONGEST_NAME = 100


def draw_file(entry: ModelEntry) -> None:
    """Draw the upload, its first rows, and what `entry` predicted for it; a long file opens its run instead."""
    upload = st.file_uploader(
        "CSV, TSV, JSON Lines or Parquet, a row for every text",
        type=[suffix.removeprefix(".") for suffix in SUFFIXES],
        max_upload_size=settings().max_file_mb,
        key="file",
    )
    with told():
        if upload is not None:
            _draw_choice(entry, upload)
    done: tuple[str, PredictionTable] | None = st.session_state.get(DONE)
    if done is not None:
        title, table = done
        st.header(plain(title), anchor=False)
        draw_table(table, "predictions.csv", "file")


def _draw_choice(entry: ModelEntry, upload: "UploadedFile") -> None:
    look = _look(upload)
    shown = [dict(zip(look.columns, row, strict=True)) for row in look.rows[:PREVIEWED]]
    st.caption(f"The first {len(shown)} rows")
    st.dataframe(shown, hide_index=True)
    chosen = st.multiselect(
        "Columns of the text", look.columns, look.read_as.text_columns, key=f"columns-{upload.file_id}"
    )
    st.caption(
        f"Up to {AT_ONCE} rows are predicted while you wait. More become a run: it goes on when this page is closed."
    )
    if not st.button("Predict the file", type="primary", disabled=not chosen):
        return
    with _on_disk(upload) as path:
        table = read_table(path, chosen, "") if upload.size <= AT_ONCE_BYTES else None
    if table is not None and len(table.rows) <= AT_ONCE:
        st.session_state[DONE] = (f"{upload.name}, by {entry.name}", _predicted(predictor(entry), table))
    else:
        st.query_params["run"] = requests.predict(entry.name, upload.getvalue(), upload.name, tuple(chosen))
        st.rerun()


def _predicted(model: "Predictor", table: Rows) -> PredictionTable:
    """Predict with a bar. Whatever the person does on the page meanwhile ends it: Streamlit starts the page anew."""
    limit = settings().max_text_chars
    texts = [table.chosen.text_of(row)[:limit] for row in table.rows]
    place = st.empty()
    with place.container(horizontal=True, vertical_alignment="center"):
        bar = st.progress(0.0, "Predicting")
        st.button("Cancel", icon=":material/close:")

    def tell(done: int, total: int) -> None:
        bar.progress(done / total, f"Predicting: {done:,} of {total:,} texts")

    said = iter(model.predict_many([text for text in texts if text.strip()], tell, BATCH_TOKENS))
    answers = [next(said) if text.strip() else None for text in texts]
    place.empty()
    rows = beside(table.rows, answers, model.labels)
    ours = apart(["prediction", "probability", *(f"p_{label}" for label in model.labels)], table.columns)
    return PredictionTable((*table.columns, *ours), model.labels, lambda: iter(rows))


def _look(upload: "UploadedFile") -> Preview:
    """The first rows of the file, read once for as long as it is here."""
    kept: tuple[str, Preview] | None = st.session_state.get(LOOK)
    if kept is None or kept[0] != upload.file_id:
        with _on_disk(upload) as path:
            kept = st.session_state[LOOK] = (upload.file_id, preview(path))
    return kept[1]


@contextmanager
def _on_disk(upload: "UploadedFile") -> Iterator[Path]:
    """The file under its own name, for as long as the block takes."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / Path(upload.name).name[-LONGEST_NAME:]
        path.write_bytes(upload.getbuffer())
        yield path
