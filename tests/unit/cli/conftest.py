"""The command line as a fixture."""

import pytest

from tests.unit.cli.running import Command


@pytest.fixture
def ulmfit(capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs a command and gives its output and exit code."""
    return Command(capsys)
