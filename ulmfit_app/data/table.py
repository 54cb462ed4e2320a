"""Texts as they were read, before they become a dataset: rows with label, side and place, and what was found wrong."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b

from ulmfit_app.data.csvfile import is_number
from ulmfit_app.data.findings import Notes, UnusableFileError, finding
from ulmfit_app.data.textstore import AppendedTexts
from ulmfit_app.schema import Finding, ReadAs
from ulmfit_app.settings import settings

FEW_ROWS = 10
MANY_LABELS = 50
NUMBERS = 0.9
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")


@dataclass(slots=True)
class Table:
    """Usable texts row by row, in file order, with their `findings`.

    `labels`: None for an unlabelled text. `valid`: True or False where the data say on which side a row belongs, None
    where they do not. `rows`: the row number in the file, 0 for a file that is one text. `files`: which file.
    `numbers`: labels that are numbers sort by value (tables) or as text (folders). `split`: how the data split
    themselves, in words; empty if they do not. `read_as`: how each table file was read.
    """

    texts: AppendedTexts = field(default_factory=AppendedTexts)
    labels: list[str | None] = field(default_factory=list)
    valid: list[bool | None] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    read_as: list[ReadAs] = field(default_factory=list)
    numbers: bool = True
    split: str = ""

    @property
    def fatal(self) -> bool:
        """True if no dataset can be made of it."""
        return any(item.fatal for item in self.findings)

    def add(
        self, notes: Notes, text: str, label: str | None, *, valid: bool | None = None, row: int = 0, file: str = ""
    ) -> None:
        """Append a row if its text is usable; note in `notes` what is wrong with it.

        Raises UnusableFileError for one text more than a dataset may have: the rest would be read for nothing.
        """
        text = text.strip("\ufeff")
        if not text.strip():
            return notes.add("empty text", row, file)
        if _is_binary(text):
            return notes.add("not text", row, file)
        limit, most = settings().max_text_chars, settings().max_texts
        if most is not None and len(self.texts) == most:
            what = f"There are at least {most + 1:,} texts; a dataset has at most {most:,} here."
            raise UnusableFileError("over the size limit", what, todo="Give fewer.")
        if len(text) > limit:
            notes.add("over-long", row, file, f"{len(text):,} characters, cut to {limit:,}")
        if "\ufffd" in text:
            notes.add("undecodable characters", row, file)
        self.texts.append(text[:limit])
        self.labels.append(label or None)
        self.valid.append(valid)
        self.rows.append(row)
        self.files.append(file)
        return None

    def check(self, notes: Notes, base: Mapping[str, str | None] | None = None) -> None:
        """Complete `findings` with what `notes` holds and what shows only in the whole table.

        `base`: the texts, with labels, of the dataset that these are added to; if it has labels, one class or few rows
        are no fault.
        """
        base = base or {}
        labelled = any(self.labels)
        self._note_repeats(notes, labelled, base)
        self.findings += notes.findings()
        if not self.texts:
            self.findings.append(finding("empty text", 1, "There is not one usable text.", fatal=True))
        elif sum(map(is_number, self.texts)) >= NUMBERS * len(self.texts):
            message = "The text column holds numbers. Choose the column that holds the texts."
            self.findings.append(finding("not text", len(self.texts), message, rows=self.rows, fatal=True))
        elif labelled and not any(base.values()):
            self.findings += self._class_findings()

    def _note_repeats(self, notes: Notes, labelled: bool, base: Mapping[str, str | None]) -> None:
        """Note texts that occurred before, here or in `base`, and in a table with labels the texts without one."""
        first = {_digest(text): label for text, label in base.items()}
        for text, label, row, file in zip(self.texts, self.labels, self.rows, self.files, strict=True):
            key = _digest(text)
            if labelled and label is None:
                notes.add("no label", row, file)
            if key not in first:
                first[key] = label
            elif label is not None and first[key] not in (None, label):
                notes.add("conflicting duplicate", row, file)
            else:
                first[key] = first[key] or label
                notes.add("already in the base" if text in base else "duplicate", row, file)

    def _class_findings(self) -> list[Finding]:
        """What is wrong with the classes: a single one, ones with few rows, nearly one per row."""
        rows_of: dict[str, list[int]] = {}
        texts_of: dict[str, set[str]] = {}
        for text, label, row in zip(self.texts, self.labels, self.rows, strict=True):
            if label is not None:
                rows_of.setdefault(label, []).append(row)
                texts_of.setdefault(label, set()).add(text)
        if len(rows_of) == 1:
            message = (
                f"All labelled texts have the label “{next(iter(rows_of))}”; a classifier needs two. To use the texts "
                "for a language model only, add them without a label column or as unlabelled texts."
            )
            return [finding("one class only", 1, message, fatal=True)]
        few = [label for label, texts in texts_of.items() if len(texts) < FEW_ROWS]
        single = sum(len(texts) == 1 for texts in texts_of.values())
        if not few:
            return []
        fatal = single == len(texts_of) or (len(texts_of) > MANY_LABELS and 2 * single > len(texts_of))
        return [
            finding(
                "too few rows in a class",
                len(few),
                _few_words(few, single, fatal),
                rows=sorted(row for label in few for row in rows_of[label] if row),
                fatal=fatal,
            )
        ]


def _few_words(few: list[str], single: int, fatal: bool) -> str:
    names = ", ".join(f"“{label[:40]}”" for label in few[:5]) + (", …" if len(few) > 5 else "")
    if fatal:
        return f"Most labels have a single text ({names}): this may be the wrong column, or more texts are needed."
    words = f"Labels with fewer than {FEW_ROWS} different texts: {names}. Their results will say little."
    return words + (f" With a single text: {single}; not in the validation split." if single else "")


def _digest(text: str) -> bytes:
    """Stands for a text among many, which may not fit into memory together."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _is_binary(text: str) -> bool:
    """True if `text` has a NUL or is one tenth control characters."""
    return "\0" in text or 10 * len(_CONTROL.findall(text)) > len(text)
