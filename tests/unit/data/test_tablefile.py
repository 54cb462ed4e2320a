"""JSON Lines and Parquet beside CSV: one reader, the same table, never a crash."""

import csv
import json
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from ulmfit_app.data import csvfile, sources
from ulmfit_app.data.findings import UnusableFileError
from ulmfit_app.data.ingest import check, preview, read_labelled, read_texts
from ulmfit_app.data.tablefile import open_table, read_table
from ulmfit_app.errors import AppError, DataError, MissingExtraError
from ulmfit_app.settings import settings

WORDS = (("fine", 1), ("dull", 0))
ROWS = [(f"A {word} film, number {i}:\n“quoted” \u2028", label) for i in range(12) for word, label in WORDS]


def as_csv(path: Path, rows: list[tuple[Any, ...]] = ROWS, names: tuple[str, ...] = ("text", "label")) -> Path:
    """Write rows as pandas would."""
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([names, *rows])
    return path


def as_lines(path: Path, rows: list[tuple[Any, ...]] = ROWS, names: tuple[str, ...] = ("text", "label")) -> Path:
    """Write rows as JSON Lines."""
    lines = [json.dumps(dict(zip(names, row, strict=True))) for row in rows]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def as_parquet(path: Path, rows: list[tuple[Any, ...]] = ROWS, names: tuple[str, ...] = ("text", "label")) -> Path:
    """Write rows as Parquet, five to a row group."""
    columns = {name: list(column) for name, column in zip(names, zip(*rows, strict=True), strict=True)}
    pq.write_table(pa.table(columns), path, row_group_size=5)
    return path


@pytest.fixture
def three(tmp_path: Path) -> list[Path]:
    """The same rows in three formats."""
    return [as_csv(tmp_path / "a.csv"), as_lines(tmp_path / "a.jsonl"), as_parquet(tmp_path / "a.parquet")]


def test_the_content_hash_does_not_depend_on_the_format(three: list[Path]) -> None:
    infos = [sources.add(f"set-{i}", [path]) for i, path in enumerate(three)]
    assert len({info.content_hash for info in infos}) == 1
    assert infos[0].labels == ("0", "1") and infos[0].counts.train + infos[0].counts.valid == 24
    assert [info.read_as[0].format for info in infos] == ["delimited", "JSON Lines", "Parquet"]
    assert all(info.read_as[0].text_columns == ("text",) and not info.findings for info in infos)


def test_bulk_readers_take_every_format(three: list[Path]) -> None:
    texts = [text for text, _ in ROWS]
    for path in three:
        assert read_texts(path, ["text"]) == texts
        labelled = read_labelled(path)
        assert labelled.column == "label" and labelled.labels == [str(label) for _, label in ROWS]
        table = read_table(path, ["text"])
        assert table.columns == ("text", "label") and table.rows[1] == (texts[1], "0")


def test_values_of_typed_columns_are_written_as_csv_would_have_them(tmp_path: Path) -> None:
    rows = [("a text", True, 1.5, 7, None), ("b text", False, float("nan"), 8, None)]
    names = ("text", "is_valid", "score", "number", "nothing")
    expected = [("a text", "true", "1.5", "7", ""), ("b text", "false", "", "8", "")]
    assert read_table(as_lines(tmp_path / "a.jsonl", rows, names), ["text"]).rows == expected
    table = read_table(as_parquet(tmp_path / "a.parquet", rows, names), ["text"])
    assert table.columns == names[:-1] and table.rows == [row[:-1] for row in expected]


