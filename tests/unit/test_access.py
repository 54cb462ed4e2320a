"""What one visitor has, another neither sees nor changes, whatever the way; and who asks is never guessed."""

import stat
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.runs.making import make_run, queued_run
from tests.visitors import ALICE, BOB, SIGN, make_everything
from ulmfit_app import access, registry, signing
from ulmfit_app.data import sources
from ulmfit_app.errors import AppError, NotFoundError
from ulmfit_app.runs import control, launcher, worker
from ulmfit_app.runs.dispatch import dispatch
from ulmfit_app.runs.folder import RunFolder, all_runs, deleted_runs, find
from ulmfit_app.runs.models import model_folder
from ulmfit_app.runs.queue import locked, positions, read_queue, write_queue
from ulmfit_app.runs.submit import refuse_taken
from ulmfit_app.schema import RunSpec
from ulmfit_app.settings import settings


@pytest.fixture(autouse=True)
def hosted(monkeypatch: pytest.MonkeyPatch, no_shipped_models: None) -> None:
    """A hosted server on which nobody has asked yet."""
    monkeypatch.setenv("ULMFIT_MODE", "hosted")
    monkeypatch.setattr(access, "_ask", None)
    monkeypatch.setattr(launcher, "start", lambda folder: 1)
    settings.cache_clear()


def everything_listed() -> str:
    """Whatever any list of things says to who asks now."""
    queue = access.visible(access.current(), read_queue())
    lists = (
        registry.models(), registry.TRASH.deleted(), sources.catalogue(), sources.TRASH.deleted(),
        all_runs(), deleted_runs(), queue, positions(queue),
    )  # fmt: skip
    return repr(lists)


def test_no_list_has_anything_of_another(tmp_path: Path) -> None:
    ids = make_everything(ALICE, tmp_path)
    with access.acting_for(ALICE):
        mine = everything_listed()
    for name in ("classifier", "deleted", "lm", "texts", "gone"):
        assert f"{SIGN}-{name}" in mine
    assert all(run_id in mine for run_id in ids.values())
    for other in (BOB, "hf:alice", access.LOCAL):
        with access.acting_for(other):
            listed = everything_listed()
        assert SIGN not in listed
        assert not any(run_id in listed for run_id in ids.values())


def test_nothing_of_another_is_found_by_its_name_or_path(tmp_path: Path) -> None:
    ids = make_everything(ALICE, tmp_path)
    with access.acting_for(ALICE):
        path = registry.named(f"{SIGN}-lm").path
        tokens = [registry.TRASH.deleted()[0].token, sources.TRASH.deleted()[0].token]
    model = f"{SIGN}-lm"
    ways: list[Callable[[], object]] = [
        lambda: registry.named(model), lambda: registry.entry(model), lambda: registry.entry(str(path)),
        lambda: registry.entry(f"{path.parent.name}/{model}"), lambda: registry.folder_of(path),
        lambda: registry.read_vocab(str(path)), lambda: registry.rename(model, "mine"), lambda: registry.delete(model),
        lambda: registry.restore(tokens[0]), lambda: registry.write_notes(model, "mine"),
        lambda: model_folder(model), lambda: model_folder(str(path)),
        lambda: model_folder(f"../{path.parent.name}/{model}"), lambda: model_folder(f"{path.parent.name}/{model}"),
        lambda: sources.entry(f"{SIGN}-texts"), lambda: sources.open_dataset(f"{SIGN}-texts"),
        lambda: sources.rename(f"{SIGN}-texts", "mine"), lambda: sources.delete(f"{SIGN}-texts"),
        lambda: sources.restore(tokens[1]), lambda: control.restore(ids["deleted"]),
        lambda: find(f"{path.parent.name}/{ids['ended']}"),
        *(
            lambda do=do, run_id=run_id: do(run_id)
            for do in (find, control.stop, control.pause, control.resume, control.withdraw, control.delete)
            for run_id in ids.values()
        ),
        lambda: control.move(ids["queued"], 1),
    ]  # fmt: skip
    before = sorted(settings().home_path.rglob("*"))
    with access.acting_for(BOB):
        for way in ways:
            with pytest.raises(NotFoundError) as refused:
                way()
            assert "@" not in str(refused.value).replace(str(path), "").replace(path.parent.name, "")
    after = [file for file in sorted(settings().home_path.rglob("*")) if not file.name.endswith(".lock")]
    assert after == [file for file in before if not file.name.endswith(".lock")]


def test_names_are_taken_per_owner(tmp_path: Path) -> None:
    make_everything(ALICE, tmp_path)
    make_everything(BOB, tmp_path)
    with access.acting_for("hf:carol"):
        assert registry.new_folder(f"{SIGN}-lm").parent == access.place("models")
        refuse_taken(RunSpec.model_validate(make_run(name="x").spec().model_dump() | {"name": f"{SIGN}-queued"}))


