"""Every page of a hosted server, opened by a visitor with the links of another: nothing of theirs is on it."""

import ast
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qsl, urlsplit

import pytest
import streamlit as st
from filelock import FileLock
from streamlit.testing.v1 import AppTest

from tests.fixtures import tiny_lm
from tests.unit.runs.making import make_run, status
from tests.visitors import ALICE, BOB, SIGN, make_everything
from ulmfit_app import access, limits, registry, signing
from ulmfit_app.data import sources
from ulmfit_app.data.dataset import Dataset
from ulmfit_app.errors import AppError
from ulmfit_app.runs import launcher
from ulmfit_app.schema import RunState
from ulmfit_app.settings import CHECKOUT, VISITOR_COOKIE, settings
from ulmfit_app.ui import crowd, dataset_form, dataset_input
from ulmfit_app.ui import visitor as module
from ulmfit_app.ui.dataset_form import CHECKED
from ulmfit_app.ui.datasets import open_dataset
from ulmfit_app.ui.exploration import explore
from ulmfit_app.ui.visitor import SESSION, visitor

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


def opened(page: str, who: str, monkeypatch: pytest.MonkeyPatch, **query: str) -> AppTest:
    """The page as `who` gets it."""
    monkeypatch.setattr(access, "_ask", lambda: who)
    app = AppTest.from_file(CHECKOUT / "pages" / f"{page}.py", default_timeout=60)
    for key, value in query.items():
        app.query_params[key] = value
    app.run()
    assert not app.exception
    return app


def sent(app: AppTest) -> str:
    """Every element of the page, as sent to the browser."""
    return "\n".join(str(getattr(node, "proto", "")) for node in app._tree)


def everything_on(page: str, who: str, monkeypatch: pytest.MonkeyPatch, **query: str) -> str:
    """Every element of the page as `who` gets it."""
    return sent(opened(page, who, monkeypatch, **query))


def test_every_page_of_the_navigation_is_opened_here() -> None:
    table = ast.parse((CHECKOUT / "ulmfit_app" / "ui" / "navigation.py").read_text())
    files = {str(node.value) for node in ast.walk(table) if isinstance(node, ast.Constant)}
    assert {file for file in files if file.endswith(".py")} == {f"{page}.py" for page in PAGES}


def test_no_page_shows_anything_of_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = make_everything(ALICE, tmp_path)
    for page in PAGES:
        assert SIGN in everything_on(page, ALICE, monkeypatch), f"{page} lists nothing: this proves nothing"
        seen = everything_on(page, BOB, monkeypatch)
        assert SIGN not in seen, page
        assert str(settings().home_path) not in seen, page
        assert not any(run_id in seen for run_id in ids.values()), page


def test_a_link_to_something_of_another_does_not_open_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = make_everything(ALICE, tmp_path)
    links = {"model": f"{SIGN}-lm", "other": f"{SIGN}-lm", "dataset": f"{SIGN}-texts", "parent": f"{SIGN}-lm"}
    runs = {"predict": "predicted", "evaluate": "evaluated"}
    for page in PAGES:
        seen = everything_on(page, BOB, monkeypatch, **links)
        seen += everything_on(page, BOB, monkeypatch, run=ids[runs.get(page, "ended")], **links)
        for name in ("classifier", "ended", "queued", "gone", "thrown", "deleted"):
            assert f"{SIGN}-{name}" not in seen, page  # what the link does not name itself
        for secret in ("was fine", f"{SIGN}: no more", f"{SIGN} note", f"{SIGN} row"):
            assert secret not in seen, page


