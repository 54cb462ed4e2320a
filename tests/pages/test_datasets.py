"""The Datasets page: the catalogue, adding in every way, bad input, one dataset opened, changes with undo, sessions."""

import io
import json
import re
import zipfile
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.fixtures import tiny_lm
from tests.unit.runs.making import make_run, queued_run, status
from ulmfit_app.data import builtin, sources
from ulmfit_app.schema import RunState, Split
from ulmfit_app.settings import CHECKOUT, settings

PAGE = CHECKOUT / "pages" / "datasets.py"
LINES = "".join(
    json.dumps({"review": f"A {word} <b>film</b> number {i}", "verdict": label}) + "\n"
    for i in range(20)
    for word, label in (("fine", "pos"), ("dull", "neg"))
)


def opened(**query: str) -> AppTest:
    """A new session on the page, run once."""
    app = AppTest.from_file(PAGE, default_timeout=60)
    for key, value in query.items():
        app.query_params[key] = value
    return app.run()


def opened_for(way: str) -> AppTest:
    """A new session in which texts come this way."""
    app = opened()
    return app.get("button_group")[0].set_value(way).run()


def _dataset(app: AppTest) -> str:
    """The dataset in the URL."""
    value = app.query_params["dataset"]
    return value if isinstance(value, str) else value[0]


def drawn(app: AppTest) -> str:
    """All HTML and all words on the page."""
    parts = [element.body for element in app.html]
    parts += [
        element.value
        for kind in ("markdown", "header", "info", "error", "success", "caption")
        for element in app.get(kind)
    ]
    return "\n".join(parts)


def button(app: AppTest, label: str) -> AppTest:
    """Press the button of that label."""
    (found,) = [element for element in app.button if element.label == label]
    return found.click().run()


@pytest.fixture
def mine(tmp_path: Path) -> str:
    """A dataset of one's own."""
    (tmp_path / "mine.jsonl").write_text(LINES + '{"review": "Only once", "verdict": null}\n{"review": ""}\n')
    sources.add("mine", [tmp_path / "mine.jsonl"])
    return "mine"


def test_an_empty_home_shows_the_catalogue_and_the_form() -> None:
    app = opened()
    assert not app.exception
    page = drawn(app)
    assert {element.label for element in app.button} >= {"imdb", "rotten-tomatoes", "imdb-full", "imdb-sample"}
    assert page.count("not downloaded yet") == 2 and page.count("read when it is opened") == 2
    assert app.file_uploader


@pytest.mark.parametrize("name", ["reviews.jsonl", "My Reviews (2).JSONL"])
def test_an_upload_is_checked_reported_and_only_then_stored(name: str) -> None:
    app = opened()
    app.file_uploader[0].set_value((name, (LINES + '{"review": ""}\nbroken\n').encode(), "text/plain")).run()
    assert not app.exception
    assert app.multiselect[0].value == ["review"]
    assert app.selectbox[0].value == "verdict"
    assert "A fine &lt;b&gt;film&lt;/b&gt; number 0" in drawn(app)
    button(app, "Check the texts")
    page = drawn(app)
    assert "left out</span> <strong>empty text" in page and "Row 41." in page and "Row 42." in page
    assert sources.names()[4:] == []
    button(app, "Add the dataset")
    (stored,) = sources.names()[4:]
    assert not app.exception
    assert _dataset(app) == stored
    assert "is stored" in app.success[0].value
    assert sources.entry(stored).info.labels == ("neg", "pos")


def test_other_columns_are_checked_anew() -> None:
    app = opened()
    app.file_uploader[0].set_value(("a.jsonl", LINES.encode(), "text/plain")).run()
    button(app, "Check the texts")
    app.selectbox[0].select("").run()
    assert not [element for element in app.button if element.label == "Add the dataset"]
    button(app, "Check the texts")
    button(app, "Add the dataset")
    assert sources.entry("a").info.labels == ()


def test_a_zip_of_class_folders_needs_no_columns() -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for part in ("train/pos", "train/neg", "test/pos", "test/neg", "unsup"):
            for i in range(12):
                archive.writestr(f"set/{part}/{i}.txt", f"text {i} of {part}")
    app = opened()
    app.file_uploader[0].set_value(("set.zip", data.getvalue(), "application/zip")).run()
    button(app, "Check the texts")
    button(app, "Add the dataset")
    assert not app.exception
    page = drawn(app)
    assert "<span>train/</span><span>24</span>" in page and "<span>neg/</span><span>12</span>" in page
    assert "as the folders train and test say" in page


