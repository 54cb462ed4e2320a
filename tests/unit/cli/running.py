"""Running a command in this process: what it printed, and its exit code."""

import json
from dataclasses import dataclass
from typing import Any

import pytest

from ulmfit_app.cli import main


@dataclass(frozen=True)
class Outcome:
    """A command that has ended."""

    code: int
    out: str
    err: str

    def json(self) -> dict[str, Any]:
        """The one object on stdout."""
        (line,) = self.out.splitlines()
        value = json.loads(line)
        assert isinstance(value, dict)
        return value


@dataclass(frozen=True)
class Command:
    """`ulmfit(…)` in tests."""

    capsys: pytest.CaptureFixture[str]

    def __call__(self, *arguments: object) -> Outcome:
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        printed = self.capsys.readouterr()
        return Outcome(int(ended.value.code or 0), printed.out, printed.err)
