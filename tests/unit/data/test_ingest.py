"""The row-level report, the table, and the readers for prediction and evaluation."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from ulmfit_app.data.findings import MOST_ROWS
from ulmfit_app.data.ingest import Labelled, check, check_pasted, ingest_file, preview, read_labelled, read_texts
from ulmfit_app.data.table import Table
from ulmfit_app.errors import DataError
from ulmfit_app.schema import Finding, ReadAs
from ulmfit_app.settings import settings

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a CSV file of a header and lines."""

    def write(*lines: str, header: str = "text;label", name: str = "file.csv") -> Path:
        path = tmp_path / name
        path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
        return path

    return write


def _good(n: int = 12) -> list[str]:
    return [f"A {word} film number {i};{label}" for i in range(n) for word, label in (("fine", "pos"), ("dull", "neg"))]


def _found(table: Table, problem: str) -> Finding:
    (item,) = [item for item in table.findings if item.problem == problem]
    return item


def test_good_rows_need_no_report(write: Write) -> None:
    table = check([write(*_good())])
    assert len(table.texts) == 24 and table.findings == [] and table.labels[:2] == ["pos", "neg"]
    assert table.rows == list(range(2, 26)) and set(table.files) == {"file.csv"} and set(table.valid) == {None}


@pytest.mark.parametrize(
    ("line", "problem", "dropped"),
    [
        (" ;pos", "empty text", True),
        ("A fine film number 3;pos", "duplicate", False),
        ("A fine film number 3;neg", "conflicting duplicate", False),
        ("a\0b;pos", "not text", True),
        ("\x01\x02\x03;pos", "not text", True),
        ("A text without label;", "no label", False),
        ("half a \ufffd character;pos", "undecodable characters", False),
        ('"torn" quote;pos', "broken file", True),
        ("one;two;three", "broken file", True),
    ],
)
def test_a_bad_row_is_reported_by_its_number(write: Write, line: str, problem: str, dropped: bool) -> None:
    table = check([write(*_good(), line, "The last film;pos")])
    item = _found(table, problem)
    assert (item.count, item.rows, item.dropped, item.fatal) == (1, (26,), dropped, False)
    assert len(table.texts) == (25 if dropped else 26) and len(table.findings) == 1


