"""The check that no token is left in a file, itself checked."""

import subprocess
import sys
from pathlib import Path

from tests.leaks import MARK, STORED, files_with_a_token
from ulmfit_app.settings import CHECKOUT, environment_with

TEST = """
def test_it(tmp_path):
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "log.txt").write_bytes(b"\\0 hf_" + b"tested_alice \\xff")
"""


def test_a_token_is_found_in_any_file_but_the_clients_store(tmp_path: Path) -> None:
    for name in ("log.txt", "deep/.hidden/events.jsonl", "weights.bin", *(f"hf/{name}" for name in STORED)):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"\0\xff")
    assert files_with_a_token([tmp_path]) == []
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    for path in files:
        path.write_bytes(b"\0\xff" + f"{MARK}alice".encode() + b"\xff")
    found = {Path(name).name for name in files_with_a_token([tmp_path])}
    for path in files:
        path.unlink()  # the session of this test is searched too
    assert found == {"log.txt", "events.jsonl", "weights.bin"}


def test_a_session_that_leaves_a_token_fails(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(TEST)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.leaks", "-p", "no:cacheprovider", "--basetemp"]
    run = subprocess.run(
        [*command, tmp_path / "base", tmp_path / "test_it.py"],
        cwd=CHECKOUT,
        env=environment_with(PYTEST_DISABLE_PLUGIN_AUTOLOAD="1"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert "1 passed, 1 error" in run.stdout and "a token was written to" in run.stdout
    (log,) = (tmp_path / "base").rglob("log.txt")
    log.unlink()
