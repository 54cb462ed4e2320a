"""Every page of a hosted server, opened by a visitor with the links of another: nothing of theirs is on it."""

from pathlib import Path
from types import SimpleNamespace

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from tests.visitors import ALICE, BOB, SIGN, make_everything
from ulmfit_app import access, signing
from ulmfit_app.data import sources
from ulmfit_app.errors import AppError
from ulmfit_app.runs import launcher
from ulmfit_app.settings import CHECKOUT, VISITOR_COOKIE, settings
from ulmfit_app.ui import visitor as module
from ulmfit_app.ui.datasets import open_dataset
from ulmfit_app.ui.visitor import visitor

LISTING = {"datasets", "models", "runs", "predict", "generate", "evaluate", "finetune_lm", "finetune_classifier"}
PAGES = sorted(path.stem for path in (CHECKOUT / "pages").glob("*.py"))


@pytest.fixture(autouse=True)
def hosted(monkeypatch: pytest.MonkeyPatch, no_shipped_models: None, tmp_path: Path) -> None:
    """A hosted server that starts no workers, without a catalogue; Bob has a dataset."""
    monkeypatch.setenv("ULMFIT_MODE", "hosted")
    monkeypatch.setattr(launcher, "start", lambda folder: 1)
    monkeypatch.setattr(sources, "CATALOGUE", {})
    settings.cache_clear()
    file = tmp_path / "bobs.csv"
    file.write_text("\n".join(["text,label", *(f"text {n} of mine,{'ab'[n % 2]}" for n in range(40))]))
    with access.acting_for(BOB):
        sources.add("bobs", [file])


def everything_on(page: str, who: str, monkeypatch: pytest.MonkeyPatch, **query: str) -> str:
    """Every element of the page as `who` gets it, as sent to the browser."""
    monkeypatch.setattr(access, "_ask", lambda: who)
    app = AppTest.from_file(CHECKOUT / "pages" / f"{page}.py", default_timeout=60)
    for key, value in query.items():
        app.query_params[key] = value
    app.run()
    assert not app.exception
    return "\n".join(str(getattr(node, "proto", "")) for node in app._tree)


def test_no_page_shows_anything_of_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = make_everything(ALICE, tmp_path)
    lists_mine = {page for page in PAGES if SIGN in everything_on(page, ALICE, monkeypatch)}
    assert lists_mine >= LISTING
    for page in PAGES:
        seen = everything_on(page, BOB, monkeypatch)
        assert SIGN not in seen, page
        assert str(settings().home_path) not in seen, page
        assert not any(run_id in seen for run_id in ids.values()), page


@pytest.mark.parametrize("page", ["models", "predict", "generate", "evaluate", "finetune_lm", "datasets", "runs"])
def test_a_link_to_something_of_another_does_not_open_it(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = make_everything(ALICE, tmp_path)
    links = {"model": f"{SIGN}-lm", "dataset": f"{SIGN}-texts", "parent": f"{SIGN}-lm", "run": ids["ended"]}
    seen = everything_on(page, BOB, monkeypatch, **links)
    for name in ("classifier", "ended", "queued", "gone", "thrown", "deleted"):
        assert f"{SIGN}-{name}" not in seen  # what the link does not name itself
    assert "was fine" not in seen
    assert f"{SIGN}: no more" not in seen


def test_a_visitor_gives_no_path(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Path on this machine" not in everything_on("datasets", BOB, monkeypatch)
    assert "removed 24 hours after" in everything_on("datasets", BOB, monkeypatch)
    assert "removed 24 hours after" not in everything_on("datasets", "hf:carol", monkeypatch)
    assert "Path on this machine" in everything_on("datasets", access.LOCAL, monkeypatch)


def test_who_the_visitor_is(monkeypatch: pytest.MonkeyPatch) -> None:
    session: dict[str, object] = {}

    def in_session(user: dict[str, object], cookie: str | None) -> str:
        cookies = {VISITOR_COOKIE: cookie} if cookie else {}
        streamlit = SimpleNamespace(user=user, context=SimpleNamespace(cookies=cookies), session_state=session)
        monkeypatch.setattr(module, "st", streamlit)
        return visitor()

    with pytest.raises(AppError, match="does not know who asks"):
        visitor()  # a thread outside a session
    monkeypatch.setattr(module, "get_script_run_ctx", lambda **_: object())
    cookie = signing.cookie_of(ALICE)
    assert in_session({}, cookie) == ALICE
    assert in_session({"is_logged_in": True, "sub": "1"}, cookie) == ALICE  # no sign-in is configured
    without = in_session({}, None)
    assert signing.ANONYMOUS.fullmatch(without)
    assert without != ALICE
    assert in_session({}, cookie[:-1]) == without  # a browser without cookies: as long as the session
    session.clear()
    assert in_session({}, None) != without


def test_two_owners_datasets_of_one_name_are_opened_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for owner, file in ((ALICE, "alices-secret.csv"), (BOB, "bobs.csv")):
        path = tmp_path / file
        path.write_text("text\n" + "\n".join(f"the same text {number}" for number in range(20)), encoding="utf-8")
        with access.acting_for(owner):
            sources.add("same", [path])
    st.cache_resource.clear()
    found = []
    for owner in (ALICE, BOB):
        with access.acting_for(owner):
            found.append(open_dataset(sources.entry("same")).info.source)
    assert found == ["alices-secret.csv", "bobs.csv"]
