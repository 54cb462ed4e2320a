"""Every test runs in a home of its own and never sees the user's."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.leaks import no_token_is_left
from ulmfit_app.settings import Settings, settings

__all__ = ["no_token_is_left"]

TESTS = Path(__file__).parent
MARKED_FOLDERS = {"slow": pytest.mark.slow, "fuzz": pytest.mark.slow, "e2e": pytest.mark.e2e, "cuda": pytest.mark.cuda}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What lies in slow/, e2e/ or cuda/ has the marker of that name; what lies in fuzz/ is slow."""
    for item in items:
        folder = item.path.relative_to(TESTS).parts[0]
        if folder in MARKED_FOLDERS:
            item.add_marker(MARKED_FOLDERS[folder])


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A fresh, not yet existing ULMFIT_HOME."""
    folder = tmp_path / "home"
    monkeypatch.setenv("ULMFIT_HOME", str(folder))
    settings.cache_clear()
    yield folder
    settings.cache_clear()


@pytest.fixture
def no_shipped_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the checkout came without models."""
    monkeypatch.setattr(Settings, "shipped_models", property(lambda _: tmp_path / "no-shipped-models"))
