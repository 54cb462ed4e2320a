"""Every test runs in a home of its own and never sees the user's."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ulmfit_app.settings import settings


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A fresh, not yet existing ULMFIT_HOME."""
    folder = tmp_path / "home"
    monkeypatch.setenv("ULMFIT_HOME", str(folder))
    settings.cache_clear()
    yield folder
    settings.cache_clear()
