"""The command and the library in processes of their own against a Hub of the tests; killed in the middle of a pull."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import hubserver
from tests.fixtures import tiny_classifier
from tests.hubstate import Hub
from ulmfit_app.settings import CHECKOUT

TOKEN = "hf_tested_alice_very_secret"
LOAD = """
import sys
from ulmfit_app import load_model
print(load_model(sys.argv[1]).predict("A fine film .").probabilities)
"""


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    """A Hub with alice."""
    with hubserver.running() as running:
        running.user(TOKEN, "alice")
        yield running


def environment(hub: Hub, home: Path, **more: str) -> dict[str, str]:
    """That of a person with `home` who reaches only `hub`; without what this process has of tokens."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    mine = {"HF_ENDPOINT": hub.url, "HF_HOME": str(home / "hf"), "ULMFIT_HOME": str(home), "OMP_NUM_THREADS": "1"}
    return inherited | mine | more


def run(hub: Hub, home: Path, *arguments: str, **more: str) -> "subprocess.CompletedProcess[str]":
    """The command in a process of its own."""
    command = [sys.executable, *arguments]
    return subprocess.run(
        command,
        env=environment(hub, home, **more),
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_what_one_home_pushes_another_one_loads(hub: Hub, tmp_path: Path) -> None:
    tiny_classifier(tmp_path / "first" / "models" / "mine")
    pushed = run(
        hub, tmp_path / "first", "-m", "ulmfit_app", "hub", "push", "mine", "alice/shared", "--public", HF_TOKEN=TOKEN
    )
    assert pushed.returncode == 0, pushed.stderr
    first = run(hub, tmp_path / "first", "-c", LOAD, "mine")
    second = run(hub, tmp_path / "second", "-c", LOAD, "alice/shared")
    assert first.stdout and first.stdout == second.stdout, second.stderr
    assert (tmp_path / "second" / "models" / "alice--shared").is_dir()
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or TOKEN.encode() not in path.read_bytes(), path


def test_a_stored_login_is_used(hub: Hub, tmp_path: Path) -> None:
    (tmp_path / "hf").mkdir()
    (tmp_path / "hf" / "token").write_text(TOKEN)
    asked = run(hub, tmp_path, "-m", "ulmfit_app", "hub", "search")
    assert "Signed in as alice." in asked.stderr
    hosted = run(hub, tmp_path, "-m", "ulmfit_app", "hub", "search", ULMFIT_MODE="hosted")
    assert "Not signed in" in hosted.stderr


def test_a_killed_pull_goes_on_where_it_was(hub: Hub, tmp_path: Path) -> None:
    folder = tiny_classifier(tmp_path / "elsewhere")
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    hub.repo("bob/shared", files)
    hub.fail("GET", "model.safetensors", pause=0.3)
    command = [sys.executable, "-m", "ulmfit_app", "hub", "pull", "bob/shared"]
    process = subprocess.Popen(
        command,
        env=environment(hub, tmp_path / "home"),
        cwd=CHECKOUT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        arrived = _wait_for_part(tmp_path / "home")
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait(60)
    assert not (tmp_path / "home" / "models").exists()
    again = run(hub, tmp_path / "home", "-m", "ulmfit_app", "hub", "pull", "bob/shared")
    assert again.returncode == 0, again.stderr
    last = hub.asked("GET", "model.safetensors")[-1].range
    assert last and int(last.removeprefix("bytes=").rstrip("-")) >= arrived > 0
    pulled = tmp_path / "home" / "models" / "bob--shared"
    assert {path.name: path.read_bytes() for path in pulled.iterdir()} == files


def _wait_for_part(home: Path) -> int:
    """Bytes of the weights that have arrived, as soon as there are some but not all."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        for part in (home / "cache").rglob("parts/model.safetensors"):
            if size := part.stat().st_size:
                return size
        time.sleep(0.01)
    raise AssertionError("nothing has arrived")
