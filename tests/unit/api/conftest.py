"""The API over a home with the models `tiny` and `tiny-lm`."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from tests.fixtures import tiny_classifier, tiny_lm
from ulmfit_app.api import routes, work


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both models, made once."""
    folder = tmp_path_factory.mktemp("made")
    tiny_classifier(folder / "tiny")
    tiny_lm(folder / "tiny-lm")
    return folder


@pytest.fixture(autouse=True)
def models(made: Path, home: Path, no_shipped_models: None) -> Path:
    """The models of this test's home; the API's threads are new, as a test may set their number."""
    work.threads.cache_clear()
    return Path(shutil.copytree(made, home / "models"))


@pytest.fixture
def app() -> Starlette:
    """The API alone."""
    return Starlette(routes=routes())


@pytest.fixture
def client(app: Starlette) -> Iterator[TestClient]:
    """A client of the API alone."""
    with TestClient(app) as client:
        yield client
