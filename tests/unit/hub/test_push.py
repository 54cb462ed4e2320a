"""Pushing: what arrives is the model, with a card of measured numbers; private unless said otherwise; or nothing."""

from pathlib import Path

import pytest
import yaml

from tests.fixtures import tiny_classifier, tiny_lm
from tests.hubstate import Hub
from ulmfit_app import load_model, modelfolder, registry
from ulmfit_app.errors import AppError, CancelledError, HubError, NotFoundError, OfflineError
from ulmfit_app.hub import ANONYMOUS, Account, pulled, push, sign_in
from ulmfit_app.settings import settings

TEXTS = ["This is a good film .", "A terrible waste of time !", ""]


@pytest.fixture
def alice(hub: Hub) -> Account:
    """Someone who may push to `alice` and `team`."""
    return sign_in(hub.user("hf_tested_alice", "alice", "team"))


@pytest.fixture
def mine(home: Path) -> Path:
    """A model of one's own."""
    return tiny_classifier(home / "models" / "mine", labels=("bad", "good"))


def test_a_pushed_model_pulled_elsewhere_predicts_the_same(
    hub: Hub, alice: Account, mine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = [load_model("mine").predict(text).probabilities for text in TEXTS]
    push(mine, "alice/shared", alice)
    monkeypatch.setenv("ULMFIT_HOME", str(tmp_path / "clean"))
    settings.cache_clear()
    with pulled("alice/shared", alice) as model:
        name = registry.adopt(model.folder, model.origin)
    assert [load_model(name).predict(text).probabilities for text in TEXTS] == before


def test_a_new_repository_is_private_and_has_the_four_files(hub: Hub, alice: Account, mine: Path) -> None:
    made = push(mine, "alice/shared", alice, message="First try")
    repo = hub.repos["alice/shared"]
    assert made.created and repo.private and repo.commits[-1].title == "First try"
    assert made.commit == repo.commits[-1].oid and made.address.endswith(made.commit)
    for name in ("config.json", "vocab.json", "model.safetensors"):
        assert repo.commits[-1].files[name] == (mine / name).read_bytes()
    assert {request.token for request in hub.asked("POST", "/api/")} == {"hf_tested_alice"}


def test_public_and_another_namespace_are_asked_for(hub: Hub, alice: Account, mine: Path) -> None:
    assert push(mine, "team/shared", alice, public=True).created
    assert not hub.repos["team/shared"].private


def test_the_card_for_the_hub_is_accepted_by_its_library(hub: Hub, alice: Account, mine: Path) -> None:
    from huggingface_hub import ModelCard

    registry.write_notes("mine", "Made on a rainy day.")
    push(mine, "alice/shared", alice)
    text = hub.repos["alice/shared"].commits[-1].files["README.md"].decode()
    data = ModelCard(text).data
    assert (data.library_name, data.pipeline_tag, data.model_name) == ("ulmfit-studio", "text-classification", "shared")
    assert "fastai" in data.tags
    (result,) = data.eval_results
    assert (result.metric_type, result.metric_value, result.dataset_name) == ("accuracy", 0.5, "tiny")
    assert 'load_model("alice/shared")' in text and 'learn.load_encoder("encoder")' in text
    assert modelfolder.notes_of(text) == "Made on a rainy day."
    assert (mine / "README.md").read_text().count("model-index") == 0


def test_an_encoder_is_pushed_without_head_labels_and_metrics(hub: Hub, alice: Account, mine: Path) -> None:
    push(mine, "alice/encoder", alice, encoder=True)
    with pulled("alice/encoder", alice) as model:
        config = modelfolder.read_config(model.folder)
    assert (config.part, config.labels, config.metrics) == ("encoder", (), {})
    front = yaml.safe_load(hub.repos["alice/encoder"].commits[-1].files["README.md"].decode().split("---\n")[1])
    assert front["pipeline_tag"] == "feature-extraction" and "model-index" not in front


def test_a_second_push_is_a_commit_on_top(hub: Hub, alice: Account, mine: Path, home: Path) -> None:
    push(mine, "alice/shared", alice)
    other = push(tiny_classifier(home / "models" / "other", seed=1), "alice/shared", alice, tag="v2")
    repo = hub.repos["alice/shared"]
    assert not other.created and len(repo.commits) == 3 and repo.tags == {"v2": other.commit}


def test_a_pull_request_changes_nothing_itself(hub: Hub, alice: Account, mine: Path) -> None:
    repo = hub.repo("bob/open", {"README.md": b"# Bob's"})
    with pytest.raises(HubError, match="bob/open is public"):
        push(mine, "bob/open", alice, pull_request=True)
    made = push(mine, "bob/open", alice, public=True, pull_request=True)
    assert made.address.endswith("/discussions/1") and len(repo.commits) == 1 and len(repo.proposed) == 1


def test_progress_is_told_and_raising_from_it_ends_the_push(hub: Hub, alice: Account, home: Path) -> None:
    words = [f"word{number}" for number in range(20_000)]
    big = tiny_lm(home / "models" / "big", vocab=[*modelfolder.read_vocab(tiny_lm(home / "models" / "small")), *words])
    seen: list[tuple[int, int]] = []

    def cancel(done: int, total: int) -> None:
        seen.append((done, total))
        if done > total // 2:
            raise CancelledError("Cancelled.")

    with pytest.raises(CancelledError):
        push(big, "alice/shared", alice, on_progress=cancel)
    assert len(seen) > 3 and seen == sorted(seen) and seen[-1][0] < seen[-1][1]
    assert list(hub.repos["alice/shared"].commits[-1].files) == [".gitattributes"]
    push(big, "alice/shared", alice)


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/api/repos/create", 401, "does not accept this token"),
        ("/api/repos/create", 402, "wants to be paid"),
        ("/api/repos/create", 403, "does not let the account alice"),
        ("/api/repos/create", 409, "there already"),
        ("/preupload/", 429, "fewer requests"),
        ("/preupload/", 500, "trouble of its own"),
        ("/preupload/", 402, "wants to be paid"),
        ("/commit/", 401, "does not accept this token"),
        ("/commit/", 402, "wants to be paid"),
        ("/commit/", 404, "There is no alice/shared on the Hub"),
        ("/commit/", 409, "is being changed at this moment"),
        ("/commit/", 412, "changed by someone else"),
        ("/commit/", 429, "fewer requests"),
        ("/commit/", 500, "trouble of its own"),
        ("/objects/batch", 403, "does not let the account alice"),
        ("/objects/batch", 500, "trouble of its own"),
        ("/commit/", 403, "does not let the account alice"),
    ],
)
def test_a_refused_push_leaves_no_model_behind(
    path: str, status: int, words: str, hub: Hub, alice: Account, mine: Path
) -> None:
    hub.fail("POST", path, status)
    with pytest.raises((HubError, NotFoundError), match=words):
        push(mine, "alice/shared", alice)
    assert not any("config.json" in repo.commits[-1].files for repo in hub.repos.values())


