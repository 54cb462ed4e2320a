"""In which encoding a text file is written: byte order mark, then UTF-8, then a guess by charset-normalizer."""

import codecs
import re
from pathlib import Path

from ulmfit_app.data.findings import UnusableFileError
from ulmfit_app.errors import MissingExtraError

BLOCK = 1 << 20
WESTERN = "cp1252"
NULS = 0.01
NEAR = 0.1  # of charset-normalizer's chaos and coherence, each 0 to 1
SURE = ("utf-8", "utf-8-sig", "utf-16", "utf-32")
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip
_BINARY = ((b"PK\x03\x04", "a zip archive or an Excel workbook"), (b"%PDF", "a PDF"), (b"\x1f\x8b", "a gzip archive"),
           (b"PAR1", "a Parquet file"), (b"\xd0\xcf\x11\xe0", "an old Office document"))  # fmt: skip
# This many readable characters beyond ASCII for one that is not: then the file is UTF-8 with a few damaged places.
MOSTLY = 20
_DAMAGED = re.compile("[\udc80-\udcff]")  # what "surrogateescape" makes of a byte; a real � is a character like others


def encoding_of(path: Path) -> str:
    """The encoding of the file at `path`, to be opened with errors="replace".

    Raises UnusableFileError for a file that is not text; MissingExtraError if it is not UTF-8 and nothing can guess.
    """
    try:
        with path.open("rb") as file:
            head = file.read(BLOCK)
    except OSError as error:
        raise unreadable(path, error) from None
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    _refuse_binary(path, head)
    broken, readable = _read_as_utf8(path)
    if broken * MOSTLY <= readable:
        return "utf-8"
    return _guess(path)


def is_guess(encoding: str) -> bool:
    """True if `encoding`, which `encoding_of` gave, is neither UTF-8 nor named by a byte order mark."""
    return encoding not in SURE


def unreadable(path: Path, error: OSError) -> UnusableFileError:
    """What to raise when `path` cannot be opened."""
    return UnusableFileError(
        "broken file", f"“{path.name}” cannot be read ({error.strerror}).", todo="Check that the path is right."
    )


def _refuse_binary(path: Path, head: bytes) -> None:
    kind = next((words for magic, words in _BINARY if head.startswith(magic)), None)
    if kind is None and head.count(b"\0") > NULS * len(head):
        kind = "binary data"
    if kind:
        raise UnusableFileError(
            "not text", f"“{path.name}” is not text: it is {kind}.", todo="Save it as CSV in UTF-8 and try again."
        )


def _read_as_utf8(path: Path) -> tuple[int, int]:
    """What the file has beyond ASCII: bytes that are not UTF-8, and characters."""
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    broken = readable = 0
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            if block.isascii() and not decoder.getstate()[0]:
                continue
            text = decoder.decode(block)
            damaged = len(_DAMAGED.findall(text))
            broken += damaged
            readable += len(text) - damaged - len(text.encode("ascii", "ignore"))
    return broken + len(decoder.decode(b"", final=True)), readable


def _guess(path: Path) -> str:
    """charset-normalizer's guess from the lines that are not ASCII."""
    try:
        from charset_normalizer import from_bytes
    except ImportError:
        raise MissingExtraError(
            f"“{path.name}” is not written in UTF-8.",
            todo="Save it as UTF-8, or run: pip install 'ulmfit-studio[train]'",
        ) from None
    sample = b""
    with path.open("rb") as file:
        while len(sample) < BLOCK and (line := file.readline(BLOCK)):
            sample += b"" if line.isascii() else line
    matches = from_bytes(sample)
    best = matches.best()
    if best is None:
        return "utf-8"
    # A short text fits many encodings about equally well; then the commonest in the west is likelier than the best.
    near = [
        match
        for match in matches
        if abs(match.chaos - best.chaos) <= NEAR and abs(match.coherence - best.coherence) <= NEAR
    ]
    names = {name for match in near for name in (match.encoding, *match.could_be_from_charset)}
    return WESTERN if WESTERN in names else best.encoding
