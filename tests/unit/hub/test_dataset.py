"""The rows of a dataset repository: its table files, downloaded for as long as they are read."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.hubstate import Hub
from ulmfit_app.data import ingest
from ulmfit_app.errors import DataError, NotFoundError
from ulmfit_app.hub import ANONYMOUS, data_files, downloaded, look, sign_in, stage
from ulmfit_app.settings import settings

CSV = b"text,label\nA fine film.,pos\nDreadful.,neg\n"


def test_the_files_that_hold_rows_are_offered(hub: Hub) -> None:
    files = {
        "README.md": b"",
        "data/train.csv": CSV,
        "data/test.CSV": CSV,
        "x.parquet": b"",
        "run.py": b"",
        "a/../b.csv": CSV,
    }
    hub.repo("alice/reviews", files, sort="dataset")
    seen = look("alice/reviews", ANONYMOUS, sort="dataset")
    assert [file.path for file in data_files(seen)] == ["data/test.CSV", "data/train.csv", "x.parquet"]


def test_files_are_there_to_be_read_and_then_gone(hub: Hub, home: Path) -> None:
    hub.repo("alice/reviews", {"data/a.csv": CSV, "data-a.csv": CSV.replace(b"fine", b"good")}, sort="dataset")
    seen = look("alice/reviews", ANONYMOUS, sort="dataset")
    with downloaded(seen, data_files(seen), ANONYMOUS) as paths:
        table = ingest.check(paths)
    assert table.texts == ["A good film.", "Dreadful.", "A fine film.", "Dreadful."]
    assert not any(path.exists() for path in paths)
    assert [path for path in stage.cache().rglob("*") if path.is_file() and path.suffix != ".lock"] == []


@pytest.mark.parametrize(
    ("address", "name"),
    [("..a/b.csv", "..a-b.csv"), ("a\\escaped.csv", "a-escaped.csv"), ("a" * 300, "a" * 120)],
)
def test_a_path_that_leads_elsewhere_stays_in_the_folder(address: str, name: str, hub: Hub, home: Path) -> None:
    repo = hub.repo("alice/reviews", {"x.csv": CSV}, sort="dataset")
    seen = look("alice/reviews", ANONYMOUS, sort="dataset")
    repo.commits[0].files[address] = CSV
    with downloaded(seen, [replace(seen.files[0], path=address)], ANONYMOUS) as (path,):
        assert path.parent.name == stage.FILES and path.name == f"1-{name}"
    assert not list(home.parent.glob("*escaped*"))


def test_a_repository_without_rows_says_what_to_try(hub: Hub) -> None:
    hub.repo("alice/images", {"a.png": b"x"}, sort="dataset")
    with pytest.raises(DataError, match="refs/convert/parquet"):
        data_files(look("alice/images", ANONYMOUS, sort="dataset"))


def test_a_file_over_the_limit_is_not_fetched(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ULMFIT_MAX_FILE_MB", "1")
    settings.cache_clear()
    hub.repo("alice/big", {"a.csv": b"x" * 1_100_000}, sort="dataset")
    seen = look("alice/big", ANONYMOUS, sort="dataset")
    with pytest.raises(DataError, match=r"a.csv has 1 MB; at most 1 are read"), downloaded(seen, seen.files, ANONYMOUS):
        pass
    assert not hub.asked("GET", "/resolve/")


def test_files_that_are_too_much_together_are_not_fetched(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ULMFIT_MAX_UNPACKED_MB", "1")
    settings.cache_clear()
    hub.repo("alice/big", {"a.csv": b"x" * 600_000, "b.csv": b"x" * 600_000}, sort="dataset")
    seen = look("alice/big", ANONYMOUS, sort="dataset")
    with pytest.raises(DataError, match="Together the files have 1 MB"), downloaded(seen, seen.files, ANONYMOUS):
        pass
    assert not hub.asked("GET", "/resolve/")


def test_a_private_dataset_is_hidden_from_others(hub: Hub) -> None:
    hub.repo("alice/reviews", {"a.csv": CSV}, sort="dataset", private=True)
    alice, bob = sign_in(hub.user("hf_tested_alice", "alice")), sign_in(hub.user("hf_tested_bob", "bob"))
    seen = look("alice/reviews", alice, sort="dataset")
    with downloaded(seen, seen.files, alice) as paths:
        assert paths[0].read_bytes() == CSV
        for account in (bob, ANONYMOUS):  # not even with what alice saw, while her files are there
            with pytest.raises(NotFoundError), downloaded(seen, seen.files, account):
                pass


def test_a_model_is_no_dataset(hub: Hub) -> None:
    hub.repo("alice/model", {"a": b"x"})
    with pytest.raises(NotFoundError):
        look("alice/model", ANONYMOUS, sort="dataset")
