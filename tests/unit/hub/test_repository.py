"""Looking at repositories: names, revisions, renamed and hidden ones, search, updates."""

import copy
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.hubstate import Hub
from ulmfit_app.errors import AppError, HubError, NotFoundError
from ulmfit_app.hub import ANONYMOUS, is_repo_id, look, newer, refs, repo_id_of, search, sign_in
from ulmfit_app.schema import Origin

CARD = b"---\nlibrary_name: ulmfit-studio\ntags:\n- fastai\n---\n# A model\n"


def origin(commit: str, revision: str = "main") -> Origin:
    """As if that commit had been pulled."""
    return Origin(repo_id="alice/open", revision=revision, commit=commit, weights_sha256="0" * 64, pulled="2026-11-22")


@pytest.mark.parametrize(
    "text",
    [
        "alice/open", " alice/open ", "https://huggingface.co/alice/open", "https://hf.co/alice/open/tree/main",
        "https://huggingface.co/datasets/alice/open?p=1", "datasets/alice/open",
    ],
)  # fmt: skip
def test_a_repository_is_known_by_its_name_or_address(text: str) -> None:
    assert repo_id_of(text) == "alice/open"


@pytest.mark.parametrize(
    "text", ["", "alice", "a/b/c", "../etc", "alice/..", "alice/a--b", "alice/\x00", "alice/é", "a" * 200 + "/b"]
)
def test_other_names_are_refused(text: str) -> None:
    with pytest.raises(HubError, match="owner/name"):
        repo_id_of(text)
    assert not is_repo_id(text)


@given(st.text(max_size=60))
def test_whatever_is_typed_is_a_repository_or_told(text: str) -> None:
    try:
        assert is_repo_id(repo_id_of(text))
    except HubError as error:
        assert "is not the name of a repository" in str(error)


def test_a_repository_tells_its_commit_and_files(hub: Hub) -> None:
    made = hub.repo("alice/open", {"README.md": CARD, "big.bin": b"x" * 20_000})
    seen = look("alice/open", ANONYMOUS)
    assert (seen.commit, seen.private, seen.library) == (made.commits[-1].oid, False, "ulmfit-studio")
    assert {file.path: (file.size, bool(file.sha256)) for file in seen.files} == {
        "README.md": (len(CARD), False),
        "big.bin": (20_000, True),
    }


def test_branches_tags_and_commits_are_listed(hub: Hub) -> None:
    repo = hub.repo("alice/open", {"a": b"1"})
    repo.tags["v1"] = repo.commits[0].oid
    head = repo.commit({"a": b"2"}, "better")
    assert [(ref.kind, ref.name, ref.says) for ref in refs("alice/open", ANONYMOUS)] == [
        ("branch", "main", ""),
        ("tag", "v1", ""),
        ("commit", head.oid, "better"),
        ("commit", repo.commits[0].oid, "initial commit"),
    ]
    assert look("alice/open", ANONYMOUS, "v1").commit == repo.commits[0].oid


def test_a_revision_that_is_not_there_is_told(hub: Hub) -> None:
    hub.repo("alice/open", {"a": b"1"})
    with pytest.raises(NotFoundError, match="alice/open has no such branch, tag or commit"):
        look("alice/open", ANONYMOUS, "v9")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=6,
)
FIELDS: dict[str, Any] = {
    "id": "alice/open",
    "sha": "0" * 40,
    "private": False,
    "siblings": [{"rfilename": "a", "size": 1}],
}


@given(st.sampled_from(["", *FIELDS, "rfilename", "size", "blobId", "lfs"]), JSON)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_an_answer_of_any_kind_is_a_repository_or_told(hub: Hub, name: str, value: object) -> None:
    answer = copy.deepcopy(FIELDS)
    if name in FIELDS:
        answer[name] = value
    else:
        answer["siblings"][0][name] = value
    hub.fail("GET", "/api/models/alice/open", 200, body=answer if name else value)
    try:
        seen = look("alice/open", ANONYMOUS)
    except AppError:
        return
    assert is_repo_id(seen.id) and len(seen.commit) == 40 and all(file.size >= 0 for file in seen.files)


def test_a_private_repository_is_hidden_from_others(hub: Hub) -> None:
    hub.repo("alice/secret", {"README.md": CARD}, private=True)
    alice, bob = sign_in(hub.user("hf_tested_alice", "alice")), sign_in(hub.user("hf_tested_bob", "bob"))
    assert look("alice/secret", alice).private
    for account, who in ((bob, "the account bob"), (ANONYMOUS, "not signed in")):
        with pytest.raises(NotFoundError, match=f"There is no alice/secret on the Hub, or it is hidden.*{who}"):
            look("alice/secret", account)
    assert [found.repo_id for found in search("", alice)] == ["alice/secret"]
    assert search("", bob) == search("", ANONYMOUS) == []


def test_a_renamed_repository_is_found_under_its_new_name(hub: Hub) -> None:
    hub.repo("alice/new", {"a": b"1"})
    hub.renamed["alice/old"] = "alice/new"
    seen = look("alice/old", ANONYMOUS)
    assert (seen.id, seen.renamed) == ("alice/new", True)


def test_search_finds_what_this_app_can_use(hub: Hub) -> None:
    hub.repo("alice/reviews", {"README.md": CARD})
    hub.repo("alice/other", {"README.md": CARD})
    hub.repo("alice/reviews-bert", {"README.md": b"---\nlibrary_name: transformers\n---\n"})
    assert [found.repo_id for found in search("reviews", ANONYMOUS)] == ["alice/reviews"]


def test_an_update_is_another_commit_of_the_revision_that_was_pulled(hub: Hub) -> None:
    repo = hub.repo("alice/open", {"a": b"1"})
    first = repo.commits[0].oid
    assert newer(origin(first), ANONYMOUS) is None
    head = repo.commit({"a": b"2"}, "better")
    found = newer(origin(first), ANONYMOUS)
    assert found and found.commit == head.oid
    assert newer(origin(first, revision=first), ANONYMOUS) is None
