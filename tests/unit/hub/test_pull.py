"""Pulling: verified, resumed, taken in under its name; and nothing of what must not be."""

import hashlib
import json
import shutil
from pathlib import Path

import pytest

from tests import hubserver
from tests.hubstate import Hub
from ulmfit_app import access, registry
from ulmfit_app import hub as the_hub
from ulmfit_app.errors import AppError, CancelledError, HubError, ModelFolderError, NotFoundError, OfflineError
from ulmfit_app.hub import ANONYMOUS, Account, pulled, sign_in, stage, transfer
from ulmfit_app.settings import settings

WEIGHTS = "model.safetensors"


def pull(repo_id: str, account: Account = ANONYMOUS, revision: str | None = None) -> str:
    """Pull and take in, as pages and commands do; the name of the model."""
    with pulled(repo_id, account, revision) as model:
        return registry.adopt(model.folder, model.origin)


def leftovers(home: Path) -> list[str]:
    """Names of the files of the home, but for empty locks."""
    return sorted(path.name for path in home.rglob("*") if path.is_file() and path.suffix != ".lock")


def test_a_model_is_pulled_under_its_owners_name_with_its_origin(hub: Hub, model_files: dict[str, bytes]) -> None:
    repo = hub.repo("Alice/My__Model.v1", model_files)
    assert pull("Alice/My__Model.v1") == "alice--my-model.v1"
    entry = registry.entry("alice--my-model.v1")
    assert entry.config and {p.name: p.read_bytes() for p in entry.path.iterdir()} == model_files
    origin = registry.origin_of(entry)
    assert origin and (origin.repo_id, origin.revision) == ("Alice/My__Model.v1", "main")
    assert origin.commit == repo.commits[0].oid
    assert registry.pulled_as(origin.repo_id, origin.commit) == entry.name
    assert not list(stage.cache().rglob("files"))


def test_a_revision_is_pulled_and_recorded(hub: Hub, model_files: dict[str, bytes]) -> None:
    repo = hub.repo("alice/open", model_files)
    repo.tags["v1"] = repo.commits[0].oid
    repo.commit({"config.json": b"{}"}, "broken")
    origin = registry.origin_of(registry.entry(pull("alice/open", revision="v1")))
    assert origin and (origin.revision, origin.commit) == ("v1", repo.commits[0].oid)


def test_a_second_pull_gets_the_next_name(hub: Hub, model_files: dict[str, bytes]) -> None:
    hub.repo("alice/open", model_files)
    assert [pull("alice/open") for _ in range(3)] == ["alice--open", "alice--open-2", "alice--open-3"]


def test_the_origin_goes_with_a_new_name_and_not_to_other_weights(
    hub: Hub, model_files: dict[str, bytes], home: Path
) -> None:
    hub.repo("alice/open", model_files)
    registry.rename(pull("alice/open"), "mine")
    entry = registry.entry("mine")
    origin = registry.origin_of(entry)
    assert origin and origin.repo_id == "alice/open"
    assert entry.config
    other = entry.config.model_copy(update={"weights_sha256": "0" * 64})
    (entry.path / "config.json").write_text(other.model_dump_json())
    assert registry.origin_of(registry.entry("mine")) is None


def test_only_the_files_of_the_format_are_fetched(hub: Hub, model_files: dict[str, bytes]) -> None:
    more = {"encoder.pth": b"x", "run.py": b"x", "a/config.json": b"x", ".gitattributes": b"x"}
    hub.repo("alice/open", model_files | more)
    name = pull("alice/open")
    assert {path.name for path in registry.folder_of(name).iterdir()} == model_files.keys()
    assert len(hub.asked("GET", "/resolve/")) == len(model_files)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"model.pkl": b"x"}, "pickle. Loading a pickle runs whatever program"),
        ({WEIGHTS: None, "learner.pkl": b"x"}, "as a pickle"),
        ({WEIGHTS: None, "pytorch_model.bin": b"x"}, "as a pickle"),
        ({WEIGHTS: None}, "not a model of ULMFiT Studio: it lacks model.safetensors"),
        ({"README.md": b"x" * 1_100_000}, "README.md of 1,100,000 bytes; at most"),
    ],
)
def test_what_is_not_ours_is_refused_before_a_byte_is_fetched(
    change: dict[str, bytes | None], words: str, hub: Hub, model_files: dict[str, bytes], home: Path
) -> None:
    changed = model_files | change
    hub.repo("alice/open", {name: content for name, content in changed.items() if content is not None})
    with pytest.raises(ModelFolderError, match=words):
        pull("alice/open")
    assert not hub.asked("GET", "/resolve/") and leftovers(home) == []