def test_a_push_without_a_network_is_told(
    hub: Hub, alice: Account, mine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")  # nobody listens there
    with pytest.raises(OfflineError, match=r"cannot be reached \(no connection\)"):
        push(mine, "alice/shared", alice)
    assert not hub.repos


def test_weights_that_are_refused_on_their_way_leave_no_model(hub: Hub, alice: Account, mine: Path) -> None:
    for status in (403, 500):
        hub.fail("PUT", "/lfs/", status, times=9)
        with pytest.raises(HubError):
            push(mine, "alice/shared", alice)
        assert list(hub.repos["alice/shared"].commits[-1].files) == [".gitattributes"]
        hub.failures.clear()
    assert not push(mine, "alice/shared", alice).created


def test_a_change_by_someone_else_meanwhile_is_not_overwritten(
    hub: Hub, alice: Account, mine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ulmfit_app.hub import push as module

    repo = hub.repo("alice/shared", {"README.md": b"# mine"}, private=True)
    rendered = module.__globals__["card"]

    def meanwhile(folder: Path, repo_id: str) -> str:
        repo.commit({"README.md": b"# theirs"}, "meanwhile")
        return str(rendered(folder, repo_id))

    monkeypatch.setitem(module.__globals__, "card", meanwhile)
    with pytest.raises(HubError, match=r"changed by someone else meanwhile.*Nothing was changed on the Hub"):
        push(mine, "alice/shared", alice)
    assert repo.commits[-1].title == "meanwhile"


def test_a_public_repository_does_not_get_what_was_meant_to_be_private(hub: Hub, alice: Account, mine: Path) -> None:
    repo = hub.repo("alice/open", {"README.md": b"# open"})
    with pytest.raises(HubError, match="alice/open is public"):
        push(mine, "alice/open", alice)
    assert len(repo.commits) == 1
    assert not push(mine, "alice/open", alice, public=True).created


def test_another_kind_of_model_is_not_overwritten(hub: Hub, alice: Account, mine: Path) -> None:
    repo = hub.repo("alice/bert", {"model.safetensors": b"x", "config.json": b"{}"}, private=True)
    with pytest.raises(HubError, match="another kind of model"):
        push(mine, "alice/bert", alice)
    assert len(repo.commits) == 1


def test_a_fastai_pickle_is_not_pushed_over(hub: Hub, alice: Account, mine: Path) -> None:
    """What would be there then, nobody could pull: a repository with a `model.pkl` is refused."""
    hub.repo("alice/learner", {"model.pkl": b"x"}, private=True)
    with pytest.raises(HubError, match="another kind of model"):
        push(mine, "alice/learner", alice)


def test_a_lost_answer_is_not_taken_for_a_failure(hub: Hub, alice: Account, mine: Path) -> None:
    hub.fail("POST", "/commit/", cut=0)
    with pytest.raises(OfflineError, match=r"Whether the model has arrived is not known\. Look at alice/shared"):
        push(mine, "alice/shared", alice)
    assert "config.json" in hub.repos["alice/shared"].commits[-1].files
    assert not push(mine, "alice/shared", alice).created


def test_a_renamed_repository_is_not_pushed_to_by_its_old_name(hub: Hub, alice: Account, mine: Path) -> None:
    repo = hub.repo("alice/new", {"README.md": b"# new"}, private=True)
    hub.renamed["alice/old"] = "alice/new"
    with pytest.raises(HubError, match="alice/old is called alice/new now"):
        push(mine, "alice/old", alice)
    assert len(repo.commits) == 1


def test_other_peoples_namespaces_are_refused(hub: Hub, alice: Account, mine: Path) -> None:
    with pytest.raises(HubError, match="does not let the account alice do this with bob/shared"):
        push(mine, "bob/shared", alice)
    with pytest.raises(NotFoundError):
        push(mine, "bob/shared", alice, pull_request=True)
    assert not hub.repos


def test_a_tag_that_is_taken_is_told_and_the_push_stays(hub: Hub, alice: Account, mine: Path) -> None:
    push(mine, "alice/shared", alice, tag="v1")
    registry.write_notes("mine", "Changed.")
    with pytest.raises(AppError, match=r"The tag “v1” could not be made.*was pushed as commit"):
        push(mine, "alice/shared", alice, tag="v1")
    assert len(hub.repos["alice/shared"].commits) == 3


def test_what_makes_no_sense_is_refused_before_the_hub_is_asked(hub: Hub, alice: Account, mine: Path) -> None:
    asked = len(hub.requests)
    with pytest.raises(HubError, match="Nobody is signed in"):
        push(mine, "alice/shared", ANONYMOUS)
    with pytest.raises(HubError, match="no tag"):
        push(mine, "alice/shared", alice, tag="v1", pull_request=True)
    with pytest.raises(HubError, match="not the name of a repository"):
        push(mine, "shared", alice)
    assert len(hub.requests) == asked