def test_broken_lines_are_reported_by_their_number(tmp_path: Path) -> None:
    good = [json.dumps({"text": f"Good text number {i}", "label": "ab"[i % 2]}) for i in range(24)]
    bad = ['{"text": "torn', "[1, 2]", '{"text": ["a", "list"], "label": "a"}', "[" * 100_000]
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join([*good, "", *bad, '{"text": "no label"}', '{"text": "half \\ud83d", "label": "a"}']))
    table = check([path])
    found = {item.problem: item for item in table.findings}
    assert found["broken file"].rows == (26, 27, 28, 29) and found["broken file"].dropped
    assert "row 26: not a complete JSON object" in found["broken file"].message
    assert found["no label"].rows == (30,) and found["undecodable characters"].rows == (31,)
    assert table.texts[-1] == "half �" and len(table.texts) == 26
    with pytest.raises(DataError, match=r"Rows 26, 27, 28, 29"):
        read_texts(path)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.json", b'[{"text": "a"}]', "one JSON list"),
        ("a.jsonl", b"plain words", "no JSON objects"),
        ("a.jsonl", b'{"text": ["a"]}', "no JSON objects"),
        ("a.jsonl", b"", "no JSON objects"),
        ("a.parquet", b"PAR1 and nothing more", "damaged Parquet"),
    ],
)
def test_what_cannot_be_read_is_refused_with_what_to_do(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(UnusableFileError, match=words) as caught:
        open_table(path)
    assert caught.value.todo
    assert check([path]).fatal


def test_parquet_is_read_bit_by_bit_and_of_the_needed_columns_only(tmp_path: Path) -> None:
    rows = [(f"text {i} " * 50, i % 3, "unused") for i in range(2000)]
    path = as_parquet(tmp_path / "a.parquet", rows, ("text", "label", "junk"))
    done: list[tuple[int, int]] = []
    table = check([path], text_columns=["text"], label_column="label", on_progress=lambda *at: done.append(at))
    assert len(table.texts) == 2000 and len(done) > 4 and done == sorted(done) and done[-1] == (2000, 2000)
    assert next(open_table(path).records({0, 1}, None)).fields == ("text 0 " * 50, "0", "")


def test_a_parquet_file_that_unpacks_to_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = as_parquet(tmp_path / "a.parquet", [("x" * 10_000, "a")] * 1000)
    assert path.stat().st_size < 1_000_000
    monkeypatch.setenv("ULMFIT_MAX_UNPACKED_MB", "1")
    settings.cache_clear()
    (item,) = check([path], text_columns=["text"]).findings
    assert (item.problem, item.fatal) == ("over the size limit", True)


def test_strange_columns_of_parquet_are_left_out_or_decoded(tmp_path: Path) -> None:
    table = pa.table({
        "a.text": pa.array([b"caf\xe9", b"plain text"], pa.binary()),
        "label": pa.array(["x", "y"]).dictionary_encode(),
        "tokens": pa.array([["a"], ["b"]]),
        "day": pa.array([0, 1], pa.date32()),
    })  # fmt: skip
    pq.write_table(table, tmp_path / "a.parquet")
    read = read_table(tmp_path / "a.parquet", ["a.text"], "label")
    assert read.columns == ("a.text", "label", "day")
    assert read.rows == [("caf�", "x", "1970-01-01"), ("plain text", "y", "1970-01-02")]


def test_without_pyarrow_a_parquet_file_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = as_parquet(tmp_path / "a.parquet")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtraError, match="pip install"):
        open_table(path)


def test_a_preview_guesses_columns_and_reports_bad_first_rows(tmp_path: Path) -> None:
    rows: list[tuple[Any, ...]] = [*ROWS[:3], ("", 1), *ROWS[3:]]
    for path in (as_csv(tmp_path / "a.csv", rows), as_parquet(tmp_path / "a.parquet", rows)):
        first = preview(path)
        assert (first.columns, first.read_as.label_column) == (("text", "label"), "label")
        (item,) = first.findings
        assert item.problem == "empty text" and len(item.rows) == 1


def test_a_folder_or_nothing_in_the_place_of_a_table_is_told(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "gone.jsonl"):
        with pytest.raises(DataError, match="cannot be read"):
            read_table(path)


def _never_crashes(path: Path) -> None:
    table = check([path])
    assert table.fatal or table.texts
    for read in (preview, read_texts, read_labelled):
        try:
            read(path)
        except AppError as error:
            assert str(error)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
OBJECTS = st.dictionaries(st.sampled_from(["text", "label", "", " text", "is_valid"]), VALUES, max_size=4)
LINES = st.lists(OBJECTS.map(json.dumps) | st.sampled_from(["", "{", '{"text": "', "[1]", '"a"', "1e999"]), max_size=8)


@given(st.binary(max_size=200) | LINES.map(lambda lines: "\n".join(lines).encode()))
@example(b'{"a": 1' + b"0" * 5000 + b"}")
@example(b'{"text": "\\ud800"}')
@examples(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_lines_give_a_table_or_findings(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "any.jsonl"
    path.write_bytes(data)
    _never_crashes(path)


@pytest.mark.slow  # a process for each look
@given(st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=4), st.integers(0, 10_000))
@examples(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_parquet_file_gives_a_table_or_findings(
    tmp_path: Path, changes: list[tuple[int, int]], cut: int
) -> None:
    data = bytearray(as_parquet(tmp_path / "whole.parquet").read_bytes())
    for place, value in changes:
        data[4 + place % (len(data) - 4)] = value
    path = tmp_path / "any.parquet"
    path.write_bytes(data[: max(4, len(data) - cut % 50)] if cut % 3 == 0 else data)
    _never_crashes(path)


def test_more_columns_than_anybody_can_choose_from_are_refused(tmp_path: Path) -> None:
    names = tuple(f"c{i}" for i in range(csvfile.MOST_COLUMNS + 1))
    written = (as_csv(tmp_path / "a.csv", [names], names), as_lines(tmp_path / "a.jsonl", [names], names),
               as_parquet(tmp_path / "a.parquet", [names], names))  # fmt: skip
    for path in written:
        with pytest.raises(UnusableFileError, match="1,001 columns"):
            open_table(path)


@pytest.mark.parametrize("kind", [as_csv, as_lines, as_parquet])
def test_a_file_of_more_rows_than_are_read_is_refused(
    kind: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ULMFIT_MAX_TEXTS", "3")
    settings.cache_clear()
    assert len(read_table(kind(tmp_path / "three", [(f"text {i}", "a") for i in range(3)])).rows) == 3
    with pytest.raises(DataError, match="more than 3 rows"):
        read_table(kind(tmp_path / "four", [(f"text {i}", "a") for i in range(4)]))


def test_rows_are_numbered_as_a_person_counts_them(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('text,label\n\n"A film\nof two lines",1\n\nAnother,0\n', encoding="utf-8")
    assert read_table(path).numbers == [3, 5]