@pytest.mark.parametrize("file", ["config.json", "vocab.json", WEIGHTS])
def test_a_model_that_cannot_be_trusted_leaves_nothing(
    file: str, hub: Hub, model_files: dict[str, bytes], home: Path
) -> None:
    hub.repo("alice/open", model_files | {file: model_files[file][:-9] + b"corrupt!]"})
    with pytest.raises(ModelFolderError, match="alice/open holds a model that cannot be used"):
        pull("alice/open")
    assert leftovers(home) == [] and registry.models() == [e for e in registry.models() if e.shipped]


def test_a_cut_connection_is_taken_up_where_it_broke(hub: Hub, model_files: dict[str, bytes]) -> None:
    hub.repo("alice/open", model_files)
    hub.fail("GET", WEIGHTS, cut=30_000)
    seen: list[int] = []
    with pulled("alice/open", ANONYMOUS, on_progress=lambda done, total: seen.append(done)) as model:
        assert (model.folder / WEIGHTS).read_bytes() == model_files[WEIGHTS]
    ranges = [request.range for request in hub.asked("GET", WEIGHTS)]
    assert ranges[0] is None and ranges[1:] == ["bytes=30000-"]
    assert seen == sorted(seen) and seen[-1] == sum(map(len, model_files.values()))


def test_a_broken_download_goes_on_at_the_next_try(hub: Hub, model_files: dict[str, bytes], home: Path) -> None:
    hub.repo("alice/open", model_files)
    hub.fail("GET", WEIGHTS, cut=10_000, times=transfer.ATTEMPTS)
    with pytest.raises(OfflineError, match=r"cut.*kept: the next try goes on from there"):
        pull("alice/open")
    assert [entry for entry in registry.models() if not entry.shipped] == []
    asked = len(hub.asked("GET", "/resolve/"))
    assert registry.folder_of(pull("alice/open")).joinpath(WEIGHTS).read_bytes() == model_files[WEIGHTS]
    again = hub.asked("GET", "/resolve/")[asked:]
    assert [request.range for request in again] == [f"bytes={10_000 * transfer.ATTEMPTS}-"]


def test_raising_from_the_progress_ends_it_and_keeps_what_arrived(
    hub: Hub, model_files: dict[str, bytes], home: Path
) -> None:
    hub.repo("alice/open", model_files)

    def cancel(done: int, total: int) -> None:
        if done > total // 2:
            raise CancelledError("Cancelled.")

    with pytest.raises(CancelledError), pulled("alice/open", ANONYMOUS, on_progress=cancel):
        pass
    assert (home / "models").exists() is False
    assert sum(path.stat().st_size for path in stage.cache().rglob("*") if path.is_file()) > 0
    pull("alice/open")


def test_what_differs_from_the_hubs_hash_is_removed(hub: Hub, model_files: dict[str, bytes]) -> None:
    hub.repo("alice/open", model_files)
    hub.fail("GET", WEIGHTS, cut=10_000, times=transfer.ATTEMPTS)
    with pytest.raises(OfflineError):
        pull("alice/open")
    (part,) = stage.cache().rglob(f"parts/{WEIGHTS}")
    part.write_bytes(b"\0" * part.stat().st_size)
    with pytest.raises(HubError, match="arrived damaged"):
        pull("alice/open")
    assert pull("alice/open") == "alice--open"


