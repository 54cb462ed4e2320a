"""Encodings, delimiters, headers and broken rows of CSV files."""

import csv
from pathlib import Path

import pytest

from ulmfit_app.data import csvfile
from ulmfit_app.data.csvfile import ONE_COLUMN, records, sniff
from ulmfit_app.data.findings import UnusableFileError
from ulmfit_app.settings import settings

ROWS = "text,label\nGut – schön,pos\nNicht gut – öde,neg\n"


def _file(folder: Path, data: str | bytes) -> Path:
    path = folder / "file.csv"
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252"])
def test_the_encoding_is_found(tmp_path: Path, encoding: str) -> None:
    path = _file(tmp_path, (ROWS * 20).encode(encoding))
    form = sniff(path)
    assert form.columns == ("text", "label")
    assert next(records(path, form)).fields == ("Gut – schön", "pos")


@pytest.mark.parametrize("text", ["génial", "médiocre, naïf", "schön", "It’s “great”"])
def test_a_short_western_text_is_read_as_western(tmp_path: Path, text: str) -> None:
    path = _file(tmp_path, f'text,label\n"{text}",pos\nmauvais,neg\n'.encode("cp1252"))
    assert next(records(path, sniff(path))).fields[0] == text


@pytest.mark.parametrize(
    ("text", "encoding"), [("Отличный фильм", "cp1251"), ("Πολύ καλή ταινία, μου άρεσε", "cp1253")]
)
def test_a_short_text_of_another_alphabet_is_not(tmp_path: Path, text: str, encoding: str) -> None:
    path = _file(tmp_path, f'text,label\n"{text}",pos\n'.encode(encoding))
    assert next(records(path, sniff(path))).fields[0] == text


def test_a_near_tie_of_encodings_is_western(tmp_path: Path) -> None:
    path = _file(tmp_path, "text,label\ngénial,pos\nmauvais mais médiocre,neg\nnaïf,pos\n".encode("latin-1"))
    assert [record.fields[0] for record in records(path, sniff(path))] == ["génial", "mauvais mais médiocre", "naïf"]


def test_a_character_that_was_lost_before_is_utf8(tmp_path: Path) -> None:
    assert sniff(_file(tmp_path, "text,label\nhalf a \ufffd,pos\n")).encoding == "utf-8"


def test_a_few_damaged_bytes_leave_the_file_utf8(tmp_path: Path) -> None:
    path = _file(tmp_path, (ROWS * 30).encode() + b"caf\xff,pos\n")
    form = sniff(path)
    assert form.encoding == "utf-8"
    assert [record.fields[0] for record in records(path, form)][-1] == "caf\ufffd"


def test_an_encoding_that_shows_only_late_in_the_file_is_found(tmp_path: Path) -> None:
    path = _file(
        tmp_path, b"text,label\n" + b"plain words only,pos\n" * 60_000 + "öde und träge,neg\n".encode("cp1252")
    )
    assert [record.fields[0] for record in records(path, sniff(path))][-1] == "öde und träge"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_by_content(tmp_path: Path, delimiter: str) -> None:
    lines = [("text", "label"), ('"one, two; three"', "pos"), ('"a\nb ""c"" | d\t"', "neg")]
    path = _file(tmp_path, "\n".join(delimiter.join(line) for line in lines))
    form = sniff(path)
    assert form.delimiter == delimiter
    assert [record.fields for record in records(path, form)] == [
        ("one, two; three", "pos"), ('a\nb "c" | d\t', "neg"),
    ]  # fmt: skip


def test_quotes_in_a_tsv_that_quotes_nothing_are_text(tmp_path: Path) -> None:
    path = _file(tmp_path, 'text\tlabel\n"Great" is the word\tpos\n"So bad\tneg\nplain\tneg\n')
    form = sniff(path)
    assert form.quoting == csv.QUOTE_NONE
    assert [record.fields[0] for record in records(path, form)] == ['"Great" is the word', '"So bad', "plain"]


def test_a_file_of_one_column_keeps_its_commas(tmp_path: Path) -> None:
    path = _file(tmp_path, "text\nHello, world\nAnother one\n")
    form = sniff(path)
    assert form.delimiter == ONE_COLUMN
    assert [record.fields for record in records(path, form)] == [("Hello, world",), ("Another one",)]


def test_a_file_without_header_gets_made_up_names(tmp_path: Path) -> None:
    path = _file(tmp_path, "1,A fine film\n0,A dull film\n")
    form = sniff(path)
    assert form.columns == ("column 1", "column 2") and not form.has_header
    assert [record.row for record in records(path, form)] == [1, 2]


