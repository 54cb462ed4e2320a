"""The Evaluate page: empty, from form to run, finished evaluations of both kinds, bad links and files, two sessions."""

import os
import re
from collections import Counter
from collections.abc import Sequence
from html import unescape
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.fixtures import tiny_classifier, tiny_lm
from tests.unit.runs.test_worker_jobs import ROWS, on_file
from ulmfit_app import load_model
from ulmfit_app.runs import launcher, worker
from ulmfit_app.runs.folder import RunFolder, all_runs, find
from ulmfit_app.runs.models import result_folder
from ulmfit_app.schema import ClassifierReport, RunKind, Split
from ulmfit_app.settings import CHECKOUT
from ulmfit_app.ui import evaluation_classifier
from ulmfit_app.ui.evaluation_classifier import cells, chosen_cell

PAGE = CHECKOUT / "pages" / "evaluate.py"
CSV = b"text,label\na great film,pos\nthe worst,neg\n"


@pytest.fixture(autouse=True)
def nothing_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launcher, "start", lambda folder: os.getpid())


@pytest.fixture
def models(no_shipped_models: None) -> None:
    result_folder("x").parent.mkdir(parents=True, exist_ok=True)
    tiny_classifier(result_folder("my-classifier"))
    tiny_lm(result_folder("my-lm"))


def opened(**query: str) -> AppTest:
    """A new session on the page, run once."""
    app = AppTest.from_file(PAGE, default_timeout=60)
    for key, value in query.items():
        app.query_params[key] = value
    return app.run()


def text(app: AppTest) -> str:
    """All that is written on the page."""
    kinds = (app.markdown, app.caption, app.info, app.error, app.success, app.header, app.subheader)
    return "\n".join([*(element.value for kind in kinds for element in kind), *(element.body for element in app.html)])


def evaluated(model: str, rows: Sequence[Sequence[str]] = ROWS) -> RunFolder:
    """A finished evaluation."""
    folder = on_file(RunKind.EVALUATE, model, rows)
    worker.work(folder, worker.JOBS)
    return folder


@pytest.mark.usefixtures("no_shipped_models")
def test_without_models_it_says_what_to_do() -> None:
    app = opened()
    assert not app.exception
    assert "There is no model yet" in app.info[0].value
    assert not app.button


@pytest.mark.usefixtures("models")
def test_the_form_is_filled_from_the_link_and_starts_a_run() -> None:
    app = opened(model="my-lm", dataset="rotten-tomatoes")
    assert not app.exception
    assert app.selectbox(key="model").value == "my-lm"
    next(button for button in app.button if button.label == "Evaluate").click().run()
    assert not app.exception
    run_id = app.query_params["run"]
    spec = find(run_id).spec()
    assert (spec.kind, spec.model, spec.dataset, spec.split) == (
        RunKind.EVALUATE, "my-lm", "rotten-tomatoes", Split.VALID,
    )  # fmt: skip
    assert app.header[0].value == "my-lm"  # the live panel of the run


@pytest.mark.usefixtures("models")
def test_a_file_needs_its_columns_before_it_is_measured() -> None:
    app = opened(model="my-classifier", source="File")
    assert "Upload a file" in text(app)
    app.file_uploader[0].upload("reviews.csv", CSV, "text/csv").run()
    assert not app.exception
    button = next(button for button in app.button if button.label == "Evaluate")
    assert app.multiselect[0].value == ["text"]
    app.multiselect[0].set_value([]).run()
    assert next(button for button in app.button if button.label == "Evaluate").disabled
    app.multiselect[0].set_value(["text"]).run()
    button = next(button for button in app.button if button.label == "Evaluate")
    button.click().run()
    spec = find(app.query_params["run"]).spec()
    assert (spec.input, spec.text_columns, spec.label_column) == ("input-reviews.csv", ("text",), "label")


@pytest.mark.usefixtures("models")
def test_a_file_that_is_no_table_is_told_and_nothing_starts() -> None:
    app = opened(model="my-classifier", source="File")
    app.file_uploader[0].upload("reviews.csv", b"\x00\x01\x02" * 400, "text/csv").run()
    assert not app.exception
    assert app.error
    assert all_runs() == []


@pytest.mark.usefixtures("models")
def test_a_finished_evaluation_of_a_classifier_is_restored_by_its_link() -> None:
    folder = evaluated("my-classifier")
    app = opened(run=folder.id)
    assert not app.exception
    result = folder.result()
    assert result is not None
    assert isinstance(result.report, ClassifierReport)
    page = text(app)
    assert f"{result.report.accuracy:.1%}" in page
    assert f"{result.report.low:.1%} to {result.report.high:.1%}" in page
    assert "Always answering “pos” would be right on 66.7%" in page
    assert "1 of 6 texts were left out: they have no label" in page
    assert "with a new line" in page  # a text of the table


