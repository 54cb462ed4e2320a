"""Who counts as signed in, what the sidebar offers, and which token goes to the Hub."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from tests import hubserver
from tests.fixtures import tiny_classifier
from tests.hubstate import Hub
from tests.visitors import ALICE
from ulmfit_app import access, handover, hub, signing
from ulmfit_app.settings import CHECKOUT, VISITOR_COOKIE, settings
from ulmfit_app.ui import crowd
from ulmfit_app.ui import signed_in as module
from ulmfit_app.ui.signed_in import SignedIn, provider, secrets_of_a_space, signed_in
from ulmfit_app.ui.visitor import visitor

SITE = "https://huggingface.co"
AUTH: dict[str, Any] = {
    "redirect_uri": "http://localhost:8501/oauth2callback",
    "cookie_secret": "c" * 32,
    "client_id": "studio",
    "client_secret": "s",
    "server_metadata_url": f"{SITE}/.well-known/openid-configuration",
    "expose_tokens": ["access"],
}
ELSEWHERE = {"client_id": "a", "client_secret": "b", "server_metadata_url": "https://accounts.example.org/openid"}
CAROL: dict[str, Any] = {
    "is_logged_in": True,
    "provider": "default",
    "iss": SITE,
    "sub": "5dd96eb166059660ed1ee413",
    "preferred_username": "Carol",
    "tokens": {"access": "hf_tested_carol"},
}


@pytest.fixture(autouse=True)
def hosted(monkeypatch: pytest.MonkeyPatch, no_shipped_models: None) -> None:
    """A hosted server whose Hub is the real one, by its name only."""
    monkeypatch.setenv("ULMFIT_MODE", "hosted")
    monkeypatch.delenv("HF_ENDPOINT", raising=False)
    settings.cache_clear()


@pytest.fixture
def the_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A Hub on this machine, which knows Carol's token."""
    with hubserver.in_place_of_the_real_one(tmp_path, monkeypatch) as running:
        running.user("hf_tested_carol", "Carol", "team")
        yield running


def configured(monkeypatch: pytest.MonkeyPatch, auth: dict[str, Any] | None, user: dict[str, Any]) -> None:
    """Secrets with this section, and a session of `user` as Streamlit has read it from its cookie."""
    secrets = {} if auth is None else {"auth": auth}
    monkeypatch.setattr(type(st.secrets), "load_if_toml_exists", lambda _: bool(secrets))
    monkeypatch.setattr(type(st.secrets), "get", lambda _, key: secrets.get(key), raising=False)
    monkeypatch.setattr("streamlit.user_info._get_user_info", lambda: dict(user))


def sidebar(monkeypatch: pytest.MonkeyPatch, auth: dict[str, Any] | None, user: dict[str, Any]) -> AppTest:
    """Home with its sidebar as `user` gets it."""
    configured(monkeypatch, auth, user)
    monkeypatch.setattr(access, "_ask", visitor)
    monkeypatch.setattr(crowd, "refuse_crowd", lambda: None)  # it asks the server, and here is none
    app = AppTest.from_file(CHECKOUT / "ulmfit_app" / "ui" / "navigation.py", default_timeout=60).run()
    assert not app.exception
    return app


def labels(app: AppTest) -> list[str]:
    """Those of the buttons in the sidebar."""
    return [button.label for button in app.sidebar.button]


def test_who_is_signed_in_is_known_by_the_number_of_the_account(monkeypatch: pytest.MonkeyPatch) -> None:
    configured(monkeypatch, AUTH, CAROL)
    account = signed_in()
    assert account == SignedIn("hf:5dd96eb166059660ed1ee413", "Carol", "hf_tested_carol")
    assert "hf_tested_carol" not in repr(account)
    configured(monkeypatch, AUTH, CAROL | {"preferred_username": "renamed"})
    renamed = signed_in()
    assert renamed and renamed.owner == account.owner
    configured(monkeypatch, AUTH, CAROL | {"sub": "5DD96EB166059660ED1EE413"})
    other = signed_in()
    assert other and other.owner != account.owner
    configured(monkeypatch, AUTH, CAROL | {"iss": f"{SITE}/"})
    assert signed_in() == account
    configured(monkeypatch, AUTH, CAROL | {"tokens": {}})
    silent = signed_in()
    assert silent and silent.token is None


