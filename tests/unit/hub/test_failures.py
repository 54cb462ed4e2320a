"""What can go wrong on the Hub is told in plain words, at once, and without the token."""

import errno
import time
from pathlib import Path

import pytest

from tests.hubstate import Hub
from ulmfit_app.errors import AppError, HubError, NotFoundError, OfflineError
from ulmfit_app.hub import ANONYMOUS, Account, client, look, pulled, search, sign_in, transfer
from ulmfit_app.hub.failures import failure

ALICE = Account("alice", "hf_tested_alice", ("alice",))


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (401, "", "does not accept this token"),
        (402, "", "wants to be paid"),
        (403, "", "does not let the account alice do this with alice/open"),
        (403, "GatedRepo", "alice/open is gated.*Ask for access at http"),
        (404, "RepoNotFound", "There is no alice/open on the Hub, or it is hidden from the account alice"),
        (404, "RevisionNotFound", "no such branch, tag or commit"),
        (409, "", "is being changed at this moment"),
        (412, "", "was changed by someone else"),
        (413, "", "too large"),
        (418, "", "refused this .error 418"),
        (429, "", "fewer requests"),
        (500, "", "trouble of its own .error 500"),
        (503, "", "trouble of its own .error 503"),
    ],
)
def test_every_refusal_is_told_at_once(status: int, code: str, words: str, hub: Hub) -> None:
    hub.user("hf_tested_alice", "alice")
    hub.fail("GET", "/api/models", status, headers={"X-Error-Code": code}, body={"error": "not hf_tested_alice today"})
    started = time.monotonic()
    with pytest.raises(AppError, match=words) as told:
        look("alice/open", ALICE)
    assert "hf_tested_alice" not in str(told.value) and "Traceback" not in str(told.value)
    assert time.monotonic() - started < 1 and len(hub.requests) == 1


def test_what_the_hub_says_is_passed_on_shortened(hub: Hub) -> None:
    hub.user("hf_tested_alice", "alice")
    hub.fail("GET", "/api/models", 402, body={"error": "Private storage\nis full. " + "x" * 500})
    with pytest.raises(HubError, match=r"It says: “Private storage is full\. x+”") as told:
        look("alice/open", ALICE)
    assert len(str(told.value)) < 500


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ({"Retry-After": "90"}, "in 90 seconds"),
        ({"ratelimit": '"api";r=0;t=1234'}, "in 1,234 seconds"),
        ({"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, "again later"),
        ({}, "again later"),
    ],
)
def test_too_many_requests_say_when_to_try_again_and_do_not_wait(headers: dict[str, str], words: str, hub: Hub) -> None:
    hub.fail("GET", "/api/models", 429, headers=headers, times=2)
    for call in (lambda: look("alice/open", ANONYMOUS), lambda: search("", ANONYMOUS)):
        with pytest.raises(HubError, match=words):
            call()
    assert len(hub.requests) == 2


