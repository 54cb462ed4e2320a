"""Uploaded files from strangers: usable texts with findings, or a told error; nothing is written elsewhere."""

import io
import json
import stat
import struct
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.fuzz.examples import fuzz, leaks
from ulmfit_app.data.ingest import check, preview
from ulmfit_app.errors import AppError
from ulmfit_app.settings import settings
from ulmfit_app.ui.uploads import safe_name

PARTS = ["pos", "neg", "train", "test", "unsup", "..", ".", "", "C:", "~", "__MACOSX", "x" * 300, "é", "\u202e", "a\\b"]
LIMITS = {"MAX_UNPACKED_MB": 1, "MAX_ZIP_FILES": 50, "MAX_FILE_MB": 5}
paths = st.lists(st.sampled_from(PARTS) | st.text(max_size=5), max_size=5).map("/".join)
kinds = st.sampled_from([0, stat.S_IFLNK, stat.S_IFIFO])
contents = st.integers(0, 2_000_000) | st.binary(max_size=60)
members = st.tuples(paths, st.sampled_from([".txt", ".csv", "/", ""]), kinds, contents)
cells = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.text(), max_size=2)
names = st.text(max_size=300) | st.sampled_from(
    ["../../etc/passwd", "a\x00.csv", "..", "/", "x" * 999, "\ud800.csv", "."]
)


@pytest.fixture(autouse=True)
def limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small, so that both sides of each are tried."""
    for name, value in LIMITS.items():
        monkeypatch.setenv(f"ULMFIT_{name}", str(value))
    settings.cache_clear()


def told(data: bytes, name: str) -> None:
    """Check `data` as an upload called `name`: told errors only, no path of ours in them, nothing left behind."""
    with TemporaryDirectory() as place:
        path = Path(place) / name
        path.write_bytes(data)
        for read in (preview, lambda file: check([file])):
            try:
                found = read(path)
            except AppError as error:
                said = str(error)
            else:
                said = " ".join(item.message for item in found.findings)
            assert len(said) < 20_000 and not leaks(said, Path(place))
        assert [entry.name for entry in Path(place).iterdir()] == [name]


def zipped(entries: list[tuple[str, str, int, int | bytes]]) -> bytes:
    """An archive of such members: path, its end, type of file, and a text or how many zeros."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, end, kind, content in entries:
            info = zipfile.ZipInfo("name")
            info.filename = path + end
            info.external_attr = (kind | 0o644) << 16
            archive.writestr(info, bytes(content) if isinstance(content, int) else content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


@pytest.mark.filterwarnings("ignore:Duplicate name")
@given(st.lists(members, max_size=8))
@example([("pos/" + "a/" * 900, "b.txt", 0, b"deep")])
@example([("a/" * 700, "b.txt", 0, b"deep")])
@example([("a/" * 400, "b.txt", 0, b"deep")])
@example([("pos.txt", "", 0, b"a"), ("pos.txt/a", ".txt", 0, b"b")])
@fuzz
def test_any_archive(entries: list[tuple[str, str, int, int | bytes]]) -> None:
    told(zipped(entries), "upload.zip")


@given(st.integers(0, 6), st.integers(0, 2**32 - 1), st.integers(0, 400))
@fuzz
def test_an_archive_that_lies_about_itself(field: int, value: int, at: int) -> None:
    """Sizes, counts and offsets in the directory and at its end are replaced."""
    data = bytearray(zipped([("pos/a", ".txt", 0, b"good"), ("neg/b", ".txt", 0, 90_000)]))
    end = data.rfind(b"PK\x05\x06")
    directory = data.find(b"PK\x01\x02")
    places = [end + 8, end + 10, end + 12, end + 16, directory + 20, directory + 24, directory + 42]
    struct.pack_into("<H" if field < 2 else "<I", data, places[field], value % (2**16 if field < 2 else 2**32))
    data[at % len(data)] ^= value % 256
    told(bytes(data), "upload.zip")


@given(st.dictionaries(st.text(max_size=20), cells, max_size=4), st.lists(st.lists(cells, max_size=4), max_size=5))
@fuzz
def test_any_json_lines(keys: dict[str, object], rows: list[list[object]]) -> None:
    objects = [keys, *(dict(zip(keys, row, strict=False)) for row in rows)]
    told("\n".join(json.dumps(item) for item in objects).encode(), "upload.jsonl")


@given(st.binary(max_size=2000) | st.text(max_size=500).map(lambda text: text.encode("utf-8", "surrogatepass")))
@fuzz
def test_any_bytes_as_a_table(data: bytes) -> None:
    for name in ("upload.csv", "upload.jsonl", "upload.parquet", "upload.zip"):
        told(data, name)


@given(names)
@fuzz
def test_any_name_stays_in_its_folder(name: str) -> None:
    with TemporaryDirectory() as place:
        path = Path(place) / safe_name(name)
        path.write_bytes(b"")
        assert [entry.name for entry in Path(place).iterdir()] == [path.name] and path.parent == Path(place)


def test_a_line_without_end_is_never_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[int] = []
    loads = json.loads
    monkeypatch.setattr(json, "loads", lambda line: parsed.append(len(line)) or loads(line))
    monkeypatch.setattr("ulmfit_app.data.jsonfile.FIELD_LIMIT", 100_000)
    endless = b'{"text": [' + b"0," * 100_000 + b"0]}\n"
    told(endless + b'{"text": "good"}\n' + endless, "upload.jsonl")
    assert parsed and max(parsed) < 100
