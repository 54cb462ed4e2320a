"""The row-level report: problems are noted row by row and come out as `Finding`s, with what was done about them.

Knows the wording and which problems drop a row; which rows have them is found by the readers and by `checks`.
"""

from collections.abc import Iterable, Sequence

from ulmfit_app.errors import DataError
from ulmfit_app.schema import Finding, ReadAs

MOST_ROWS = 20
_WORDS = {
    "guessed encoding": "Files not written in UTF-8: {n}. Their encoding was guessed: check letters with accents.",
    "no header": "Files whose first row is data: {n}. It was kept as a text; if it is a header, name a column of it.",
    "broken file": "Rows that could not be read: {n}. They were left out.",
    "empty text": "Rows without a text: {n}. They were left out.",
    "not text": "Texts made of control characters or binary data: {n}. They were left out.",
    "over-long": "Texts over the limit on length: {n}. They were cut there.",
    "undecodable characters": "Texts with characters that could not be decoded, shown as �: {n}.",
    "no label": "Rows without a label: {n}. Their texts serve the language model only.",
    "duplicate": "Texts that occur before with the same label: {n}. All copies are kept.",
    "already in the base": "Texts that the dataset they are added to has already: {n}. They are in it twice now.",
    "conflicting duplicate": "Texts that occur before with another label: {n}. Both are kept; one of them is wrong.",
}
_DROPPED = ("broken file", "empty text", "not text")


class UnusableFileError(DataError):
    """A whole file that cannot be used; `problem` is the `Finding.problem` it becomes in a report."""

    def __init__(self, problem: str, what: str, *, todo: str) -> None:
        super().__init__(what, todo=todo)
        self.problem = problem

    def finding(self) -> Finding:
        """This as a fatal finding."""
        return finding(self.problem, 1, str(self), fatal=True)


class Notes:
    """Collects problems of rows. A place is a row number and the file it is in."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._places: dict[str, list[tuple[int, str]]] = {}
        self._details: dict[str, str] = {}

    def add(self, problem: str, row: int, file: str = "", detail: str = "") -> None:
        """Note `problem` for a row; `row` 0 stands for a file that is one text. The first `detail` is shown."""
        self._counts[problem] = self._counts.get(problem, 0) + 1
        places = self._places.setdefault(problem, [])
        if len(places) < MOST_ROWS:
            places.append((row, file))
        if detail:
            self._details.setdefault(problem, detail)

    def count(self, problem: str) -> int:
        """Rows noted for `problem`."""
        return self._counts.get(problem, 0)

    def findings(self) -> list[Finding]:
        """One Finding per problem, those that drop rows first."""
        order = [problem for problem in _WORDS if problem in self._counts]
        return [self._finding(problem) for problem in order]

    def _finding(self, problem: str) -> Finding:
        places, count = self._places[problem], self._counts[problem]
        words = _WORDS[problem].format(n=f"{count:,}")
        one_table = len({file for _, file in places}) == 1 and all(row for row, _ in places)
        example = self._details.get(problem, "") if one_table else _place(*places[0])
        if one_table and example:
            example = f"row {places[0][0]}: {example}"
        return finding(
            problem,
            count,
            f"{words} For example {example}." if example else words,
            rows=[row for row, _ in places] if one_table else (),
            dropped=problem in _DROPPED,
        )


def finding(
    problem: str, count: int, message: str, *, rows: Iterable[int] = (), dropped: bool = False, fatal: bool = False
) -> Finding:
    """A Finding with at most `MOST_ROWS` example rows."""
    return Finding.model_validate(
        {
            "problem": problem, "count": count, "message": message, "rows": tuple(rows)[:MOST_ROWS],
            "dropped": dropped, "fatal": fatal,
        }
    )  # fmt: skip


def report(findings: Sequence[Finding]) -> str:
    """The report as lines of text, fatal findings first."""
    return "\n".join(_line(item) for item in sorted(findings, key=lambda item: not item.fatal))


def refuse_fatal(findings: Sequence[Finding], read_as: Sequence[ReadAs] = ()) -> None:
    """Raise DataError with the whole report, and how the files were read, if a finding is fatal."""
    if any(item.fatal for item in findings):
        lines = [report(findings), *(f"- read as: {read_as_words(item)}" for item in read_as)]
        raise DataError(
            "\n".join(["These data cannot be used as they are:", *lines, ""]),
            kept="Nothing was kept.",
            todo="Correct the data and add them again.",
        )


def read_as_words(item: ReadAs) -> str:
    """How a file was read, on one line."""
    texts = " + ".join(f"“{name}”" for name in item.text_columns)
    label = f"label “{item.label_column}”" if item.label_column else "no label"
    split = f"; split “{item.valid_column}”" if item.valid_column else ""
    if item.format != "delimited":
        return f"{item.file}: {item.format}; text {texts}; {label}{split}"
    separator = {"": "one column", "\t": "separated by tabs"}.get(item.delimiter, f"separated by “{item.delimiter}”")
    header = "with a header" if item.header else "without a header"
    return f"{item.file}: {item.encoding}, {separator}, {header}; text {texts}; {label}{split}"


def _line(item: Finding) -> str:
    more = ", …" if item.count > len(item.rows) else ""
    rows = f" Rows {', '.join(map(str, item.rows))}{more}." if item.rows else ""
    return f"- {item.problem}{' (fatal)' if item.fatal else ''}: {item.message}{rows}"


def _place(row: int, file: str) -> str:
    return f"row {row} of {file}" if row else file