def test_a_path_and_pasted_texts(tmp_path: Path) -> None:
    (tmp_path / "on disk.jsonl").write_text(LINES)
    app = opened_for("path")
    app.text_input(key="path").set_value(str(tmp_path / "on disk.jsonl")).run()
    button(app, "Check the texts")
    button(app, "Add the dataset")
    app = opened_for("paste")
    app.text_area(key="pasted").set_value("One text.\nAnother text.\n\nA third.").run()
    button(app, "Check the texts")
    button(app, "Add the dataset")
    assert not app.exception
    assert sources.names()[4:] == ["on-disk", "pasted-texts"]
    assert sources.entry("pasted-texts").info.counts.unlabelled == 3


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.csv", b"\x00\x01\x02\x03" * 50, "binary data"),
        ("a.json", b'[{"text": "a"}]', "one JSON list"),
        ("a.parquet", b"PAR1 torn", "damaged Parquet"),
        ("a.csv", b"", "no header and no texts"),
    ],
)
def test_a_bad_file_is_told_and_the_form_stays(name: str, content: bytes, words: str) -> None:
    app = opened()
    app.file_uploader[0].set_value((name, content, "text/plain")).run()
    assert not app.exception
    assert any(words in element.value for element in app.error)
    assert app.file_uploader


def test_fatal_findings_offer_no_storing() -> None:
    app = opened()
    lines = "".join(json.dumps({"text": f"Text number {i}", "label": "pos"}) + "\n" for i in range(20))
    app.file_uploader[0].set_value(("a.jsonl", lines.encode(), "text/plain")).run()
    app.selectbox[0].select("label").run()
    button(app, "Check the texts")
    assert "one class only" in drawn(app) and "No dataset can be made" in app.error[0].value
    assert not [element for element in app.button if element.label == "Add the dataset"]


def test_a_name_that_is_taken_loses_nothing(mine: str) -> None:
    app = opened()
    app.file_uploader[0].set_value(("b.jsonl", LINES.encode(), "text/plain")).run()
    button(app, "Check the texts")
    app.text_input(key="dataset-name").set_value(mine)
    button(app, "Add the dataset")
    assert "exists already" in app.error[0].value
    app.text_input(key="dataset-name").set_value("free")
    button(app, "Add the dataset")
    assert "free" in sources.names()


@pytest.mark.parametrize("path", ["/nowhere/at all.csv", "nonsense\0", "~nobody/a.csv", "/dev/zero"])
def test_a_path_that_is_not_there_is_told(path: str) -> None:
    app = opened_for("path")
    app.text_input(key="path").set_value(path).run()
    assert not app.exception
    assert app.error


@pytest.mark.parametrize("name", ["gone", "../../etc", "<b>"])
def test_an_unknown_dataset_is_told(name: str) -> None:
    app = opened(dataset=name)
    assert not app.exception
    assert "There is no dataset" in app.error[0].value


def test_one_dataset_opens_by_its_link(mine: str) -> None:
    app = opened(dataset=mine)
    assert not app.exception
    assert app.header[0].value == "mine"
    page = drawn(app)
    assert "<span>train/</span><span>32</span>" in page and "<span>unlabelled/</span><span>1</span>" in page
    assert "<dt>median</dt><dd>5</dd>" in page


def test_a_dataset_of_the_catalogue_is_built_and_read_only(monkeypatch: pytest.MonkeyPatch, mine: str) -> None:
    monkeypatch.setattr(builtin, "imdb", lambda: sources.open_dataset(mine))
    app = opened(dataset="imdb", tab="Change")
    assert not app.exception
    assert "catalogue, read-only" in drawn(app) and "stays as it is" in app.info[0].value


def test_what_has_to_be_downloaded_says_how() -> None:
    app = opened(dataset="imdb-full")
    assert not app.exception and not app.error
    assert "not on this machine yet" in app.info[0].value
    assert "--data imdb-full" in app.code[0].value


def fill(folder: Path, *parts: str) -> Path:
    """A folder of 12 texts in each of `parts`."""
    for part in parts:
        (folder / part).mkdir(parents=True)
        for i in range(12):
            (folder / part / f"{i}.txt").write_text(f"text {i} of {part}")
    return folder


def test_row_1_a_downloaded_folder_is_a_tree_with_counts() -> None:
    fill(sources.downloaded_folder("imdb-full"), "train/pos", "train/neg", "test/pos", "test/neg", "unsup")
    app = opened(dataset="imdb-full")
    assert not app.exception and not app.error
    folders = {"train/neg": 12, "train/pos": 12, "test/neg": 12, "test/pos": 12, "unsup": 12}
    tree = drawn(app).partition("The folders that were downloaded:")[2]
    assert dict(re.findall(r"<li><span>([^<]*)</span><span>(\d+)</span></li>", tree)) == {
        name: str(n) for name, n in folders.items()
    }
    assert "<span>train/</span><span>24</span>" in drawn(app) and "<span>unlabelled/</span><span>12</span>" in drawn(
        app
    )


@pytest.mark.parametrize(("named", "read"), [("", "test"), ("heldout", "heldout")])
def test_row_2_the_validation_folder_can_be_named(tmp_path: Path, named: str, read: str) -> None:
    folder = fill(tmp_path / "nb", "train/pos", "train/neg", "test/pos", "test/neg", "heldout/pos", "heldout/neg")
    app = opened_for("path")
    app.text_input(key="path").set_value(str(folder)).run()
    app.text_input(key="valid-folder").set_value("nonsense").run()
    button(app, "Check the texts")
    assert "no validation folder “nonsense”" in app.error[0].value
    app.text_input(key="valid-folder").set_value(named).run()
    button(app, "Check the texts")
    button(app, "Add the dataset")
    assert not app.exception
    assert sources.entry("nb").info.split == f"as the folders train and {read} say"
    stored = sources.open_dataset("nb")
    assert all(read in text for text in stored.texts_of(stored.rows(Split.VALID)))


