"""How a worker's process is started."""

import sys
import time
from pathlib import Path

import pytest

from tests.unit.runs.making import make_run
from ulmfit_app.runs import launcher

SAY = "import os, time; print(os.environ.get('GLIBC_TUNABLES'), flush=True); time.sleep(0.1)"


@pytest.mark.parametrize(("own", "expected"), [(None, launcher.KEEP_MEMORY), ("glibc.malloc.perturb=0",) * 2])
def test_a_worker_keeps_its_memory_unless_the_user_says_otherwise(
    home: Path, monkeypatch: pytest.MonkeyPatch, own: str | None, expected: str
) -> None:
    monkeypatch.delenv("GLIBC_TUNABLES", raising=False)
    if own:
        monkeypatch.setenv("GLIBC_TUNABLES", own)
    monkeypatch.setattr(launcher, "worker_command", lambda run_id: [sys.executable, "-c", SAY])
    run = make_run()
    launcher.start(run)
    for _ in range(200):
        if "\n" in (said := run.log.read_text()):
            break
        time.sleep(0.05)
    assert said.strip() == expected
