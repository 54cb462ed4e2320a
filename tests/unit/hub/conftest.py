"""A Hub on this machine in the place of the real one, with a model on it; and nobody signed in."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import hubserver
from tests.fixtures import tiny_classifier
from tests.hubstate import Hub


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """The Hub that every call of the test reaches."""
    with hubserver.in_place_of_the_real_one(tmp_path, monkeypatch) as running:
        yield running


@pytest.fixture(scope="session")
def model_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of a small classifier by name."""
    folder = tiny_classifier(tmp_path_factory.mktemp("model") / "tiny")
    return {path.name: path.read_bytes() for path in folder.iterdir()}