def test_a_long_text_is_cut_and_reported(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ULMFIT_MAX_TEXT_CHARS", "100")
    settings.cache_clear()
    path = write(*_good(), "word " * 50 + ";pos")
    table = check([path])
    assert _found(table, "over-long").message.endswith("For example row 26: 250 characters, cut to 100.")
    assert len(table.texts[-1]) == 100 == len(read_texts(path, ["text"])[-1])


def test_an_empty_label_is_an_unlabelled_text(write: Write) -> None:
    table = check([write(*_good(), "No label here; ")])
    assert table.labels[-1] is None and table.texts[-1] == "No label here"


@pytest.mark.parametrize(
    ("lines", "problem", "words"),
    [
        ([f"text number {i};pos" for i in range(20)], "one class only", "label “pos”; a classifier needs two"),
        (["first text;a", "second text;b"], "too few rows in a class", "Most labels have a single text"),
        ([f"{i}.5;{'ab'[i % 2]}" for i in range(20)], "not text", "holds numbers"),
        (["", " ;pos"], "empty text", "not one usable text"),
        (["a;b;c"] * 20, "broken file", "20 of 20 rows do not have the 2 fields"),
        ([*_good(), '"never closed;pos', "rest;neg"], "broken file", "row 26: a quote opened in line 26"),
    ],
)
def test_fatal_problems_refuse_the_file_with_the_whole_report(
    write: Write, lines: list[str], problem: str, words: str
) -> None:
    path = write(*lines)
    named = {"text_columns": ["text"], "label_column": "label"}
    assert [item.problem for item in check([path], **named).findings if item.fatal] == [problem]
    with pytest.raises(DataError, match=words) as caught:
        ingest_file([path], **named)
    assert f"- {problem} (fatal)" in str(caught.value) and caught.value.kept == "Nothing was kept."
    assert "\nNothing was kept." in str(caught.value)


def test_a_class_with_few_rows_is_a_warning(write: Write) -> None:
    item = _found(check([write(*_good(), "A lonely text;maybe")]), "too few rows in a class")
    assert (item.count, item.rows, item.fatal) == (1, (26,), False)
    assert "“maybe”" in item.message and "With a single text: 1" in item.message


def test_a_report_names_some_rows_and_counts_all(write: Write) -> None:
    item = _found(check([write(*_good(30), *[" ;pos"] * 50)]), "empty text")
    assert (item.count, len(item.rows)) == (50, MOST_ROWS)


def test_files_over_the_size_limit_are_reported(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ULMFIT_MAX_FILE_MB", "1")
    settings.cache_clear()
    table = check([write(*_good(), "x" * 1_100_000)])
    assert _found(table, "over the size limit").fatal and table.texts == []


def test_reading_ends_with_the_first_text_too_many(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ULMFIT_MAX_TEXTS", "24")
    settings.cache_clear()
    assert check([write(*_good())]).findings == []
    table = check([write(*_good(), "One more;pos", "one;field;too many")])
    assert len(table.texts) == 24
    assert [(item.problem, item.fatal) for item in table.findings] == [("over the size limit", True)]
    with pytest.raises(DataError, match="at most 24"):
        check_pasted("\n".join(f"text {i}" for i in range(25)), paragraphs=False)


def test_several_files_and_columns_make_one_table(write: Write) -> None:
    first = write("Good;It was;pos", "Bad;It was not;neg", header="title;body;label", name="a.csv")
    second = write("Good;It was;pos", " ;None;neg", " ; ;neg", header="title;body;label", name="b.csv")
    table = check([first, second], text_columns=["title", "body"], label_column="label")
    assert table.texts[:2] == ["xxfld 1 Good xxfld 2 It was", "xxfld 1 Bad xxfld 2 It was not"]
    assert table.texts[3] == "xxfld 1   xxfld 2 None" and len(table.texts) == 4
    assert (_found(table, "empty text").rows, _found(table, "duplicate").rows) == ((4,), (2,))


def test_is_valid_is_kept_as_the_split(write: Write) -> None:
    lines = [f"{line};{i % 3 == 0}" for i, line in enumerate(_good())]
    table = check([write(*lines, header="text;label;is_valid")])
    assert table.valid == [i % 3 == 0 for i in range(24)] and table.split == "as the column is_valid says"


def test_folders_and_unlabelled_texts_join(tmp_path: Path, write: Write) -> None:
    for label in ("pos", "neg"):
        for part in ("train", "test"):
            folder = tmp_path / "set" / part / label
            folder.mkdir(parents=True)
            (folder / "0.txt").write_text(f"A {label} text for {part}")
    (tmp_path / "extra").mkdir()
    (tmp_path / "extra" / "a.txt").write_text("Extra text")
    (tmp_path / "one.txt").write_text("One more")
    csv = write("From a table;pos")
    table = check([tmp_path / "set"], unlabelled=[tmp_path / "extra", tmp_path / "one.txt", csv])
    assert table.valid[:4] == [True, True, False, False] and table.labels[:4] == ["neg", "pos", "neg", "pos"]
    assert table.texts[4:] == ["Extra text", "One more", "From a table"] and set(table.labels[4:]) == {None}
    assert table.files[0] == "test/neg/0.txt" and not table.numbers
    assert table.split == "as the folders train and test say"
    assert "For example a.txt." in _found(table, "no label").message


def test_labels_of_a_dataset_that_is_added_to_are_no_fault(write: Write) -> None:
    path = write(*[f"text number {i};pos" for i in range(3)])
    assert check([path], label_column="label").fatal
    assert not check([path], label_column="label", base={"A text": "neg"}).fatal


def test_texts_that_the_base_has_are_reported(write: Write) -> None:
    path = write("one;pos", "two;pos", "two;pos", "three;pos", "four;", "five;pos", "five;pos")
    base = {"one": "pos", "two": None, "three": "neg", "four": "neg"}
    table = check([path], text_columns=["text"], label_column="label", base=base)
    assert _found(table, "already in the base").rows == (2, 3, 4, 6)
    assert _found(table, "conflicting duplicate").rows == (5,)
    assert _found(table, "duplicate").rows == (8,)


def test_how_a_file_was_read_is_told_and_guesses_are_findings(write: Write, tmp_path: Path) -> None:
    lines = [f"Film {word} {i};{label}" for i in range(12) for word, label in (("génial", "pos"), ("nul", "neg"))]
    path = tmp_path / "file.csv"
    path.write_text("\n".join(lines), encoding="latin-1")
    table = check([path])
    assert len(table.texts) == 24 and table.texts[0] == "Film génial 0"
    (read,) = table.read_as
    assert (read.encoding, read.header, read.text_columns, read.label_column) == (
        "cp1252", False, ("column 1",), "column 2",
    )  # fmt: skip
    assert _found(table, "no header").rows == (1,)
    assert _found(table, "guessed encoding").message.endswith("For example file.csv.")
    assert [item.problem for item in table.findings] == ["guessed encoding", "no header"]


def test_a_guessed_encoding_of_a_text_file_is_a_finding(tmp_path: Path) -> None:
    for name, encoding in (("a.txt", "cp1252"), ("b.txt", "utf-8")):
        (tmp_path / name).write_text(f"déjà vu, très élevé {name}", encoding=encoding)
    assert _found(check([tmp_path]), "guessed encoding").message.endswith(
        ": check letters with accents. For example a.txt."
    )


def test_a_refusal_tells_how_the_file_was_read(write: Write) -> None:
    with pytest.raises(DataError, match=r"- read as: file.csv: utf-8, separated by “;”, with a header; text “text”"):
        ingest_file([write(*[f"text number {i};pos" for i in range(20)])], label_column="label")


def test_a_missing_file_is_a_finding_and_a_missing_column_an_error(write: Write, tmp_path: Path) -> None:
    assert check([tmp_path / "none.csv"]).fatal
    with pytest.raises(DataError, match=r"no column “gone”. The columns are: text, label"):
        check([write(*_good())], text_columns=["gone"])


def test_progress_comes_in_bytes_and_can_stop_it(write: Write) -> None:
    path = write(*_good(1500))
    seen: list[tuple[int, int]] = []
    check([path], on_progress=lambda done, total: seen.append((done, total)))
    assert seen and all(0 < done <= total == path.stat().st_size for done, total in seen)

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check([path], on_progress=stop)


def test_a_preview_shows_rows_and_guesses(write: Write) -> None:
    first = preview(write(*_good()))
    assert first.read_as == ReadAs(
        file="file.csv", encoding="utf-8", delimiter=";", header=True, text_columns=("text",), label_column="label"
    )
    assert len(first.rows) == 20 and first.rows[0] == ("A fine film number 0", "pos")


@pytest.mark.parametrize(
    ("paragraphs", "texts", "rows"),
    [
        (False, ["First text", "goes on", "Second", "Third"], [2, 3, 6, 7]),
        (True, ["First text\ngoes on", "Second\nThird"], [2, 6]),
    ],
)
def test_pasted_texts_are_unlabelled(paragraphs: bool, texts: list[str], rows: list[int]) -> None:
    table = check_pasted("\nFirst text\r\ngoes on\n \n\nSecond\nThird\n", paragraphs=paragraphs)
    assert (table.texts, table.rows) == (texts, rows) and set(table.labels) == {None} and not table.fatal
    assert check_pasted(" \n ", paragraphs=paragraphs).fatal


@given(st.text(max_size=60), st.booleans())
@examples(max_examples=100, deadline=None)
def test_any_pasted_text_gives_a_table_or_findings(pasted: str, paragraphs: bool) -> None:
    table = check_pasted(pasted, paragraphs=paragraphs)
    assert table.fatal or table.texts
    assert all(text.strip() for text in table.texts) and table.rows == sorted(table.rows)


def test_texts_for_prediction_keep_their_rows(write: Write) -> None:
    path = write("One text;pos", " ;neg", "Another;")
    assert read_texts(path) == ["One text", "", "Another"]
    assert read_labelled(path) == Labelled(["One text"], ["pos"], "label", rows=3, no_label=1, no_text=1)
    with pytest.raises(DataError, match=r"row 2: 3 fields instead of 2. Rows 2\."):
        read_texts(write("a;b;c", *_good()))


def test_what_cannot_be_evaluated_is_told(write: Write) -> None:
    with pytest.raises(DataError, match=r"no column that looks like a label"):
        read_labelled(write("a text", header="text"))
    with pytest.raises(DataError, match=r"no row with a text and a label"):
        read_labelled(write("a text;", header="text;label"), label_column="label")
    with pytest.raises(DataError, match=r"no rows under its header"):
        read_texts(write())


LINES = st.lists(
    st.sampled_from([b"text,label\n", b'"', b",", b";", b"\t", b"\r", b"\n", b"a b", b"\xff", b"\0", b"1"]), max_size=40
)


@given(st.binary(max_size=300) | LINES.map(b"".join))
@example(b"\xff\xfe")
@example(b"\xff\xfea")
@example(b'text,label\n"')
@example(b"\xef\xbb\xbftext\n\xef\xbb\xbf\n")
@examples(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_give_a_table_or_findings(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "any.csv"
    path.write_bytes(data)
    table = check([path])
    assert table.fatal or table.texts
    lengths = {len(table.texts), len(table.labels), len(table.valid), len(table.rows), len(table.files)}
    assert len(lengths) == 1 and all(text.strip() for text in table.texts)
    for read in (preview, read_texts, read_labelled):
        try:
            read(path)
        except DataError as error:
            assert str(error)
