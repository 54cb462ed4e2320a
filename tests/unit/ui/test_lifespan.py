"""The warm-up never delays the server and never brings it down; the dispatcher starts what waits."""

import asyncio
import gc
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest.mock import Mock

import pytest
from streamlit import config

from ulmfit_app import signing
from ulmfit_app.errors import AppError, RunError
from ulmfit_app.runs.serving import is_served
from ulmfit_app.settings import settings
from ulmfit_app.ui import lifespan


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No waiting for a first page, and the garbage collection of the tests as it was."""
    monkeypatch.setattr(lifespan, "FIRST_PAGE", 0)
    yield
    gc.unfreeze()


def test_imports_in_a_daemon_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    entered = threading.Event()
    release = threading.Event()
    imported: list[str] = []

    def slow_import(name: str) -> None:
        entered.set()
        release.wait(30)
        imported.append(name)

    monkeypatch.setattr(lifespan, "import_module", slow_import)
    monkeypatch.setattr(lifespan, "SLOW", ("a", "b"))

    async def serve() -> list[threading.Thread]:
        async with lifespan.lifespan(None):
            entered.wait(30)
            assert imported == []  # the server is up while the import still runs
            return [thread for thread in threading.enumerate() if thread.name == "warm-up"]

    (thread,) = asyncio.run(serve())
    release.set()
    thread.join(30)
    assert thread.daemon
    assert imported == ["a", "b"]
    assert gc.get_freeze_count() > 0  # what was imported is not looked through after every run of a script


def test_a_server_that_ends_at_once_imports_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    imported: list[str] = []
    monkeypatch.setattr(lifespan, "import_module", imported.append)
    monkeypatch.setattr(lifespan, "FIRST_PAGE", 30)

    async def serve() -> list[threading.Thread]:
        async with lifespan.lifespan(None):
            return [thread for thread in threading.enumerate() if thread.name == "warm-up"]

    (thread,) = asyncio.run(serve())
    thread.join(10)
    assert not thread.is_alive()
    assert imported == []


def test_a_missing_library_is_logged(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(lifespan, "SLOW", ("no_such_library_at_all", "json"))
    lifespan._warm_up(threading.Event())
    assert "no_such_library_at_all" in caplog.text


def test_while_it_serves_it_dispatches_and_holds_the_serving_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    looked = threading.Event()
    monkeypatch.setattr(lifespan, "dispatch", looked.set)
    monkeypatch.setattr(lifespan, "SLOW", ())

    async def serve() -> bool:
        async with lifespan.lifespan(None):
            assert looked.wait(30)
            return is_served()

    assert asyncio.run(serve())
    assert not is_served()


def test_a_dispatch_that_fails_is_logged_once_and_tried_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    tries: list[None] = []
    twice = threading.Event()

    def fails() -> None:
        tries.append(None)
        if len(tries) >= 2:
            twice.set()
        raise RunError("The home cannot be written.")

    monkeypatch.setattr(lifespan, "dispatch", fails)
    monkeypatch.setattr(lifespan, "SLOW", ())
    monkeypatch.setattr(lifespan, "EVERY", 0.01)

    async def serve() -> None:
        async with lifespan.lifespan(None):
            assert twice.wait(30)

    asyncio.run(serve())
    assert caplog.text.count("The home cannot be written.") == 1


def test_a_hosted_server_says_so_and_receives_no_larger_files_than_it_reads(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, home: Path
) -> None:
    monkeypatch.setenv("ULMFIT_MODE", "hosted")
    monkeypatch.setattr(lifespan, "SLOW", ())
    monkeypatch.setattr(lifespan, "remove_expired", removals := Mock())
    settings.cache_clear()
    (left := home / "cache" / "hub" / "anonymous" / "bob--it@0").mkdir(parents=True)  # of a download that broke off
    os.utime(left, (0, 0))
    asyncio.run(serve_until(lambda: removals.call_count == 1 and not left.exists()))
    assert config.get_option("server.maxUploadSize") == settings().max_file_mb == 20
    assert "Open to visitors" in caplog.text
    assert (home / signing.SECRET_FILE).exists()


def test_a_hosted_server_without_a_good_secret_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ULMFIT_MODE", "hosted")
    monkeypatch.setenv("ULMFIT_SECRET", "guess")
    settings.cache_clear()
    with pytest.raises(AppError, match="can be guessed"):
        asyncio.run(serve_until(lambda: True))


def test_a_server_of_ones_own_removes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lifespan, "SLOW", ())
    monkeypatch.setattr(lifespan, "remove_expired", removals := Mock())
    monkeypatch.setattr(lifespan, "dispatch", looks := Mock())
    asyncio.run(serve_until(lambda: looks.call_count == 1))
    assert removals.call_count == 0


async def serve_until(done: Callable[[], bool]) -> None:
    """Serve until `done`, at most half a minute."""
    async with lifespan.lifespan(None), asyncio.timeout(30):
        while not done():
            await asyncio.sleep(0.01)


BEGIN = """
import asyncio, sys
from ulmfit_app.ui import lifespan
lifespan._warm_up = lambda ending: None
async def begin():
    async with lifespan.lifespan(None):
        print(sorted({"numpy", "pandas"} & set(sys.modules)))
asyncio.run(begin())
"""


def test_what_plotly_would_take_half_imported_is_there_before_the_server_begins() -> None:
    done = subprocess.run([sys.executable, "-c", BEGIN], capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines()[-1:] == ["['numpy', 'pandas']"], done.stderr