@pytest.mark.parametrize(
    "change",
    [
        {"is_logged_in": False},
        {"is_logged_in": None},
        {"iss": "https://accounts.example.org"},
        {"iss": f"{SITE}.example.org"},
        {"iss": None},
        {"provider": "elsewhere"},
        {"sub": None},
        {"sub": ""},
        {"sub": 5},
        {"sub": "a\nb"},
        {"sub": "../x"},
        {"sub": "a" * 300},
    ],
)
def test_what_the_hub_did_not_say_is_nobody(change: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    both = AUTH | {"elsewhere": ELSEWHERE}
    configured(monkeypatch, both, CAROL)
    assert signed_in()
    configured(monkeypatch, both, CAROL | change)
    assert signed_in() is None


@pytest.mark.parametrize(
    ("auth", "name"),
    [
        (None, None),
        ({}, None),
        (AUTH, "default"),
        ({key: AUTH[key] for key in ("redirect_uri", "cookie_secret")} | {"hub": AUTH}, "hub"),
        (AUTH | ELSEWHERE | {"hub": AUTH}, "hub"),
        (AUTH | ELSEWHERE, None),
        (AUTH | {"server_metadata_url": f"{SITE}.example.org/openid"}, None),
        (AUTH | {"cookie_secret": "c" * 31}, None),
        (AUTH | {"client_secret": ""}, None),
        ({key: value for key, value in AUTH.items() if key != "redirect_uri"}, None),
    ],
)
def test_only_a_whole_configuration_of_the_hub_counts(
    auth: dict[str, Any] | None, name: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    configured(monkeypatch, auth, CAROL | {"provider": name or "default"})
    assert provider() == name
    assert bool(signed_in()) == bool(name)
    monkeypatch.setenv("ULMFIT_MODE", "local")
    settings.cache_clear()
    assert provider() is None and signed_in() is None


def test_a_space_has_its_secrets_from_the_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    assert secrets_of_a_space() is None
    given = {
        "OAUTH_CLIENT_ID": "id",
        "OAUTH_CLIENT_SECRET": "very secret",
        "OPENID_PROVIDER_URL": SITE,
        "SPACE_HOST": "carol-studio.hf.space",
        "OAUTH_SCOPES": "openid profile read-repos",
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    made = secrets_of_a_space()
    assert made
    configured(monkeypatch, made["auth"], CAROL)
    assert provider() == "default"
    assert made["auth"]["redirect_uri"] == "https://carol-studio.hf.space/oauth2callback"
    assert made["auth"]["client_kwargs"] == {"scope": "openid profile read-repos", "prompt": "consent"}
    assert "very secret" not in made["auth"]["cookie_secret"] and made == secrets_of_a_space()


def test_without_a_configuration_the_sidebar_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for auth in (None, AUTH | ELSEWHERE):
        assert not any("ign" in label for label in labels(sidebar(monkeypatch, auth, CAROL)))


def test_the_sidebar_signs_in_and_out(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    monkeypatch.setattr(st, "login", asked.append)
    monkeypatch.setattr(st, "logout", lambda: asked.append("out"))
    app = sidebar(monkeypatch, AUTH, {"is_logged_in": False})
    assert "Sign in with Hugging Face" in labels(app)
    app.sidebar.button(key="account-sign-in").click().run()
    app = sidebar(monkeypatch, AUTH, CAROL)
    assert "Signed in as **Carol**" in app.sidebar.markdown[-1].value
    app.session_state["hub-account"] = hub.Account("Carol", "hf_tested_carol")
    app.sidebar.button(key="account-sign-out").click().run()
    assert asked == ["default", "out"] and "hub-account" not in app.session_state


def test_what_was_made_before_is_offered_and_taken_over(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "handover-button" not in {button.key for button in sidebar(monkeypatch, AUTH, CAROL).sidebar.button}
    with access.acting_for(ALICE):
        access.claim(access.place("models"))
        for name in ("one", "two"):
            tiny_classifier(access.place("models") / name)
    monkeypatch.setattr(type(st.context), "cookies", property(lambda _: {VISITOR_COOKIE: signing.cookie_of(ALICE)}))
    app = sidebar(monkeypatch, AUTH, CAROL)
    (words,) = [text.value for text in app.sidebar.markdown if "without signing in" in text.value]
    assert "2 models were made" in words
    app.sidebar.button(key="handover-button").click().run()
    assert handover.belongings(f"hf:{CAROL['sub']}").models == ("one", "two")
    assert not handover.belongings(ALICE)
    assert not [button for button in app.sidebar.button if button.key == "handover-button"]


def test_the_token_of_the_sign_in_goes_to_the_hub_and_a_typed_one_in_its_place(
    the_hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", the_hub.user("hf_tested_server", "server"))
    auth = AUTH | {"server_metadata_url": f"{the_hub.url}/.well-known/openid-configuration"}
    configured(monkeypatch, auth, CAROL | {"iss": the_hub.url})
    monkeypatch.setattr(access, "_ask", visitor)
    app = AppTest.from_file(CHECKOUT / "pages" / "models.py", default_timeout=60)
    app.query_params["hub"] = "pull"
    app.run()
    assert "Signed in as **Carol**" in [text.value for text in app.markdown][-1]
    app.button(key="hub-sign-out").click().run()
    app.text_input(key="hub-token").set_value(the_hub.user("hf_tested_typed", "dora"))
    app.button(key="FormSubmitter:hub-sign-in-Sign in").click().run()
    assert any("Signed in as **dora**" in text.value for text in app.markdown)
    assert {request.token for request in the_hub.requests} == {"hf_tested_carol", "hf_tested_typed"}


def test_an_expired_sign_in_is_told_until_there_is_another(the_hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    auth = AUTH | {"server_metadata_url": f"{the_hub.url}/.well-known/openid-configuration"}
    configured(monkeypatch, auth, CAROL | {"iss": the_hub.url, "tokens": {"access": "hf_tested_expired"}})
    monkeypatch.setattr(access, "_ask", visitor)
    app = AppTest.from_file(CHECKOUT / "pages" / "models.py", default_timeout=60)
    app.query_params["hub"] = "pull"
    for _ in range(2):
        app.run()
        assert "The Hub does not accept this token. Sign in again" in app.error[0].value
        assert app.button(key="hub-sign-in-hosted").label == "Sign in with Hugging Face"
    assert len(the_hub.requests) == 1 and "hf_tested_expired" not in app.error[0].value


def test_the_token_is_for_the_hub_that_gave_it(the_hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sign-in with another site is none, so its token is sent nowhere."""
    configured(monkeypatch, AUTH, CAROL)  # of the real Hub, while this server asks another one
    assert module.hub_site() == the_hub.url and signed_in() is None