@pytest.mark.parametrize(
    "lines",
    [
        ["Great,pos", "Bad,neg", "Fine,pos"],
        ["The plot was quite dull.,x", "Bad,neg"],
        [f"{'word ' * 20},x", "Bad,neg"],
    ],
)
def test_a_first_row_that_is_data_is_not_lost(tmp_path: Path, lines: list[str]) -> None:
    path = _file(tmp_path, "\n".join(lines))
    form = sniff(path)
    assert not form.has_header and len(list(records(path, form))) == len(lines)


@pytest.mark.parametrize(
    "lines",
    [
        ["text,label", "Great,pos", "text,label", "Bad,neg"],
        ["How was the film today?,label", "Great,pos"],
        [",text,label", ",Great,pos"],
    ],
)
def test_a_first_row_that_names_columns_is_none(tmp_path: Path, lines: list[str]) -> None:
    assert sniff(_file(tmp_path, "\n".join(lines))).has_header


def test_a_column_that_the_caller_names_makes_the_first_row_a_header(tmp_path: Path) -> None:
    path = _file(tmp_path, "text,2024\nGreat,pos\n")
    assert not sniff(path).has_header and sniff(path, ["text"]).has_header


@pytest.mark.parametrize("end", ["\r", "\r\n", "\n"])
def test_every_kind_of_line_end_is_read(tmp_path: Path, end: str) -> None:
    path = _file(tmp_path, end.join(["text,label", "Great,pos", '"Two\nlines",neg', ""]))
    form = sniff(path)
    assert form.columns == ("text", "label")
    assert [record.fields for record in records(path, form)] == [("Great", "pos"), ("Two\nlines", "neg")]


def test_a_long_file_of_carriage_returns_is_cut_at_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csvfile, "SAMPLE_CHARS", 40)
    path = _file(tmp_path, "text;label\r" + 'Great;pos\r"Quoted; text";neg\r' * 5)
    assert sniff(path).delimiter == ";"


def test_nameless_and_double_columns_get_names(tmp_path: Path) -> None:
    assert sniff(_file(tmp_path, "text,,text\na,b,c\n")).columns == ("text", "column 2", "text (2)")


def test_rows_are_counted_as_a_spreadsheet_counts_them(tmp_path: Path) -> None:
    path = _file(tmp_path, 'text,label\n"two\nlines",pos\n\nragged\nplain,neg\ntoo,many,fields\n')
    found = [(record.row, record.problem) for record in records(path, sniff(path))]
    assert found == [(2, ""), (4, "1 fields instead of 2"), (5, ""), (6, "3 fields instead of 2")]


def test_a_torn_quote_costs_its_row_and_no_more(tmp_path: Path) -> None:
    path = _file(tmp_path, 'text,label\ngood,pos\n"torn" quote,neg\nbad,neg\n')
    found = [(record.row, record.problem) for record in records(path, sniff(path))]
    assert found == [(2, ""), (3, "a torn quote (line 3)"), (4, "")]


def test_a_quote_that_is_never_closed_is_seen(tmp_path: Path) -> None:
    path = _file(tmp_path, 'text,label\ngood,pos\n"never closed,neg\nbad,neg\n')
    last = list(records(path, sniff(path)))[-1]
    assert (last.row, last.cut_off, last.problem) == (3, True, "a quote opened in line 3 is never closed")


def test_a_field_over_the_limit_is_a_broken_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csvfile, "FIELD_LIMIT", 100)
    path = _file(tmp_path, f"text,label\n{'a' * 101},pos\nshort,neg\n")
    found = [record.problem for record in records(path, sniff(path))]
    assert found == ["a field of over 100 characters (line 2)", ""]


@pytest.mark.parametrize(
    ("data", "problem", "words"),
    [
        (b"PK\x03\x04rest", "not text", "a zip archive or an Excel workbook"),
        (b"text\0label", "not text", "binary data"),
        (b"", "empty text", "no header and no texts"),
        (b"\n\n , \n", "empty text", "no header and no texts"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path: Path, data: bytes, problem: str, words: str) -> None:
    with pytest.raises(UnusableFileError, match=words) as caught:
        sniff(_file(tmp_path, data))
    assert caught.value.problem == problem


def test_a_file_over_the_size_limit_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ULMFIT_MAX_FILE_MB", "1")
    settings.cache_clear()
    with pytest.raises(UnusableFileError, match="has 2 MB; the limit is 1 MB"):
        sniff(_file(tmp_path, b"a" * 2_000_000))


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(UnusableFileError, match="cannot be read"):
        sniff(tmp_path / "none.csv")
