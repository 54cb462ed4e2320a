"""What the columns of a table mean: which hold the text, which the label, which the split; guessed, then checked."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from ulmfit_app.data.csvfile import is_number
from ulmfit_app.errors import DataError
from ulmfit_app.schema import SPECIAL_TOKENS

FIELD_MARK = SPECIAL_TOKENS[4]
LABEL_NAMES = (
    "label", "labels", "target", "class", "category", "sentiment", "polarity", "rating", "stars", "score", "y",
)  # fmt: skip
VALID_NAME = "is_valid"
MOST_LABELS = 30
LONGEST_LABEL = 40
TRUE, FALSE = ("true", "1", "yes"), ("false", "0", "no", "")


@dataclass(frozen=True, slots=True)
class Columns:
    """Positions of the columns: `texts` (one or more), `label` and `valid` (None: there is none)."""

    texts: tuple[int, ...]
    label: int | None
    valid: int | None

    @property
    def positions(self) -> frozenset[int]:
        """All of them."""
        return frozenset(i for i in (*self.texts, self.label, self.valid) if i is not None)

    def text_of(self, fields: Sequence[str]) -> str:
        """The text of a row; empty if none of its columns holds any."""
        texts = [fields[i] for i in self.texts]
        return join(texts) if any(text.strip() for text in texts) else ""


def choose(
    names: Sequence[str],
    rows: Sequence[Sequence[str]],
    text_columns: Sequence[str] | None = None,
    label_column: str | None = None,
) -> Columns:
    """The columns named by the caller; for those not named (None) a guess from `names` and some `rows`.

    The text is the column with the longest texts; the label a column with a label's name, else one with few different
    short values. `label_column` "" says that there is none. Raises DataError if a named column does not exist or
    is named twice.
    """
    valid = next((i for i, name in enumerate(names) if name.lower() == VALID_NAME), None)
    if valid is not None and not all(row[valid].strip().lower() in TRUE + FALSE for row in rows):
        valid = None
    label = _position(names, label_column) if label_column else None
    texts = tuple(_position(names, name) for name in text_columns or ())
    if len(set(texts)) < len(texts):
        raise DataError("A text column is named twice.", todo="Name each text column once.")
    if label is None and label_column is None:
        label = _guess_label(names, rows, valid, texts)
    if not texts:
        texts = (_longest(rows, [i for i in range(len(names)) if i not in (valid, label)] or [0]),)
    if label in texts:
        raise DataError(f"The column “{names[label]}” cannot be both text and label.", todo="Name another column.")
    return Columns(texts, label, valid)


def join(texts: Sequence[str]) -> str:
    """The text columns of a row as one text, each marked if there are several.

    Source: `fastai.text.core._join_texts` with `mark_fields` where there are several columns, as `tokenize_df`.
    """
    if len(texts) == 1:
        return texts[0]
    return " ".join(f"{FIELD_MARK} {number} {text}" for number, text in enumerate(texts, 1))


def is_true(field: str) -> bool:
    """The value of a yes-or-no column such as `is_valid`."""
    return field.strip().lower() in TRUE


def sort_labels(labels: set[str], numbers: bool = True) -> list[str]:
    """Labels in fastai's order (`CategoryMap`): sorted as text, or by value if all are numbers and `numbers` is set.

    pandas reads a column of numbers as numbers, so fastai sorts 10 after 2; folder names are always text.
    """
    if numbers and all(is_number(label) for label in labels):
        return sorted(labels, key=lambda label: (float(label), label))
    return sorted(labels)


def _position(names: Sequence[str], name: str) -> int:
    if name not in names:
        raise DataError(f"There is no column “{name}”.", todo=f"The columns are: {', '.join(names)}.")
    return list(names).index(name)


def _longest(rows: Sequence[Sequence[str]], columns: Sequence[int]) -> int:
    """The column with the longest average text; the first one of equals."""
    return max(columns, key=lambda column: fmean([len(row[column]) for row in rows] or [0.0]))


def _guess_label(
    names: Sequence[str], rows: Sequence[Sequence[str]], valid: int | None, texts: Sequence[int]
) -> int | None:
    """The column with a label's name, else the one with the fewest values that looks like one; one is left for text."""
    columns = [column for column in range(len(names)) if column != valid and column not in texts]
    if not texts and len(columns) < 2:
        return None
    if not texts:
        columns = [column for column in columns if names[column].lower() in LABEL_NAMES] or [
            column for column in columns if column != _longest(rows, columns)
        ]
    for wanted in LABEL_NAMES:
        for column in columns:
            if names[column].lower() == wanted and _values(rows, column):
                return column
    likely = [column for column in columns if _looks_like_label(_values(rows, column))]
    return min(likely, key=lambda column: len(_values(rows, column)), default=None)


def _values(rows: Sequence[Sequence[str]], column: int) -> Counter[str]:
    """The different values of a column that are not blank, counted."""
    return Counter(value for row in rows if (value := row[column].strip()))


def _looks_like_label(values: Counter[str]) -> bool:
    """Two or more short values, few enough to be seen several times each."""
    few = 2 <= len(values) <= min(MOST_LABELS, values.total() // 2)
    return few and max(map(len, values)) <= LONGEST_LABEL