def test_a_file_longer_than_was_said_is_not_written_to_the_disk(
    hub: Hub, model_files: dict[str, bytes], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo = hub.repo("alice/open", model_files)
    seen = the_hub.look("alice/open", ANONYMOUS)
    repo.commits[0].files["README.md"] += b"x" * 100_000
    monkeypatch.setattr("ulmfit_app.hub.pull.look", lambda *_: seen)
    with pytest.raises(HubError, match=r"README.md is longer than the Hub says"):
        pull("alice/open")
    assert max(path.stat().st_size for path in home.rglob("*")) < 60_000


def test_a_file_shorter_than_was_said_is_no_file(
    hub: Hub, model_files: dict[str, bytes], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo = hub.repo("alice/open", model_files)
    seen = the_hub.look("alice/open", ANONYMOUS)
    repo.commits[0].files[WEIGHTS] = model_files[WEIGHTS][:-1]
    monkeypatch.setattr("ulmfit_app.hub.pull.look", lambda *_: seen)
    with pytest.raises(HubError, match=r"model.safetensors is shorter than the Hub says"):
        pull("alice/open")
    assert not registry.folders.own_models().exists()


def test_a_full_disk_is_seen_before(hub: Hub, model_files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    hub.repo("alice/open", model_files)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(100, 99, 1))
    with pytest.raises(HubError, match=r"MB are free.*Nothing was downloaded"):
        pull("alice/open")
    assert not hub.asked("GET", "/resolve/")


def test_two_pulls_of_one_account_do_not_write_into_each_other(hub: Hub, model_files: dict[str, bytes]) -> None:
    hub.repo("alice/open", model_files)
    with pulled("alice/open", ANONYMOUS), pytest.raises(HubError, match="is being downloaded already"):
        pull("alice/open")


def test_the_files_of_a_private_repository_are_never_given_to_others(
    hub: Hub, model_files: dict[str, bytes], home: Path
) -> None:
    """A cache that all share would give them (huggingface_hub 2.4 falls back to it after a 401)."""
    hub.repo("alice/secret", model_files, private=True)
    alice, bob = sign_in(hub.user("hf_tested_alice", "alice")), sign_in(hub.user("hf_tested_bob", "bob"))
    hub.fail("GET", WEIGHTS, cut=5_000, times=transfer.ATTEMPTS)
    with pytest.raises(OfflineError):
        pull("alice/secret", alice)
    assert any(WEIGHTS in name or "config" in name for name in leftovers(home))
    for other in (bob, ANONYMOUS):
        asked = len(hub.requests)
        with pytest.raises(NotFoundError, match="hidden from"):
            pull("alice/secret", other)
        assert [request.path for request in hub.requests[asked:]] == [
            "/api/models/alice/secret/revision/main?blobs=true"
        ]
    folders = {account.folder for account in (alice, bob, ANONYMOUS)}
    assert len(folders) == 3
    assert [path.name for path in stage.cache().iterdir()] == [alice.folder]


def test_a_visitors_download_is_no_other_visitors(
    hub: Hub, model_files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch, no_shipped_models: None
) -> None:
    """Not even one's who types the same token, or is nobody there either."""
    hub.repo("alice/secret", model_files, private=True)
    hub.repo("alice/open", model_files)
    alice, bob = sign_in(hub.user("hf_tested_alice", "alice")), sign_in(hub.user("hf_tested_bob", "bob"))
    monkeypatch.setenv("ULMFIT_MODE", "hosted")
    settings.cache_clear()
    for visitor, repo_id, account in (("hf:1", "alice/secret", alice), ("anon:a", "alice/open", ANONYMOUS)):
        hub.fail("GET", WEIGHTS, cut=5_000, times=transfer.ATTEMPTS)
        with access.acting_for(visitor), pytest.raises(OfflineError):
            pull(repo_id, account)
    there = {path: path.read_bytes() for path in stage.cache().rglob("*") if path.is_file()}
    assert len(there) > 6
    for visitor, account in (("hf:2", bob), ("anon:b", ANONYMOUS)):
        with access.acting_for(visitor):
            with pytest.raises(NotFoundError, match="hidden from"):
                pull("alice/secret", account)
            assert registry.models() == [] and registry.pulled_as("alice/secret", "0" * 40) is None
    hub.requests.clear()
    with access.acting_for("anon:b"):
        pull("alice/open")
        assert hub.asked("GET", WEIGHTS)[0].range is None
    with access.acting_for("hf:1"):
        pull("alice/secret", alice)
        assert hub.asked("GET", WEIGHTS)[-1].range == f"bytes={5_000 * transfer.ATTEMPTS}-"
    with access.acting_for("hf:2"):
        assert registry.models() == []
    assert {path: path.read_bytes() for path in there if "anonymous" in str(path)} == {
        path: content for path, content in there.items() if "anonymous" in str(path)
    }


def test_a_token_does_not_follow_to_another_machine(hub: Hub, model_files: dict[str, bytes]) -> None:
    """Large files lie on another host, whose address carries a signature of its own."""
    hub.repo("alice/secret", model_files, private=True)
    alice = sign_in(hub.user("hf_tested_alice", "alice"))
    with hubserver.running() as storage:
        storage.repo("the/storage", model_files)
        address = f"{storage.url}/the/storage/resolve/main/{WEIGHTS}"
        hub.fail("GET", WEIGHTS, 302, headers={"Location": address}, times=9)
        storage.fail("GET", WEIGHTS, cut=5_000)
        pull("alice/secret", alice)
        assert [request.token for request in storage.requests] == [None, None]
        assert storage.requests[-1].range == "bytes=5000-"
    assert {request.token for request in hub.requests} == {"hf_tested_alice"}


def test_in_hosted_mode_the_model_is_its_visitors(
    hub: Hub, model_files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch, no_shipped_models: None
) -> None:
    hub.repo("alice/open", model_files)
    monkeypatch.setenv("ULMFIT_MODE", "hosted")
    settings.cache_clear()
    with access.acting_for("anon:a"):
        pull("alice/open")
        assert [entry.name for entry in registry.models()] == ["alice--open"]
    with access.acting_for("anon:b"):
        assert registry.models() == []


def test_more_than_a_visitor_may_keep_is_not_fetched(
    hub: Hub, model_files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch, no_shipped_models: None
) -> None:
    hub.repo("alice/open", model_files | {"README.md": b"x" * 1_000_000})
    monkeypatch.setenv("ULMFIT_MODE", "hosted")
    monkeypatch.setenv("ULMFIT_VISITOR_MB", "1")
    settings.cache_clear()
    with access.acting_for("anon:a"), pytest.raises(AppError, match=r"With that you would pass the 1 MB.*Nothing was"):
        pull("alice/open")
    assert not hub.asked("GET", "/resolve/") and not stage.cache().exists()


def test_weights_too_large_to_be_loaded_for_a_visitor_are_not_fetched(
    hub: Hub, model_files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch, no_shipped_models: None
) -> None:
    hub.repo("alice/open", model_files | {"model.safetensors": bytes(300_000)})
    monkeypatch.setenv("ULMFIT_MODE", "hosted")
    monkeypatch.setenv("ULMFIT_CACHE_MB", "1")
    settings.cache_clear()
    with access.acting_for("anon:a"), pytest.raises(AppError, match="takes 0 MB at most from visitors"):
        pull("alice/open")
    assert not hub.asked("GET", "/resolve/")


def test_what_nobody_went_on_with_is_removed_after_a_week(
    hub: Hub, model_files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.repo("alice/old", model_files)
    hub.fail("GET", WEIGHTS, cut=10_000, times=transfer.ATTEMPTS)
    with pytest.raises(OfflineError):
        pull("alice/old")
    monkeypatch.setattr(stage, "KEPT_DAYS", {"local": -1})
    hub.repo("alice/open", model_files)
    pull("alice/open")
    assert not list(stage.cache().rglob("alice--old*"))


def test_no_token_is_in_any_file(hub: Hub, model_files: dict[str, bytes], home: Path) -> None:
    token = hub.user("hf_tested_alice_very_secret", "alice")
    alice = sign_in(token)
    hub.repo("alice/secret", model_files, private=True)
    pull("alice/secret", alice)
    hub.repo("alice/broken", model_files, private=True)
    hub.fail("GET", WEIGHTS, cut=10_000, times=transfer.ATTEMPTS)
    with pytest.raises(OfflineError):
        pull("alice/broken", alice)
    hashed = hashlib.sha256(token.encode()).hexdigest()[:12]
    files = [path for path in home.rglob("*") if path.is_file()]
    assert len(files) > 5
    for path in files:
        assert token.encode() not in path.read_bytes() and hashed not in str(path)


def test_load_model_pulls_once_per_commit(hub: Hub, model_files: dict[str, bytes]) -> None:
    from ulmfit_app import load_model

    repo = hub.repo("alice/open", model_files)
    first, again = load_model("alice/open"), load_model("alice/open", revision=repo.commits[0].oid)
    assert first.config == again.config
    assert [entry.name for entry in registry.models() if not entry.shipped] == ["alice--open"]
    repo.commit({"README.md": b"# changed"}, "better")
    load_model("alice/open")
    assert [entry.name for entry in registry.models() if not entry.shipped] == ["alice--open", "alice--open-2"]
    assert (
        json.loads((registry.folders.own_models() / ".origins" / "alice--open.json").read_text())["repo_id"]
        == "alice/open"
    )


def test_load_model_asks_the_hub_only_for_what_looks_like_a_repository(hub: Hub) -> None:
    from ulmfit_app import load_model

    with pytest.raises(NotFoundError):
        load_model("no-such-model")
    assert not hub.requests
    with pytest.raises(NotFoundError, match="There is no alice/none on the Hub"):
        load_model("alice/none")