@pytest.mark.parametrize(
    ("run", "page", "shown"),
    [
        ("ended", "runs", f"{SIGN}: no more"),
        ("queued", "runs", f"{SIGN}-queued"),
        ("predicted", "predict", f"Predictions for {SIGN}-file.csv"),
        ("predicted", "runs", "1 rows predicted"),
        ("evaluated", "evaluate", f"{SIGN} note"),
    ],
)
def test_a_shared_run_is_read_and_nothing_else(
    run: str, page: str, shown: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = make_everything(ALICE, tmp_path)
    app = opened(page, BOB, monkeypatch, run=ids[run], share=signing.share_run(ids[run]))
    seen = sent(app)
    assert shown in seen
    assert "Shared with you to read" in seen
    (back,) = app.button  # and no other
    for name in ("classifier", "texts", "gone", "thrown", "deleted"):
        assert f"{SIGN}-{name}" not in seen
    back.click().run()
    assert app.query_params == {}
    assert SIGN not in sent(app)


def test_a_token_opens_no_other_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = make_everything(ALICE, tmp_path)
    for run, token in (("queued", signing.share_run(ids["ended"])), ("ended", signing.cookie_of(ALICE)), ("ended", "")):
        seen = everything_on("runs", BOB, monkeypatch, run=ids[run], share=token)
        assert f"{SIGN}-" not in seen
        assert "This link opens nothing" in seen


def test_a_shared_model_is_read_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_everything(ALICE, tmp_path)
    with access.acting_for(ALICE):
        registry.write_notes(f"{SIGN}-lm", "The note of Alice.")
    own = opened("models", ALICE, monkeypatch, model=f"{SIGN}-lm")
    link = urlsplit(next(code.value for code in own.code if "share=" in code.value))
    assert link.path == "/models"
    app = opened("models", BOB, monkeypatch, **dict(parse_qsl(link.query)))
    seen = sent(app)
    assert "Shared with you to read" in seen
    assert "The note of Alice." in seen
    (back,) = app.button
    assert not app.text_input and not app.text_area and not app.get("download_button")
    for name in ("classifier", "texts", "deleted", "ended"):
        assert f"{SIGN}-{name}" not in seen
    back.click().run()
    assert SIGN not in sent(app)


@pytest.mark.parametrize("change", ["other-name", "deleted", "made anew", "forged", "run"])
def test_a_link_to_a_model_that_is_not_there_names_no_other(
    change: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = make_everything(ALICE, tmp_path)
    place = access.folder_name(ALICE)
    with access.acting_for(ALICE):
        weights = registry.entry(f"{SIGN}-lm").usable_config().weights_sha256
    token = signing.share_model(place, f"{SIGN}-lm", weights)
    assert f"{SIGN}-lm" in everything_on("models", BOB, monkeypatch, share=token)
    if change == "deleted":
        with access.acting_for(ALICE):
            registry.delete(f"{SIGN}-lm")
    elif change == "made anew":
        with access.acting_for(ALICE):
            registry.delete(f"{SIGN}-lm")
            tiny_lm(access.place("models") / f"{SIGN}-lm", seed=1)
    elif change != "other-name":
        token = signing.share_run(ids["ended"]) if change == "run" else f"{token[:-2]}xx"
    else:
        token = signing.share_model(place, "hus-lm", weights)
    seen = everything_on("models", BOB, monkeypatch, share=token)
    assert "link open" in seen
    assert SIGN not in seen


def test_a_run_of_ones_own_has_a_link_to_share_and_no_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = make_everything(ALICE, tmp_path)
    app = opened("runs", ALICE, monkeypatch, run=ids["ended"])
    link = urlsplit(next(code.value for code in app.code if "share=" in code.value))
    query = dict(parse_qsl(link.query))
    assert (link.path, query["run"]) == ("/runs", ids["ended"])
    signing.refuse_unshared(ids["ended"], query["share"])
    assert ".log.txt" not in sent(app)


def test_locally_a_run_has_a_log_and_nothing_to_share(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ULMFIT_MODE", "local")
    settings.cache_clear()
    seen = everything_on("runs", access.LOCAL, monkeypatch, run=make_run(name="mine").id)
    assert "share=" not in seen
    assert 'label: "Log"' in seen


@pytest.mark.parametrize("page", ["finetune_lm", "finetune_classifier"])
def test_the_form_of_a_training_states_the_limits_first(page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    app = opened(page, BOB, monkeypatch, dataset="bobs", parent="scratch")
    assert any("15 min" in caption.value and "5,000 training texts" in caption.value for caption in app.caption)
    offered = {widget.label for widget in (*app.selectbox, *app.number_input)}
    assert offered.isdisjoint({"Device", "Precision", "Threads"})
    assert "Limit" in offered


def test_where_visitors_train_nothing_the_form_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ULMFIT_VISITOR_TRAINING_MINUTES", "0")
    settings.cache_clear()
    app = opened("finetune_lm", BOB, monkeypatch, dataset="bobs", parent="scratch")
    assert any("trains nothing for visitors" in info.value for info in app.info)
    assert app.button(key="start").disabled


@pytest.mark.parametrize("error", [OSError(5, "Input/output error", "/srv/x/y"), AppError("The file /srv/x/y is bad.")])
def test_an_error_tells_a_visitor_no_path(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails() -> list[object]:
        raise error

    monkeypatch.setattr(sources, "catalogue", fails)
    app = opened("explore", BOB, monkeypatch)
    assert app.error
    assert "/srv/" not in app.error[0].value


def test_a_visitor_gives_no_path(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Path on this machine" not in everything_on("datasets", BOB, monkeypatch)
    assert "removed 24 hours after" in everything_on("datasets", BOB, monkeypatch)
    assert "removed 24 hours after" not in everything_on("datasets", "hf:carol", monkeypatch)
    assert "Path on this machine" in everything_on("datasets", access.LOCAL, monkeypatch)


def test_a_browser_that_sends_a_path_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "_ask", lambda: BOB)
    (tmp_path / "secret.csv").write_text("text\nof the server\n" * 30)
    app = AppTest.from_file(CHECKOUT / "pages" / "datasets.py", default_timeout=60)
    app.session_state["path"] = str(tmp_path / "secret.csv")
    monkeypatch.setattr(dataset_form, "GIVEN", {"upload": dataset_input.given_path})
    app.run()
    assert any("gives no path" in error.value for error in app.error)
    assert "of the server" not in sent(app)


def test_a_browser_without_cookies_is_told_what_that_means(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "_ask", lambda: BOB)
    app = AppTest.from_file(CHECKOUT / "pages" / "datasets.py", default_timeout=60)
    assert "takes no cookie" not in sent(app.run())
    app.session_state[SESSION] = BOB
    assert "takes no cookie" in sent(app.run())


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
    for owner, file in ((ALICE, "alices-secret.csv"), (BOB, "bobs.csv")):
        with access.acting_for(owner):
            dataset = open_dataset(sources.entry("same"))
            assert (dataset.info.source, explore(dataset).dataset.info.source) == (file, file)


def test_a_visitor_tokenises_one_thing_at_a_time_on_one_core_and_not_when_the_disk_is_full(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given: list[object] = []
    real = Dataset.token_table

    def watched(self: Dataset, *arguments: object, workers: int | None = None) -> object:
        given.append((workers, set(limits._busy)))
        return real(self)

    monkeypatch.setattr(Dataset, "token_table", watched)
    st.cache_resource.clear()
    with access.acting_for(BOB):
        dataset = open_dataset(sources.entry("bobs"))
        monkeypatch.setenv("ULMFIT_FREE_MB", str(10**9))
        settings.cache_clear()
        with pytest.raises(AppError, match="disk is nearly full"):
            explore(dataset)
        assert given == []
        monkeypatch.delenv("ULMFIT_FREE_MB")
        settings.cache_clear()
        explore(dataset)
    assert given[0] == (1, {BOB})


@pytest.mark.parametrize("tab", ["Overview", "Texts", "Report"])
def test_a_dataset_is_read_one_at_a_time(tab: str, monkeypatch: pytest.MonkeyPatch) -> None:
    st.cache_data.clear()
    monkeypatch.setattr(limits, "PATIENCE", 0.01)
    with access.acting_for(BOB), limits.one_at_a_time():
        busy = everything_on("datasets", BOB, monkeypatch, dataset="bobs", tab=tab)
    assert "is still being computed" in busy
    assert "is still being computed" not in everything_on("datasets", BOB, monkeypatch, dataset="bobs", tab=tab)


def test_where_nothing_can_be_added_nothing_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ULMFIT_FREE_MB", str(10**9))
    settings.cache_clear()
    app = opened("datasets", ALICE, monkeypatch)
    app.get("button_group")[0].set_value("paste").run()
    app.text_area(key="pasted").set_value("One text.\nAnother text.").run()
    next(button for button in app.button if button.label == "Check the texts").click().run()
    assert "disk is nearly full" in app.error[0].value and CHECKED not in app.session_state


def test_the_sidebar_shows_the_runs_of_the_visitor_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_everything(ALICE, tmp_path)
    with access.acting_for(ALICE):
        works = make_run(name=f"{SIGN}-works")
        works.write_status(status(RunState.RUNNING))
    monkeypatch.setattr(crowd, "refuse_crowd", lambda: None)  # there are no tabs here
    with FileLock(works.lock):
        for who, sees in ((ALICE, True), (BOB, False)):
            monkeypatch.setattr(access, "_ask", lambda who=who: who)
            app = AppTest.from_file(CHECKOUT / "ulmfit_app" / "ui" / "navigation.py", default_timeout=60).run()
            assert not app.exception
            sidebar = "\n".join(str(getattr(node, "proto", "")) for node in app.sidebar)
            assert (f"{SIGN}-works" in sidebar, "1 waiting" in sidebar, SIGN in sent(app)) == (sees, sees, sees)