def test_whose_a_thing_is_stands_beside_it_and_not_in_it(tmp_path: Path) -> None:
    make_everything(ALICE, tmp_path)
    with access.acting_for(ALICE):
        for things in ("models", "datasets", "runs"):
            assert access.owner_of(access.place(things)) == ALICE
        model = registry.named(f"{SIGN}-lm").path
        assert access.owned(model)
        assert not any(ALICE.encode() in file.read_bytes() for file in model.iterdir())
        assert {run.spec().owner for run in all_runs()} == {ALICE}
    with access.acting_for(BOB):
        assert not access.owned(model)
    assert ALICE not in str(model)


def test_a_folder_whose_owner_cannot_be_told_is_nobodys() -> None:
    folder = settings().home_path / "runs" / access.folder_name(ALICE)
    folder.mkdir(parents=True)
    with pytest.raises(AppError):
        access.owner_of(folder)
    (folder / access.OWNER_FILE).write_text(BOB)
    with pytest.raises(AppError):
        access.owner_of(folder)


def test_a_server_that_does_not_know_who_asks_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for look in (registry.models, sources.names, all_runs, deleted_runs):
        with pytest.raises(AppError, match="does not know who asks"):
            look()
    monkeypatch.setenv("ULMFIT_MODE", "local")
    settings.cache_clear()
    assert access.current() == access.LOCAL
    assert all_runs() == []


def test_owners_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[str] = []

    def start(folder: RunFolder) -> int:
        started.append(access.owner_of(folder.path.parent))
        return 1

    monkeypatch.setattr(launcher, "start", start)
    for owner, runs in ((ALICE, 3), (BOB, 2)):
        with access.acting_for(owner):
            for number in range(runs):
                queued_run(name=f"n{number}")
    for _ in range(5):
        with locked():  # the one that was started has ended
            write_queue([entry for entry in read_queue() if entry.pid is None])
        dispatch()
    assert started == [ALICE, BOB, ALICE, BOB, ALICE]


def test_a_visitor_moves_runs_among_their_own_only() -> None:
    made: list[str] = []
    for owner in (ALICE, BOB, ALICE, BOB):
        with access.acting_for(owner):
            made.append(queued_run(name=f"n{len(made)}").id)
    a, b, c, d = made
    with access.acting_for(BOB):
        assert positions(read_queue())[d] == 2
        control.move(d, 1)
    assert [entry.run for entry in read_queue()] == [a, d, c, b]


def test_the_worker_works_with_the_things_of_its_runs_owner(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    monkeypatch.setattr(worker, "work", lambda folder, jobs: seen.append(access.current()) or 0)
    monkeypatch.setattr(worker.os, "setpriority", lambda *_: None)
    monkeypatch.setattr(worker.faulthandler, "enable", lambda: None)
    with access.acting_for(ALICE):
        run = make_run()
    monkeypatch.setattr(sys, "argv", ["worker", run.id])
    monkeypatch.setenv("ULMFIT_MODE", "local")  # as when a command of whoever keeps the server started it
    settings.cache_clear()
    assert worker.main() == 0
    assert seen == [ALICE]


def test_a_cookie_of_another_server_or_changed_by_hand_is_nobodys(monkeypatch: pytest.MonkeyPatch) -> None:
    cookie = signing.cookie_of(ALICE)
    assert signing.visitor_of(cookie) == ALICE
    text, _, signature = cookie.rpartition(".")
    other = signing.cookie_of(BOB).rpartition(".")[0]
    forged = [f"{other}.{signature}", text, f"{text}.", "", None, "ä" * 9, "x" * 10_000, signing.share_run(ALICE)]
    forged += [cookie[:place] + ("A" if cookie[place] != "A" else "B") + cookie[place + 1 :] for place in range(8)]
    assert [signing.visitor_of(wrong) for wrong in forged] == [None] * len(forged)
    for signed in ("local", "hf:alice", "anon:", "anon:../../x", ["anon"]):
        assert signing.visitor_of(signing._signer("visitor").dumps(signed)) is None
    monkeypatch.setenv("ULMFIT_SECRET", "s" * 32)
    settings.cache_clear()
    assert signing.visitor_of(cookie) is None
    monkeypatch.setenv("ULMFIT_SECRET", "short")
    settings.cache_clear()
    with pytest.raises(AppError, match="can be guessed") as refused:
        signing.cookie_of(ALICE)
    assert "short" not in str(refused.value)


def test_the_secret_is_made_once_and_only_its_owner_can_read_it(home: Path) -> None:
    cookie = signing.cookie_of(ALICE)
    file = home / signing.SECRET_FILE
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(file.read_text()) == 64
    signing._keep_new("another process was slower")
    assert signing.visitor_of(cookie) == ALICE
    assert [path.name for path in home.iterdir()] == [signing.SECRET_FILE]
