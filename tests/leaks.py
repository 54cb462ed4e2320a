"""Tokens that tests use bear a mark; at the end of a session no file that the tests have left holds it.

A plugin of pytest: `tests/conftest.py` takes its fixture. It reads the homes of all tests with whatever lies in them:
records, events, logs of workers and servers, caches; and what the app keeps in the machine's folder for such files.
"""

import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

MARK = "hf_tested_"  # what every token in the tests begins with
STORED = ("token", "no-token")  # where tests put one for the client to find, as `hf auth login` does


def files_with_a_token(folders: Iterable[Path]) -> list[str]:
    """The files below `folders` that hold the mark, but for those that stand for the store of the client."""
    command = ["grep", "--recursive", "--files-with-matches", "--text", "--fixed-strings", MARK]
    command += [f"--exclude={name}" for name in STORED]
    found = subprocess.run([*command, *map(str, folders)], capture_output=True, text=True, check=False)
    return found.stdout.splitlines()


@pytest.fixture(scope="session", autouse=True)
def no_token_is_left(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Set up before and torn down after every other fixture, in each process of the tests."""
    yield
    folders = [tmp_path_factory.getbasetemp(), *Path(tempfile.gettempdir()).glob("ulmfit-*")]
    assert not (found := files_with_a_token(folders)), f"a token was written to {found}"
