"""`ulmfit hub`: push, pull, search, refs, check, data; JSON on stdout, everything else on stderr."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import hubserver
from tests.fixtures import tiny_classifier
from tests.hubstate import Hub
from tests.unit.cli.running import Command
from ulmfit_app import registry
from ulmfit_app.settings import settings

CSV = b"text,label\n" + b"".join(b"A fine film number %d.,pos\nDreadful number %d.,neg\n" % (n, n) for n in range(10))


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A Hub on this machine, with alice signed in."""
    with hubserver.in_place_of_the_real_one(tmp_path, monkeypatch) as running:
        monkeypatch.setenv("HF_TOKEN", running.user("hf_tested_alice", "alice"))
        yield running


@pytest.fixture
def mine(home: Path) -> str:
    """A model of one's own."""
    return tiny_classifier(home / "models" / "mine").name


def test_push_and_pull_into_a_clean_home(
    ulmfit: Command, hub: Hub, mine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pushed = ulmfit("hub", "push", mine, "alice/shared", "--tag", "v1", "--message", "First")
    assert pushed.code == 0 and "Signed in as alice." in pushed.err
    assert pushed.out.strip().endswith(hub.repos["alice/shared"].commits[-1].oid)
    before = ulmfit("predict", "--model", mine, "--text", "A fine film.", "--json").json()
    monkeypatch.setenv("ULMFIT_HOME", str(tmp_path / "clean"))
    settings.cache_clear()
    pulled = ulmfit("hub", "pull", "alice/shared", "--revision", "v1", "--json").json()
    assert (pulled["name"], pulled["repo_id"]) == ("alice--shared", "alice/shared")
    after = ulmfit("predict", "--model", pulled["name"], "--text", "A fine film.", "--json").json()
    assert before == after


def test_json_is_one_object_on_stdout(ulmfit: Command, hub: Hub, mine: str) -> None:
    made = ulmfit("hub", "push", mine, "alice/shared", "--json").json()
    assert made["created"] is True and made["commit"] == hub.repos["alice/shared"].commits[-1].oid
    assert [model["repo_id"] for model in ulmfit("hub", "search", "shared", "--json").json()["models"]] == [
        "alice/shared"
    ]
    kinds = [ref["kind"] for ref in ulmfit("hub", "refs", "alice/shared", "--json").json()["refs"]]
    assert kinds == ["branch", "commit", "commit"]


def test_tables_for_people(ulmfit: Command, hub: Hub, mine: str) -> None:
    ulmfit("hub", "push", mine, "alice/shared")
    assert "alice/shared" in ulmfit("hub", "search").out and "private" in ulmfit("hub", "search").out
    assert "Push mine with ULMFiT Studio" in ulmfit("hub", "refs", "alice/shared").out
    assert "Nothing was found" in ulmfit("hub", "search", "zebra").err


def test_check_says_whether_there_is_a_newer_commit(ulmfit: Command, hub: Hub, mine: str) -> None:
    ulmfit("hub", "push", mine, "alice/shared")
    name = ulmfit("hub", "pull", "alice/shared").out.strip()
    again = ulmfit("hub", "pull", "alice/shared")
    assert again.out.strip() == name and "is here already" in again.err
    assert (
        f"pulled from   alice/shared at main, commit {hub.repos['alice/shared'].commits[-1].oid}"
        in ulmfit("models", "show", name).out
    )
    assert ulmfit("models", "show", name, "--json").json()["origin"]["repo_id"] == "alice/shared"
    assert "pulled from" not in ulmfit("models", "show", mine).out
    assert "is what alice/shared has at main" in ulmfit("hub", "check", name).out
    head = hub.repos["alice/shared"].commit({"README.md": b"# changed"}, "better")
    assert ulmfit("hub", "check", name, "--json").json()["newer"] == head.oid
    assert "was not pulled" in ulmfit("hub", "check", mine).err


def test_a_dataset_of_the_hub_becomes_one_of_ones_own(ulmfit: Command, hub: Hub) -> None:
    hub.repo("bob/reviews", {"train.csv": CSV, "more.csv": CSV}, sort="dataset")
    asked = ulmfit("hub", "data", "reviews", "bob/reviews")
    assert asked.code == 1 and "--file: more.csv, train.csv" in asked.err
    assert "There are: more.csv, train.csv" in ulmfit("hub", "data", "reviews", "bob/reviews", "--file", "x.csv").err
    made = ulmfit("hub", "data", "reviews", "bob/reviews", "--file", "train.csv", "--json").json()
    assert made["counts"]["train"] + made["counts"]["valid"] == 20
    assert made["source"].startswith("bob/reviews on the Hub, commit ")


def test_who_is_not_signed_in_is_told_what_to_do(
    ulmfit: Command, hub: Hub, mine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HF_TOKEN")
    pushed = ulmfit("hub", "push", mine, "alice/shared")
    assert pushed.code == 1 and pushed.out == "" and "hf auth login" in pushed.err
    assert "Not signed in" in pushed.err


def test_a_failure_is_a_message_without_traceback_and_token(ulmfit: Command, hub: Hub, home: Path) -> None:
    hub.fail("GET", "/api/models/", 500)
    told = ulmfit("hub", "pull", "bob/none")
    assert told.code == 1 and "trouble of its own" in told.err
    assert "hf_tested_alice" not in told.err and "Traceback" not in told.err
    assert not (home / "errors.log").exists() and registry.pulled_as("bob/none", "0") is None
    assert "--token" not in ulmfit("hub", "push", "--help").out
