"""The warm-up never delays the server and never brings it down."""

import asyncio
import threading

import pytest

from ulmfit_app.ui import warmup


def test_imports_in_a_daemon_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    entered = threading.Event()
    release = threading.Event()
    imported: list[str] = []

    def slow_import(name: str) -> None:
        entered.set()
        release.wait(30)
        imported.append(name)

    monkeypatch.setattr(warmup, "import_module", slow_import)
    monkeypatch.setattr(warmup, "SLOW", ("a", "b"))

    async def serve() -> list[threading.Thread]:
        async with warmup.warm_up(None):
            entered.wait(30)
            assert imported == []  # the server is up while the import still runs
            return [thread for thread in threading.enumerate() if thread.name == "warm-up"]

    (thread,) = asyncio.run(serve())
    release.set()
    thread.join(30)
    assert thread.daemon
    assert imported == ["a", "b"]


def test_a_missing_library_is_logged(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(warmup, "SLOW", ("no_such_library_at_all", "json"))
    warmup._import_slow()
    assert "no_such_library_at_all" in caplog.text
