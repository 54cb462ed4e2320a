"""A file of texts on the Predict page: upload, look, choose the columns of the text; then at once, or as a run."""

from typing import TYPE_CHECKING

import streamlit as st

from ulmfit_app import limits
from ulmfit_app.data.tablefile import Rows, read_table
from ulmfit_app.registry import ModelEntry
from ulmfit_app.runs import requests
from ulmfit_app.runs.predictions import header, row_of
from ulmfit_app.schema import RunKind
from ulmfit_app.settings import settings
from ulmfit_app.ui.cache import predictor
from ulmfit_app.ui.errors import plain, told
from ulmfit_app.ui.prediction_table import PredictionTable, draw_table
from ulmfit_app.ui.uploads import draw_look, look, on_disk, pick_file

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile

    from ulmfit_app.inference.predictor import Predictor

AT_ONCE = 300  # rows that are predicted while the page waits
AT_ONCE_BYTES = 2_000_000  # a larger file becomes a run without being read here
DONE = "predicted-file"  # key of the session
BATCH_TOKENS = 4096  # small batches: the bar moves


def draw_file(entry: ModelEntry) -> None:
    """Draw the upload, its first rows, and what `entry` predicted for it; a long file opens its run instead."""
    upload = pick_file("CSV, TSV, JSON Lines or Parquet, a row for every text", key="file")
    with told():
        if upload is not None:
            _draw_choice(entry, upload)
    done: tuple[str, PredictionTable] | None = st.session_state.get(DONE)
    if done is not None:
        title, table = done
        st.header(plain(title), anchor=False)
        draw_table(table, "predictions.csv", "file")


def _draw_choice(entry: ModelEntry, upload: "UploadedFile") -> None:
    seen = look(upload)
    draw_look(seen)
    chosen = st.multiselect(
        "Columns of the text", seen.columns, seen.read_as.text_columns, key=f"columns-{upload.file_id}"
    )
    st.caption(
        f"Up to {AT_ONCE} rows are predicted while you wait. More become a run: it goes on when this page is closed."
        f"{limits.time_words(RunKind.PREDICT)}"
    )
    if not st.button("Predict the file", type="primary", disabled=not chosen):
        return
    with limits.one_at_a_time():
        table = _short(upload, chosen)
        if table is not None:
            st.session_state[DONE] = (f"{upload.name}, by {entry.name}", _predicted(predictor(entry), table))
            return
    st.query_params["run"] = requests.predict(entry.name, upload.getvalue(), upload.name, tuple(chosen))
    st.rerun()


def _short(upload: "UploadedFile", chosen: list[str]) -> Rows | None:
    """The table if it is short enough to be waited for."""
    if upload.size > AT_ONCE_BYTES:
        return None
    with on_disk(upload) as path:
        table = read_table(path, chosen, "")
    return table if len(table.rows) <= AT_ONCE else None


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
    pairs = zip(table.rows, answers, strict=True)
    rows = [list(map(str, row_of(fields, said, model.labels))) for fields, said in pairs]
    return PredictionTable(tuple(header(table.columns, model.labels)), model.labels, lambda: iter(rows))
