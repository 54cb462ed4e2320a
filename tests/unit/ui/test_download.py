"""A file that is built when its button is pressed is built for whoever drew it, within the limits of visitors."""

from typing import Any

import pytest
import streamlit as st

from ulmfit_app import access, limits
from ulmfit_app.errors import AppError
from ulmfit_app.ui.download import draw_download

VISITOR = "anon:someone"


def test_it_is_built_later_as_who_drew_it_and_one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    builds: list[Any] = []
    monkeypatch.setattr(st, "download_button", lambda label, data, *_, **__: builds.append(data))
    busy: list[set[str]] = []

    def build() -> bytes:
        busy.append(set(limits._busy))
        return access.current().encode()

    with access.acting_for(VISITOR):
        draw_download("File", build, "file.txt", "text/plain")
    assert busy == []
    assert builds[0]() == VISITOR.encode() and busy == [{VISITOR}]
    monkeypatch.setattr(limits, "PATIENCE", 0.01)
    with access.acting_for(VISITOR), limits.one_at_a_time(), pytest.raises(AppError, match="still being computed"):
        builds[0]()
    assert len(busy) == 1 and not limits._busy
