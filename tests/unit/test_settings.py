"""Settings from the environment: empty is not set, wrong is told with the variable's name."""

from pathlib import Path

import pytest

from ulmfit_app.errors import AppError
from ulmfit_app.settings import settings


@pytest.fixture(autouse=True)
def fresh() -> None:
    settings.cache_clear()


def test_an_empty_variable_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOME", "THREADS", "MAX_FILE_MB"):
        monkeypatch.setenv(f"ULMFIT_{name}", "")
    assert (settings().threads, settings().max_file_mb) == (None, 500)
    assert settings().home_path == Path("~/.ulmfit").expanduser()


@pytest.mark.parametrize(
    ("variable", "value"),
    [("THREADS", "abc"), ("THREADS", "0"), ("MAX_FILE_MB", "1.5"), ("MAX_TEXT_CHARS", " "), ("HOME", "~nobody-here/x")],
)
def test_a_wrong_value_is_told_with_its_variable(variable: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"ULMFIT_{variable}", value)
    with pytest.raises(AppError) as refusal:
        settings()
    assert f"ULMFIT_{variable}" in str(refusal.value) and f"'{value}'" in str(refusal.value)
    assert "pydantic" not in str(refusal.value)


def test_every_wrong_value_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ULMFIT_THREADS", "many")
    monkeypatch.setenv("ULMFIT_MAX_FILE_MB", "-1")
    with pytest.raises(AppError, match=r"ULMFIT_THREADS.*ULMFIT_MAX_FILE_MB"):
        settings()


def test_what_is_not_set_is_tighter_when_hosted(monkeypatch: pytest.MonkeyPatch) -> None:
    before = settings()
    monkeypatch.setenv("ULMFIT_MODE", "hosted")
    monkeypatch.setenv("ULMFIT_MAX_WORDS", "900")
    settings.cache_clear()
    assert settings().max_file_mb < before.max_file_mb
    assert (before.max_texts, settings().max_texts) == (None, 50_000)
    assert settings().max_words == 900
