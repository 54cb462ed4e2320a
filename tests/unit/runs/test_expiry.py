"""What anonymous visitors made goes after a day; what works, what is new and what has a name stays."""

import os
import shutil
import time
from pathlib import Path

import pytest
from filelock import FileLock

from tests.unit.runs.making import make_run, queued_run, status
from tests.visitors import ALICE, BOB, make_everything
from ulmfit_app import access
from ulmfit_app.data.token_table import cached, tokenise
from ulmfit_app.runs import control, expiry
from ulmfit_app.schema import RunState
from ulmfit_app.settings import settings


@pytest.fixture(autouse=True)
def hosted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hosted server."""
    monkeypatch.setenv("ULMFIT_MODE", "hosted")
    settings.cache_clear()


def age(folder: Path, hours: float) -> None:
    """Let everything in `folder` be that old."""
    then = time.time() - hours * 3600
    for path in [*folder.rglob("*"), folder]:
        os.utime(path, (then, then))


def left(home: Path, owner: str) -> list[str]:
    """Names of the things of `owner`, deleted ones too."""
    folders = home.rglob(access.folder_name(owner))
    return sorted(path.name for folder in folders for path in folder.iterdir() if path.name[0] != ".")


def test_everything_goes_after_a_day(home: Path, tmp_path: Path) -> None:
    ids = make_everything(ALICE, tmp_path)
    with access.acting_for(ALICE):
        control.stop(ids["queued"])
    age(home, 23)
    before = left(home, ALICE)
    expiry.remove_expired()
    assert left(home, ALICE) == before != []
    age(home, 25)
    expiry.remove_expired()
    assert left(home, ALICE) == []
    age(home, 25)
    expiry.remove_expired()
    assert not list(home.rglob("@*"))


def test_what_comes_while_an_empty_folder_is_removed_keeps_its_owner(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with access.acting_for(ALICE):
        place = access.place("datasets")
        access.claim(place)
    age(home, 25)
    real = Path.rmdir

    def beside_another(folder: Path) -> None:
        (folder / "new").mkdir()
        real(folder)

    monkeypatch.setattr(Path, "rmdir", beside_another)
    expiry.remove_expired()
    assert (place / "new").is_dir() and access.owner_of(place) == ALICE


def test_what_goes_by_itself_meanwhile_stops_nothing(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with access.acting_for(ALICE):
        first, second = make_run(name="a"), make_run(name="b")
    age(home, 25)
    real = Path.rglob

    def vanishing(folder: Path, pattern: str) -> object:
        return iter([folder / "vanished"]) if folder == first.path else real(folder, pattern)

    monkeypatch.setattr(Path, "rglob", vanishing)
    expiry.remove_expired()
    assert first.path.is_dir() and not second.path.exists()


def test_nothing_is_removed_while_others_wait_for_the_queue(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with access.acting_for(ALICE):
        old = make_run(name="a")
    age(home, 25)
    removed = []
    real = shutil.rmtree

    def watched(path: Path, *arguments: object, **options: object) -> None:
        if Path(path).exists():
            with FileLock(home / "queue.lock", timeout=0):
                removed.append(path)
        real(path)

    monkeypatch.setattr(expiry.shutil, "rmtree", watched)
    expiry.remove_expired()
    assert len(removed) == 1 and not old.path.exists() and not list((home / "trash").rglob("*.json"))


def test_what_a_run_that_goes_on_may_need_stays(home: Path) -> None:
    with access.acting_for(ALICE):
        old, works = make_run(name="a"), make_run(name="b")
    with access.acting_for(BOB):
        waits = queued_run(name="c")
    works.write_status(status(RunState.RUNNING))
    age(home, 25)
    with FileLock(works.lock):
        age(home, 25)
        expiry.remove_expired()
    assert old.path.is_dir()
    assert works.path.is_dir()
    assert waits.path.is_dir()


def test_what_is_somebodys_or_nobodys_stays(home: Path) -> None:
    with access.acting_for("hf:carol"):
        named = make_run(name="a")
    with access.acting_for(access.LOCAL):
        own = make_run(name="b")
    unknown = home / "runs" / access.folder_name("anon:who")
    unknown.mkdir()
    age(home, 1000)
    expiry.remove_expired()
    assert named.path.is_dir()
    assert own.path.is_dir()
    assert unknown.is_dir()


def test_what_somebody_deleted_goes_after_a_week(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with access.acting_for("hf:carol"):
        kept, deleted = make_run(name="a"), make_run(name="b")
        control.delete(deleted.id)
    with access.acting_for(access.LOCAL):
        own = make_run(name="c")
        control.delete(own.id)
    present = time.time()
    for days, there in ((6, True), (8, False)):
        monkeypatch.setattr(time, "time", lambda days=days: present + days * 86_400)
        expiry.remove_expired()
        assert bool(list(home.rglob(deleted.id))) is there
    assert kept.path.is_dir()
    assert (home / "trash" / "runs" / own.id).is_dir()


def test_the_tokens_of_texts_that_nobody_reads_are_forgotten(home: Path) -> None:
    texts = ["a text of a visitor", "and another one"]
    tokenise(texts)
    (folder,) = (home / "cache" / "tokens").iterdir()
    age(folder, 25)
    assert cached(texts, "en") is not None
    expiry.remove_expired()
    assert folder.is_dir()  # it was read just now
    age(folder, 25)
    expiry.remove_expired()
    assert not folder.exists()