def test_without_a_network_it_is_said_at_once(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")  # nobody listens there
    for call in (
        lambda: look("alice/open", ANONYMOUS),
        lambda: search("", ANONYMOUS),
        lambda: sign_in("hf_tested_alice"),
    ):
        with pytest.raises(OfflineError, match=r"The Hub cannot be reached \(no connection\)"):
            call()


def test_a_hub_that_does_not_answer_is_given_up(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "TIMEOUT", 0.1)
    hub.repo("alice/open", {"a": b"1"})
    hub.fail("GET", "/api/models", pause=0.5)
    with pytest.raises(OfflineError, match="no answer in time"):
        look("alice/open", ANONYMOUS)


def test_the_offline_switch_of_the_client_is_told(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(OfflineError, match="HF_HUB_OFFLINE is set"):
        look("alice/open", ANONYMOUS)


def test_an_answer_that_is_no_hubs_is_told(hub: Hub) -> None:
    hub.fail("GET", "/api/models", 200, body={"hello": "proxy"})
    with pytest.raises(HubError, match="cannot be understood"):
        look("alice/open", ANONYMOUS)


def test_a_gated_model_can_be_seen_but_not_pulled(hub: Hub, model_files: dict[str, bytes], home: Path) -> None:
    hub.repo("alice/gated", model_files, gated=True)
    bob = sign_in(hub.user("hf_tested_bob", "bob"))
    for account in (ANONYMOUS, bob):
        with pytest.raises(HubError, match="is gated") as told, pulled("alice/gated", account):
            pass
        assert "kept" not in str(told.value)
    assert look("alice/gated", bob).gated
    assert not list((home / "cache").rglob("*.safetensors"))


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (401, "", "does not accept this token"),
        (402, "", "wants to be paid"),
        (403, "", "does not let the account alice"),
        (403, "GatedRepo", "is gated"),
        (404, "EntryNotFound", "alice/open lacks a file that it lists"),
        (404, "RevisionNotFound", "no such branch, tag or commit"),
        (409, "", "is being changed at this moment"),
        (412, "", "was changed by someone else"),
        (429, "", "fewer requests"),
        (500, "", "trouble of its own"),
    ],
)
def test_a_file_that_is_refused_leaves_no_model(
    status: int, code: str, words: str, hub: Hub, model_files: dict[str, bytes], home: Path
) -> None:
    """The weights come last: what came before is kept for the next try, and is no model."""
    hub.user("hf_tested_alice", "alice")
    hub.repo("alice/open", model_files)
    hub.fail("GET", "/model.safetensors", status, headers={"X-Error-Code": code}, body={"error": "hf_tested_alice"})
    with pytest.raises(AppError, match=f"{words}.*What has arrived is kept") as told, pulled("alice/open", ALICE):
        pass
    assert "hf_tested_alice" not in str(told.value)
    assert not (home / "models").exists() and not list(home.rglob("*.safetensors"))
    with pulled("alice/open", ALICE) as model:
        assert (model.folder / "model.safetensors").read_bytes() == model_files["model.safetensors"]


def test_a_body_that_stops_is_given_up_and_gone_on_with(
    hub: Hub, model_files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "TIMEOUT", 0.5)
    monkeypatch.setattr(transfer, "ATTEMPTS", 1)
    hub.repo("alice/open", model_files)
    hub.fail("GET", "/model.safetensors", pause=2.0)
    told = pytest.raises(OfflineError, match=r"no answer in time.*What has arrived is kept")
    with told, pulled("alice/open", ANONYMOUS):
        pass
    monkeypatch.setattr(client, "TIMEOUT", 15.0)
    with pulled("alice/open", ANONYMOUS) as model:
        assert (model.folder / "model.safetensors").read_bytes() == model_files["model.safetensors"]


def test_a_disk_that_fills_up_on_the_way_leaves_no_model(
    hub: Hub, model_files: dict[str, bytes], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.repo("alice/open", model_files)
    opening = Path.open

    def full(self: Path, mode: str = "r", *rest: object, **named: object) -> object:
        if self.name == "model.safetensors" and mode == "wb":
            raise OSError(errno.ENOSPC, "No space left on device")
        return opening(self, mode, *rest, **named)  # type: ignore[arg-type]

    with monkeypatch.context() as disk:
        disk.setattr(Path, "open", full)
        told = pytest.raises(HubError, match=r"The disk is full\. What has arrived is kept.*Free some space")
        with told, pulled("alice/open", ANONYMOUS):
            pass
    assert not (home / "models").exists() and not list(home.rglob("*.safetensors"))


def test_a_full_disk_is_told() -> None:
    told = failure(OSError(errno.ENOSPC, "No space left on device"), "a/b", ALICE, "http://hub", "Kept.")
    assert isinstance(told, HubError) and str(told) == "The disk is full. Kept. Free some space, then try again."


def test_an_error_of_ours_inside_the_client_comes_out_as_it_is() -> None:
    ours = NotFoundError("Ours.")
    try:
        raise RuntimeError("Error while uploading") from ours
    except RuntimeError as wrapped:
        assert failure(wrapped, "a/b", ALICE, "http://hub", "") is ours
