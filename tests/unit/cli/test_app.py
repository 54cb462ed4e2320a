"""The root command: its version, and what becomes of errors that nobody expected."""

from pathlib import Path

import pytest

from tests.unit.cli.running import Command
from ulmfit_app import __version__, registry
from ulmfit_app.settings import settings


def test_version(ulmfit: Command) -> None:
    ran = ulmfit("--version")
    assert (ran.code, ran.out, ran.err) == (0, f"ulmfit {__version__}\n", "")


def test_a_bug_is_logged_with_its_traceback_and_the_log_is_named(
    ulmfit: Command, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "models", _broken)
    for _ in range(2):
        ran = ulmfit("models", "list", "--json")
        assert (ran.code, ran.out) == (1, "")
        assert "Traceback" not in ran.err and "ZeroDivisionError" in ran.err
        assert str(home / "errors.log") in ran.err
    log = (home / "errors.log").read_text()
    assert log.count("Traceback (most recent call last)") == 2
    assert "in _broken" in log and __version__ in log


def test_a_bug_is_told_even_where_nothing_can_be_logged(
    ulmfit: Command, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.write_text("a file where the folder should be")
    monkeypatch.setattr(registry, "models", _broken)
    ran = ulmfit("models", "list")
    assert ran.code == 1
    assert "please report it" in ran.err and "errors.log" not in ran.err


def test_what_is_expected_is_not_logged(ulmfit: Command, home: Path) -> None:
    assert ulmfit("models", "show", "nothing").code == 1
    assert not home.exists()


def test_a_wrong_setting_is_told(ulmfit: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ULMFIT_THREADS", "abc")
    settings.cache_clear()
    ran = ulmfit("models", "list")
    assert (ran.code, ran.out) == (1, "")
    assert "ULMFIT_THREADS" in ran.err and "'abc'" in ran.err and "report" not in ran.err


def test_an_error_of_the_disk_without_a_file_names_none(ulmfit: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "models", _full)
    assert ulmfit("models", "list").err == "A file could not be read or written: No space left on device.\n"


def _broken() -> None:
    raise ZeroDivisionError("secret bug")


def _full() -> None:
    raise OSError(28, "No space left on device")
