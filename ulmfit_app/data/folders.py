"""Folders of .txt files, one text each: the notebook's layout and simpler ones.

Layouts: `train/{pos,neg}`, `<valid>/{pos,neg}`, `unsup` (any labels); `{pos,neg}` without a split; .txt files alone,
which are unlabelled. As in fastai's `GrandparentSplitter` and `parent_label`, a label is the name of a text's folder.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ulmfit_app.data.encodings import encoding_of, unreadable
from ulmfit_app.data.findings import UnusableFileError
from ulmfit_app.errors import DataError

TRAIN = "train"
VALID = ("valid", "test")
UNLABELLED = ("unsup", "unlabelled")


@dataclass(frozen=True, slots=True)
class TextFile:
    """One text: its `path`, its label (None: unlabelled), its side of the split (None: the folder does not say)."""

    path: Path
    label: str | None
    valid: bool | None


def tree(folder: Path) -> dict[str, int]:
    """How many .txt files lie directly in each folder under `folder`, by path relative to it (itself: ".")."""
    counts: dict[str, int] = {}
    for path in _texts(folder):
        name = path.parent.relative_to(folder).as_posix()
        counts[name] = counts.get(name, 0) + 1
    return counts


def text_files(folder: Path, valid: str | None = None) -> list[TextFile]:
    """The texts under `folder`, sorted by path. `valid` names the validation folder; by default valid or test.

    Raises DataError if there are no texts or `valid` does not exist.
    """
    try:
        found = _found(folder, valid)
    except OSError as error:
        raise unreadable(folder, error) from None
    if not found:
        raise UnusableFileError(
            "empty text",
            f"“{folder.name}” holds no .txt files where they are looked for.",
            todo=f"Put them into {TRAIN}/<label>/ and test/<label>/, or into one folder per label.",
        )
    return sorted(found, key=lambda text: str(text.path))


def _found(folder: Path, valid: str | None) -> list[TextFile]:
    if (folder / TRAIN).is_dir():
        return _split_layout(folder, validation_folder(folder, valid))
    if valid is not None:
        raise DataError(f"“{folder.name}” has no folder “{TRAIN}” beside “{valid}”.", todo="Leave out --valid.")
    return [*_labelled(folder, None), *(TextFile(path, None, None) for path in folder.glob("*.txt"))]


def validation_folder(folder: Path, valid: str | None = None) -> str | None:
    """The name of the validation folder in `folder`; None if there is none.

    Raises DataError if `valid` does not name a folder in `folder`, or the one of the training or unlabelled texts.
    """
    names = sorted(path.name for path in folder.iterdir() if path.is_dir() and path.name not in (TRAIN, *UNLABELLED))
    if valid is not None and valid not in names:
        todo = f"Its folders for that are: {', '.join(names)}." if names else "Leave out --valid."
        raise DataError(f"“{folder.name}” has no validation folder “{valid}”.", todo=todo)
    return valid or next((name for name in VALID if (folder / name).is_dir()), None)


def unlabelled_files(folder: Path) -> list[TextFile]:
    """Every .txt file under `folder`, as unlabelled texts."""
    return [TextFile(path, None, None) for path in _texts(folder)]


def read_text(path: Path) -> tuple[str, str]:
    """The text of one file and its encoding: UTF-8, else what it seems to have. Line ends become newlines."""
    encoding = "utf-8-sig"
    try:
        data = path.read_bytes()
    except OSError as error:
        raise unreadable(path, error) from None
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        encoding = encoding_of(path)
        text = data.decode(encoding, "replace")
    return text.replace("\r\n", "\n").replace("\r", "\n"), encoding


def _split_layout(folder: Path, valid: str | None) -> list[TextFile]:
    found = list(_labelled(folder / TRAIN, False if valid else None))
    if valid:
        found += _labelled(folder / valid, True)
    for name in UNLABELLED:
        found += unlabelled_files(folder / name)
    return found


def _labelled(folder: Path, valid: bool | None) -> Iterator[TextFile]:
    """The texts in the folders of `folder`, each folder a label."""
    for label in folder.iterdir():
        for path in label.glob("*.txt") if label.is_dir() else ():
            named = label.name not in UNLABELLED
            yield TextFile(path, label.name if named else None, valid if named else None)


def _texts(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.txt"), key=str)