def tables(app: AppTest, head: str) -> list[list[list[str]]]:
    """The cells of every table whose heading begins with the cell `head`, without their tags."""
    found = [element.body for element in app.html if f"<thead><tr><th scope='col'>{head}</th>" in element.body]
    rows = [re.findall(r"<tr>(.*?)</tr>", body.partition("<tbody>")[2], re.DOTALL) for body in found]
    cells = r"<t[dh][^>]*>(.*?)</t[dh]>"
    return [[[re.sub("<[^>]+>", "", cell) for cell in re.findall(cells, row, re.DOTALL)] for row in table]
            for table in rows]  # fmt: skip


@pytest.mark.usefixtures("models")
def test_rows_11_and_31_the_tables_say_what_the_predictor_says() -> None:
    texts = [("good film", "pos"), ("a bad one", "neg"), ("awful & dull", "neg"), ("the worst movie", "pos")]
    folder = evaluated("my-classifier", texts)
    app = opened(run=folder.id)
    predictor = load_model("my-classifier")
    said = {text: predictor.predict(text) for text, _ in texts}
    _, losses, results = tables(app, "text")
    expected = [[text, true, said[text].label, f"{said[text].probabilities[true]:.1%}"] for text, true in texts]
    assert [[unescape(row[0]), *row[1:4]] for row in results] == expected  # show_results: text, category, prediction
    surest = sorted(texts, key=lambda pair: said[pair[0]].probabilities[pair[1]])
    assert [unescape(row[0]) for row in losses] == [text for text, _ in surest]  # top losses, p(true) beside
    report = folder.result().report  # type: ignore[union-attr]
    assert isinstance(report, ClassifierReport)
    (scores,) = tables(app, "label")
    assert [row[0] for row in scores] == ["neg", "pos"]
    assert [row[1:4] for row in scores] == [
        [f"{x:.3f}" for x in (s.precision, s.recall, s.f1)] for s in report.per_class
    ]
    (confused,) = tables(app, "true")
    mistakes = Counter((true, said[text].label) for text, true in texts if said[text].label != true)
    assert {(row[0], row[1]): int(row[2]) for row in confused} == mistakes


@pytest.mark.usefixtures("models")
def test_a_cell_lists_its_texts() -> None:
    folder = evaluated(
        "my-classifier", [("good film", "pos"), ("a bad one", "neg"), ("<b>bold</b> & awful", "neg")] * 3
    )
    report = folder.result().report  # type: ignore[union-attr]
    assert isinstance(report, ClassifierReport)
    app = opened(run=folder.id)
    pick = app.selectbox(key=f"cell-{folder.id}")
    assert [sum(map(sum, report.confusion)), len(pick.options)] == [9, len(cells(report))]
    for number, (true, said) in enumerate(cells(report)):
        pick.select_index(number).run()
        assert not app.exception
        listed = next(element.body for element in app.html if "ulmfit-judged" in element.body)
        assert listed.count("<tr><td>") == report.confusion[true][said]
        assert "<b>bold" not in listed
        pick = app.selectbox(key=f"cell-{folder.id}")


@pytest.mark.usefixtures("models")
def test_a_matrix_of_too_many_labels_is_left_to_the_list(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = evaluated("my-classifier")
    assert len(opened(run=folder.id).get("plotly_chart")) == 1
    monkeypatch.setattr(evaluation_classifier, "DRAWN", 1)
    app = opened(run=folder.id)
    assert not app.exception and not app.get("plotly_chart")
    assert app.selectbox(key=f"cell-{folder.id}").options and "The list has every cell" in text(app)


def test_a_cell_chosen_in_the_matrix_is_row_and_column() -> None:
    assert chosen_cell({"selection": {"points": [{"x": 1, "y": 0}]}}) == (0, 1)
    assert chosen_cell({"selection": {"points": []}}) is None


@pytest.mark.usefixtures("models")
def test_a_finished_evaluation_of_a_language_model_explains_its_figures() -> None:
    folder = evaluated("my-lm")
    app = opened(run=folder.id)
    assert not app.exception
    page = text(app)
    for name in ("perplexity", "next-token accuracy", "bits per character", "unknown tokens"):
        assert f"<th scope='row'>{name}</th>" in page


@pytest.mark.usefixtures("models")
def test_a_failed_evaluation_says_why() -> None:
    folder = evaluated("my-classifier", [("a film", "good"), ("a movie", "bad")])
    app = opened(run=folder.id)
    assert not app.exception
    assert "The model knows the labels neg, pos" in app.error[0].value


@pytest.mark.usefixtures("models")
def test_bad_links_are_told() -> None:
    training = on_file(RunKind.PREDICT, "my-classifier")
    for run_id, words in (("../../etc", "There is no run"), (training.id, "is no evaluation")):
        app = opened(run=run_id)
        assert not app.exception
        assert words in app.error[0].value
    assert opened(model="nonsense", dataset="nonsense").selectbox(key="model").value == "my-classifier"


@pytest.mark.usefixtures("models")
def test_two_sessions_look_at_different_evaluations(tmp_path: Path) -> None:
    mine, yours = opened(run=evaluated("my-classifier").id), opened(run=evaluated("my-lm").id)
    assert (mine.header[0].value, yours.header[0].value) == ("my-classifier", "my-lm")
    assert "macro-F1" in text(mine)
    assert "macro-F1" not in text(yours)
