"""The Hub on the pages: signing in, pulling, pushing, updates, datasets; what fails is told and can be tried again."""

import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests import hubserver
from tests.fixtures import tiny_classifier
from tests.hubstate import Hub
from tests.visitors import ALICE
from ulmfit_app import access, registry
from ulmfit_app.data import sources
from ulmfit_app.hub import ANONYMOUS, transfer
from ulmfit_app.settings import CHECKOUT, settings
from ulmfit_app.ui.hub_pull import _pull
from ulmfit_app.ui.hub_transfer import Transfer

PAGES = CHECKOUT / "pages"
CSV = b"text,label\n" + b"".join(b"A fine film number %d.,pos\nDreadful number %d.,neg\n" % (n, n) for n in range(10))


@pytest.fixture(autouse=True)
def hub(tmp_path: Path, no_shipped_models: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A Hub on this machine; nobody is signed in."""
    with hubserver.in_place_of_the_real_one(tmp_path, monkeypatch) as running:
        yield running


@pytest.fixture
def shared(hub: Hub, tmp_path: Path) -> dict[str, bytes]:
    """The files of a public model of bob's."""
    folder = tiny_classifier(tmp_path / "elsewhere")
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    hub.repo("bob/shared", files)
    return files


def opened(page: str = "models", **query: str) -> AppTest:
    """A new session on the page, run once."""
    app = AppTest.from_file(PAGES / f"{page}.py", default_timeout=60)
    for key, value in query.items():
        app.query_params[key] = value
    return app.run()


def shown(app: AppTest) -> str:
    """Every text on the page."""
    assert not app.exception
    parts = [element.body for element in app.html]
    for elements in (app.markdown, app.error, app.info, app.success, app.caption, app.code):
        parts += [element.value for element in elements]
    return "\n".join(parts)


def press(app: AppTest, label: str) -> AppTest:
    """The session after the button with that label was pressed."""
    return next(button for button in app.button if button.label == label).click().run()


def ended(app: AppTest, key: str) -> AppTest:
    """The session when the transfer under `key` has ended: AppTest runs no timers."""
    deadline = time.monotonic() + 120
    while app.session_state[key].state == "running" and time.monotonic() < deadline:
        time.sleep(0.01)
    return app.run()


def test_nothing_is_asked_of_the_hub_before_it_is_opened(hub: Hub) -> None:
    tiny_classifier(settings().home_path / "models" / "mine")
    for app in (opened(), opened(model="mine"), opened("datasets")):
        assert not app.exception
    assert not hub.requests


def test_a_model_is_pulled_with_the_page(hub: Hub, shared: dict[str, bytes]) -> None:
    app = press(opened(), "Pull from the Hub")
    assert app.query_params["hub"] == "pull" and "Not signed in" in shown(app)
    app.text_input(key="repo").set_value("bob/shared")
    text = shown(press(app, "Look"))
    assert "bob/shared" in text and "public" in text and "ulmfit-studio" in text
    assert app.selectbox[0].options[0] == "branch main"
    app = ended(press(app, "Pull"), "hub-pull")
    assert "The model is here as bob--shared." in shown(app)
    assert registry.entry("bob--shared").config


def test_a_commit_that_is_here_is_not_pulled_again(hub: Hub, shared: dict[str, bytes]) -> None:
    app = opened(hub="pull")
    app.text_input(key="repo").set_value("bob/shared")
    press(app, "Look")
    app = ended(press(app, "Pull"), "hub-pull")
    assert "Pull" not in [button.label for button in app.button]
    app = press(app, "Close")
    assert "This commit is here already, as bob--shared." in shown(app)
    hub.repos["bob/shared"].commit({"README.md": b"# changed"}, "better")
    app = ended(press(press(app, "Look"), "Pull"), "hub-pull")
    assert "The model is here as bob--shared-2." in shown(app)


def test_two_tabs_that_pull_a_commit_get_one_model(hub: Hub, shared: dict[str, bytes]) -> None:
    first, second = opened(hub="pull", repo="bob/shared"), opened(hub="pull", repo="bob/shared")
    for app in (press(first, "Look"), press(second, "Look")):
        app.session_state["hub-pull"] = Transfer("Pulling", partial(_pull, "bob/shared", ANONYMOUS, "main"))
        app.session_state["hub-pull"].start()
        assert "The model is here as bob--shared." in shown(ended(app, "hub-pull"))
    assert [entry.name for entry in registry.models()] == ["bob--shared"]


def test_a_link_names_the_repository_and_asks_nothing_by_itself(hub: Hub, shared: dict[str, bytes]) -> None:
    app = opened(hub="pull", repo="bob/shared")
    assert not hub.requests and "commit" not in shown(app)
    assert "public" in shown(press(app, "Look"))


def test_search_leads_to_the_repository(hub: Hub, shared: dict[str, bytes]) -> None:
    app = opened(hub="pull")
    app = press(app, "Search")
    assert "7 downloads" in shown(app)
    app = press(app, "bob/shared")
    assert app.text_input(key="repo").value == "bob/shared" and "commit" in shown(app)
    app.text_input(key="hub-search-text").set_value("zebra")
    assert "Nothing was found." in shown(press(app, "Search"))


def test_a_failed_pull_is_told_and_goes_on_when_it_is_tried_again(hub: Hub, shared: dict[str, bytes]) -> None:
    hub.fail("GET", "model.safetensors", cut=5_000, times=transfer.ATTEMPTS)
    app = opened(hub="pull")
    app.text_input(key="repo").set_value("bob/shared")
    app = ended(press(press(app, "Look"), "Pull"), "hub-pull")
    assert "The Hub cannot be reached" in shown(app) and not registry.models()
    app = ended(press(app, "Try again"), "hub-pull")
    assert "The model is here as bob--shared." in shown(app)
    assert hub.asked("GET", "model.safetensors")[-1].range == f"bytes={5_000 * transfer.ATTEMPTS}-"


def test_a_pull_can_be_cancelled(hub: Hub, shared: dict[str, bytes]) -> None:
    hub.fail("GET", "model.safetensors", pause=0.05)
    app = opened(hub="pull")
    app.text_input(key="repo").set_value("bob/shared")
    app = press(press(press(app, "Look"), "Pull"), "Cancel")
    assert "cancelled" in shown(ended(app, "hub-pull")) and not registry.models()


def test_a_typed_token_signs_in_for_this_session_only(hub: Hub, home: Path) -> None:
    tiny_classifier(home / "models" / "mine")
    token = hub.user("hf_tested_typed_secret", "alice", "team")
    app = opened(model="mine", part="Hub")
    assert "Sign in first" in shown(app)
    app.text_input(key="hub-token").set_value(token)
    app = press(app, "Sign in")
    assert "Signed in as **alice**" in shown(app) and token not in shown(app)
    assert app.selectbox[0].options == ["alice", "team"]
    assert "Signed in" not in shown(opened(model="mine", part="Hub"))
    assert "Sign in first" in shown(press(app, "Sign out"))
    assert not any(token.encode() in path.read_bytes() for path in home.rglob("*") if path.is_file())


def test_the_token_of_the_machine_is_used_locally_and_never_hosted(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", hub.user("hf_tested_machine", "alice"))
    assert "Signed in as **alice**" in shown(opened(hub="pull"))
    asked = len(hub.requests)
    monkeypatch.setenv("ULMFIT_MODE", "hosted")
    monkeypatch.setattr(access, "_ask", lambda: ALICE)
    settings.cache_clear()
    hub.repo("alice/secret", {"README.md": b"x"}, private=True)
    app = opened(hub="pull")
    assert "Not signed in" in shown(app) and "of this machine" not in str([button.label for button in app.button])
    app.text_input(key="repo").set_value("alice/secret")
    assert "There is no alice/secret on the Hub, or it is hidden" in shown(press(app, "Look"))
    assert {request.token for request in hub.requests[asked:]} == {None}


def test_a_hub_that_cannot_be_reached_is_asked_once_who_this_is(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", hub.user("hf_tested_machine", "alice"))
    hub.fail("GET", "/whoami", 500)
    app = opened(hub="pull")
    assert "trouble of its own" in shown(app) and "Not signed in" in shown(app)
    assert len(app.run() and hub.requests) == 1
    assert "Signed in as **alice**" in shown(press(app, "Sign in with the token of this machine"))


def test_a_model_is_pushed_and_an_update_is_found(hub: Hub, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", hub.user("hf_tested_alice", "alice"))
    tiny_classifier(home / "models" / "mine")
    app = opened(model="mine", part="Hub")
    app.text_input(key="hub-push-mine-tag").set_value("v1")
    app = ended(press(app, "Push"), "hub-push-mine")
    repo = hub.repos["alice/mine"]
    assert "Pushed to alice/mine" in shown(app) and 'load_model("alice/mine")' in shown(app)
    assert repo.private and repo.tags == {"v1": repo.commits[-1].oid}
    app = opened(hub="pull")
    app.text_input(key="repo").set_value("alice/mine")
    ended(press(press(app, "Look"), "Pull"), "hub-pull")
    app = opened(model="alice--mine", part="Hub")
    assert "alice/mine at main" in shown(app)
    assert "This is what the Hub has." in shown(press(app, "Check for an update"))
    repo.commit({"README.md": b"# changed"}, "better")
    app = press(app, "Check for an update")
    assert "There is a newer commit" in shown(app)
    app = ended(press(app, "Pull it"), "hub-pull")
    assert "alice--mine-2" in shown(app)


def test_a_refused_push_is_told(hub: Hub, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", hub.user("hf_tested_alice", "alice"))
    tiny_classifier(home / "models" / "mine")
    hub.repo("alice/mine", {"README.md": b"# open"})
    app = ended(press(opened(model="mine", part="Hub"), "Push"), "hub-push-mine")
    assert "alice/mine is public" in shown(app)


def test_a_dataset_of_the_hub_is_added_like_a_file(hub: Hub, home: Path) -> None:
    hub.repo(
        "bob/reviews", {"data/train-0.csv": CSV, "data/train-1.csv": CSV.replace(b"film", b"book")}, sort="dataset"
    )
    app = opened("datasets")
    app.segmented_control[0].set_value("hub").run()
    app.text_input(key="hub-dataset-repo").set_value("bob/reviews")
    app = press(app, "Look")
    assert app.multiselect[0].value == ["data/train-0.csv", "data/train-1.csv"]
    app = ended(press(app, "Download"), "hub-dataset")
    assert "Downloaded: bob/reviews" in shown(app)
    parked = [*home.glob("cache/hub/parked/*/*")]
    assert len(parked) == 2
    app = ended(press(app, "Download"), "hub-dataset")  # once more
    assert len([*home.glob("cache/hub/parked/*/*")]) == 2 and not any(path.exists() for path in parked)
    app = press(press(app, "Check the texts"), "Add the dataset")
    (name,) = [name for name in sources.names() if name not in sources.CATALOGUE]
    info = sources.open_dataset(name).info
    assert name.startswith("bob-reviews") and info.counts.train + info.counts.valid == 40
    assert list(home.glob("cache/hub/parked/*")) == []


def test_a_dataset_that_is_hidden_is_told(hub: Hub) -> None:
    app = opened("datasets")
    app.segmented_control[0].set_value("hub").run()
    app.text_input(key="hub-dataset-repo").set_value("bob/secret")
    assert "There is no bob/secret on the Hub, or it is hidden" in shown(press(app, "Look"))
