"""What visitors read of messages written for the keeper of the server."""

import tempfile
from pathlib import Path

import pytest

from tests.visitors import ALICE
from ulmfit_app import access, redaction
from ulmfit_app.redaction import for_visitors, for_whoever_asks, without_paths
from ulmfit_app.settings import CHECKOUT, settings


@pytest.mark.parametrize(
    "written", ["{0}/runs/x/log.txt", "The folder {0} cannot be written.", "'{0}/a b/c.csv'", "{0}"]
)
def test_none_of_the_servers_folders_is_named(written: str) -> None:
    for folder in (settings().home_path, CHECKOUT, tempfile.gettempdir(), "/srv/other/place"):
        assert str(folder) not in without_paths(written.format(f"{folder}/inside"))
    for folder in (settings().home_path, CHECKOUT):
        assert str(folder) not in without_paths(written.format(folder))


def test_what_is_no_path_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redaction, "CHECKOUT", Path("/app"))  # as in the image
    text = "and/or 1/2; see https://huggingface.co/apple/app, /apples, 5 MB/s."
    assert without_paths(text) == text
    assert without_paths("/app is full, /app/models too") == "… is full, …/models too"


def test_visitors_change_no_settings() -> None:
    text = "Too large. Split it, or raise ULMFIT_MAX_FILE_MB."
    assert for_visitors(text) == "Too large. Split it, or run ULMFiT Studio on your own machine."
    assert for_visitors("Make it writable, or set ULMFIT_HOME to another folder.").endswith("your own machine.")
    assert for_whoever_asks(text) == text
    with access.acting_for(ALICE):
        assert for_whoever_asks(text) == for_visitors(text)
