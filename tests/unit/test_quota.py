"""How much a visitor may keep, and how many runs may wait."""

import os
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.unit.runs.making import make_spec
from tests.visitors import ALICE, BOB, make_everything
from ulmfit_app import access, quota
from ulmfit_app.data import sources
from ulmfit_app.errors import AppError, RunError
from ulmfit_app.runs import control, launcher
from ulmfit_app.runs.folder import all_runs
from ulmfit_app.runs.submit import submit
from ulmfit_app.settings import settings
from ulmfit_app.ui.hub_dataset import Fetched


@pytest.fixture(autouse=True)
def hosted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hosted server that keeps little and starts nothing."""
    monkeypatch.setenv("ULMFIT_MODE", "hosted")
    monkeypatch.setenv("ULMFIT_VISITOR_MB", "1")
    monkeypatch.setenv("ULMFIT_VISITOR_RUNS", "2")
    monkeypatch.setattr(launcher, "start", lambda folder: os.getpid())
    settings.cache_clear()


def test_whoever_has_too_much_adds_nothing(tmp_path: Path) -> None:
    make_everything(ALICE, tmp_path)
    file = tmp_path / "more.csv"
    file.write_text("text\n" + "\n".join(f"text {number}" for number in range(20)))
    with access.acting_for(ALICE):
        (access.place("models", deleted=True) / "large").write_bytes(bytes(1_000_000))
        before, runs = sources.names(), all_runs()
        with pytest.raises(AppError, match="1 MB"):
            sources.add("more", [file])
        with pytest.raises(AppError, match="1 MB"):
            submit(make_spec(name="more"))
        assert (sources.names(), all_runs()) == (before, runs)
    for other in (BOB, access.LOCAL):
        with access.acting_for(other):
            sources.add("more", [file])


def test_splits_that_are_drawn_again_count(tmp_path: Path) -> None:
    file = tmp_path / "some.csv"
    file.write_text("text,label\n" + "\n".join(f"text {number},{'ab'[number % 2]}" for number in range(40)))
    with access.acting_for(ALICE):
        sources.add("some", [file])
        before = quota.used()
        sources.resplit("some", 0.5, 1)
        assert quota.used() > 1.5 * before
        (access.place("models", deleted=True)).mkdir(parents=True)
        (access.place("models", deleted=True) / "large").write_bytes(bytes(1_000_000))
        again = sources.entry("some").info
        with pytest.raises(AppError, match="1 MB"):
            sources.resplit("some", 0.4, 2)
        assert sources.entry("some").info == again


def test_a_run_may_pass_the_limit_by_a_fifth_and_leaves_the_disk_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    with access.acting_for(ALICE):
        access.claim(access.place("runs"))
        (access.place("runs") / "checkpoint").write_bytes(bytes(1_150_000))
        assert quota.overdrawn() == ""
        (access.place("runs") / "another").write_bytes(bytes(100_000))
        assert "passed the 1 MB" in quota.overdrawn()
    with access.acting_for(BOB):
        assert quota.overdrawn() == ""
        monkeypatch.setenv("ULMFIT_FREE_MB", str(10**9))
        settings.cache_clear()
        assert "disk is nearly full" in quota.overdrawn()
    with access.acting_for(access.LOCAL):
        assert quota.overdrawn() == ""


def test_what_is_removed_while_it_is_counted_is_no_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    with access.acting_for(ALICE):
        for name in ("a", "b"):
            (access.place("runs") / name).mkdir(parents=True)
            (access.place("runs") / name / "file").write_bytes(bytes(1000))
        real = quota._bytes

        def removing(path: Path) -> int:
            for other in path.parent.parent.iterdir() if path.is_file() else ():
                if other != path.parent:
                    shutil.rmtree(other)
            return real(path)

        monkeypatch.setattr(quota, "_bytes", removing)
        assert quota.used() == 1000


def test_files_of_the_hub_that_wait_to_be_read_count(tmp_path: Path) -> None:
    file = tmp_path / "train.parquet"
    file.write_bytes(bytes(700_000))
    with access.acting_for(ALICE):
        fetched = Fetched(cast(Any, SimpleNamespace(id="alice/texts", commit="0" * 40)), [file])
        assert quota.used() == 700_000
        assert [path.read_bytes() for path in fetched.paths] == [bytes(700_000)]
        del fetched
        assert quota.used() == 0


def test_so_many_runs_and_no_more() -> None:
    with access.acting_for(ALICE):
        submit(make_spec(name="a"))
        second = submit(make_spec(name="b"))
        with pytest.raises(RunError, match="2 runs"):
            submit(make_spec(name="c"))
        control.stop(second)
        submit(make_spec(name="c"))
    with access.acting_for(BOB):
        submit(make_spec(name="a"))


def test_runs_that_ended_or_were_deleted_count_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ULMFIT_VISITOR_KEPT_RUNS", "3")
    settings.cache_clear()
    with access.acting_for(ALICE):
        for name in ("a", "b", "c"):
            run = submit(make_spec(name=name))
            control.stop(run)
        control.delete(run)
        with pytest.raises(RunError, match="started 3 runs"):
            submit(make_spec(name="d"))
    with access.acting_for(BOB):
        submit(make_spec(name="a"))


def test_no_runs_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ULMFIT_VISITOR_RUNS", "0")
    settings.cache_clear()
    with access.acting_for(ALICE):
        with pytest.raises(RunError, match="starts no runs for visitors"):
            submit(make_spec())
        assert quota.used() == 0


def test_a_dataset_of_too_many_texts_and_a_full_disk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "some.csv"
    file.write_text("text\n" + "\n".join(f"text {number}" for number in range(20)))
    with access.acting_for(ALICE):
        monkeypatch.setenv("ULMFIT_MAX_TEXTS", "19")
        settings.cache_clear()
        with pytest.raises(AppError, match="20 texts; a dataset has at most 19"):
            sources.add("some", [file])
        monkeypatch.setenv("ULMFIT_MAX_TEXTS", "20")
        monkeypatch.setenv("ULMFIT_FREE_MB", str(10**9))
        settings.cache_clear()
        with pytest.raises(AppError, match="disk is nearly full"):
            sources.add("some", [file])
        assert "some" not in sources.names()
        monkeypatch.setenv("ULMFIT_FREE_MB", "0")
        settings.cache_clear()
        sources.add("some", [file])


def test_unfinished_downloads_count() -> None:
    with access.acting_for(ALICE):
        place = settings().home_path / "cache" / "hub" / f"{access.folder_name(ALICE)}-account" / "repo@commit"
        place.mkdir(parents=True)
        (place / "model.safetensors").write_bytes(bytes(1000))
        assert quota.used() == 1000
    with access.acting_for(BOB):
        assert quota.used() == 0
