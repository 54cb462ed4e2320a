"""Whose token is sent, and that of nobody else ever is."""

from pathlib import Path

import pytest

from tests.hubstate import Failure, Hub
from ulmfit_app import access
from ulmfit_app.errors import HubError
from ulmfit_app.hub import ANONYMOUS, own_token, pulled, sign_in
from ulmfit_app.settings import settings


def test_a_token_says_who_it_is_and_where_that_one_may_push(hub: Hub) -> None:
    account = sign_in(hub.user("hf_tested_alice", "alice", "team"))
    assert (account.name, account.namespaces) == ("alice", ("alice", "team"))
    assert "hf_tested_alice" not in repr(account)


def test_the_token_of_the_machine_is_hf_token_or_the_stored_one(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    assert own_token() is None
    Path(constants.HF_TOKEN_PATH).write_text("hf_stored\n")
    assert own_token() == "hf_stored"
    monkeypatch.setenv("HF_TOKEN", "hf_tested_variable")
    assert own_token() == "hf_tested_variable"


@pytest.mark.parametrize("mode", ["local", "hosted"])
def test_nobody_is_never_given_the_token_of_the_server(
    mode: str, hub: Hub, model_files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`token=None` would send it (huggingface_hub 2.4)."""
    monkeypatch.setenv("HF_TOKEN", hub.user("hf_tested_server", "server"))
    monkeypatch.setenv("ULMFIT_MODE", mode)
    settings.cache_clear()
    hub.repo("alice/open", model_files)
    with access.acting_for("anon:a"), pulled("alice/open", ANONYMOUS):
        pass
    assert hub.requests
    assert {request.token for request in hub.requests} == {None}


def test_in_hosted_mode_the_token_of_the_server_is_not_read(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_tested_server")
    monkeypatch.setenv("ULMFIT_MODE", "hosted")
    settings.cache_clear()
    assert own_token() is None


def test_no_cookie_of_one_account_is_sent_for_another(hub: Hub) -> None:
    alice, bob = hub.user("hf_tested_alice", "alice"), hub.user("hf_tested_bob", "bob")
    hub.failures.append(Failure("GET", "whoami", 500, {"Set-Cookie": "session=alice; Path=/"}))
    with pytest.raises(HubError):
        sign_in(alice)
    assert sign_in(bob).name == "bob"
    assert len(hub.requests) == 2 and {request.cookie for request in hub.requests} == {None}


def test_an_empty_token_is_nobodys(hub: Hub) -> None:
    assert sign_in(" \n") is sign_in(None) is ANONYMOUS
    assert not hub.requests


@pytest.mark.parametrize("token", ["hf a", "hf_é", "hf_\x00x", "hf_a\r\nX-Evil: 1", "x" * 5000])
def test_what_cannot_be_a_token_is_not_sent_and_not_repeated(token: str, hub: Hub) -> None:
    with pytest.raises(HubError) as refusal:
        sign_in(token)
    assert token not in str(refusal.value) and not hub.requests


def test_a_token_that_the_hub_does_not_know_is_told_without_it(hub: Hub) -> None:
    with pytest.raises(HubError, match="does not accept this token") as refusal:
        sign_in("hf_tested_expired")
    assert "hf_tested_expired" not in str(refusal.value)