def test_a_damaged_dataset_can_be_deleted(home: Path, mine: str) -> None:
    (home / "datasets" / mine / "dataset.json").write_text("{}")
    assert "cannot be used" in drawn(opened())
    app = opened(dataset=mine)
    assert "damaged" in app.error[0].value
    app.button(key="delete-mine").click().run()
    assert not app.exception and mine not in sources.names()


def test_search_marks_and_filters(mine: str) -> None:
    app = opened(dataset=mine, tab="Texts", words="DULL 1")
    assert not app.exception
    page = drawn(app)
    assert "11 texts contain all of: DULL, 1" in page and "<mark>dull</mark> &lt;b&gt;film" in page
    app.text_input(key="words").set_value("<nothing>").run()
    assert "No text fits" in app.info[0].value
    app.text_input(key="words").set_value("").run()
    before = drawn(app)
    button(app, "Another sample")
    assert drawn(app) != before


def test_the_report_stays_with_the_dataset(mine: str) -> None:
    page = drawn(opened(dataset=mine, tab="Report"))
    assert "JSON Lines" in page and "empty text" in page and "no label" in page and "No text occurs twice" in page


def test_what_used_it_is_listed_by_content(home: Path, mine: str) -> None:
    info = sources.entry(mine).info
    tiny_lm(home / "models" / "made-of-it", dataset_hash=info.content_hash)
    tiny_lm(home / "models" / "of-another")
    folder = make_run(dataset=mine, name="run-of-it")
    folder.write_status(status(RunState.DONE))
    page = drawn(opened(dataset=mine, tab="Used by"))
    assert "made-of-it" in page and "run-of-it" in page and "of-another" not in page


def test_rename_split_delete_and_undo(mine: str) -> None:
    info = sources.entry(mine).info
    app = opened(dataset=mine, tab="Change")
    app.text_input(key="new-name-mine").set_value("ours")
    button(app, "Rename")
    assert _dataset(app) == "ours" and sources.names()[4:] == ["ours"]
    app.number_input(key="share-ours").set_value(50)
    button(app, "Split again")
    assert not app.exception
    assert sources.entry("ours").info.counts.valid == 20
    app.button(key="undo").click().run()
    assert not app.exception
    assert sources.entry("ours").info.content_hash == info.content_hash
    app.button(key="delete-ours").click().run()
    assert sources.names()[4:] == [] and "dataset" not in app.query_params
    app.button(key="undo").click().run()
    assert not app.exception
    assert sources.names()[4:] == ["ours"]


def test_undo_of_a_deletion_leaves_what_has_the_name_now(tmp_path: Path, mine: str) -> None:
    app = opened(dataset=mine, tab="Change")
    app.button(key="delete-mine").click().run()
    another = tmp_path / "another.jsonl"
    another.write_text(LINES.replace("Text", "Word"), encoding="utf-8")
    sources.add(mine, [another])
    theirs = sources.entry(mine).info
    app.button(key="undo").click().run()
    assert "exists already" in app.error[0].value
    assert sources.entry(mine).info == theirs and len(sources.TRASH.deleted()) == 1


def test_a_name_that_is_not_allowed_is_told_and_changes_nothing(mine: str) -> None:
    app = opened(dataset=mine, tab="Change")
    app.text_input(key="new-name-mine").set_value("No Good")
    button(app, "Rename")
    assert "cannot be the name" in app.error[0].value and mine in sources.names()


def test_the_trash_brings_back_in_another_session(mine: str) -> None:
    token = sources.delete(mine)
    app = opened()
    app.button(key=f"restore-{token}").click().run()
    assert not app.exception and mine in sources.names()


def test_a_dataset_that_a_run_needs_is_neither_renamed_split_nor_deleted(mine: str) -> None:
    queued_run(dataset=mine)
    for label in ("Rename", "Split again", "Delete"):
        app = opened(dataset=mine, tab="Change")
        app.text_input(key="new-name-mine").set_value("ours")
        button(app, label)
        assert "needs the dataset" in app.error[0].value
    assert sources.names()[4:] == [mine]


def test_two_sessions_are_independent(mine: str) -> None:
    first, second = opened(dataset=mine), opened()
    second.file_uploader[0].set_value(("b.jsonl", LINES.encode(), "text/plain")).run()
    button(second, "Check the texts")
    assert first.run().header[0].value == mine
    assert "What was found" not in "".join(element.value for element in first.subheader)


def test_a_file_over_the_limit_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ULMFIT_MAX_FILE_MB", "1")
    settings.cache_clear()
    (tmp_path / "a.csv").write_text("x" * 1_100_000)
    app = opened_for("path")
    app.text_input(key="path").set_value(str(tmp_path / "a.csv")).run()
    assert "the limit is 1 MB" in app.error[0].value
