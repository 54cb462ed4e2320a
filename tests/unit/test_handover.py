"""What was made before signing in becomes that of who signed in: whole, with free names, and no run is disturbed."""

import errno
from pathlib import Path

import pytest

from tests.fixtures import tiny_classifier
from tests.unit.runs.making import make_run, status
from tests.visitors import ALICE, BOB, SIGN, make_everything
from ulmfit_app import access, modelfolder, registry
from ulmfit_app.data import sources
from ulmfit_app.errors import AppError, RunError
from ulmfit_app.handover import Belongings, belongings, hand_over
from ulmfit_app.runs import control, launcher
from ulmfit_app.runs.folder import all_runs, find
from ulmfit_app.schema import Origin, RunResult, RunState
from ulmfit_app.settings import settings

CAROL = "hf:5dd96eb1"
NOTHING = Belongings((), (), ())


@pytest.fixture(autouse=True)
def hosted(monkeypatch: pytest.MonkeyPatch, no_shipped_models: None) -> None:
    """A hosted server that starts no workers."""
    monkeypatch.setenv("ULMFIT_MODE", "hosted")
    monkeypatch.setattr(launcher, "start", lambda folder: 1)
    settings.cache_clear()


def test_everything_goes_over_and_nothing_of_others(tmp_path: Path) -> None:
    ids = make_everything(ALICE, tmp_path)
    before_of_bob = make_everything(BOB, tmp_path) and belongings(BOB)
    with access.acting_for(ALICE):
        control.stop(ids["queued"])
    everything = belongings(ALICE)
    hand_over(ALICE, CAROL)
    assert belongings(ALICE) == NOTHING and belongings(BOB) == before_of_bob
    got = belongings(CAROL)
    assert got == everything and {ids["ended"], ids["queued"]} <= set(got.runs)
    assert (got.datasets, got.models) == ((f"{SIGN}-texts",), (f"{SIGN}-classifier", f"{SIGN}-lm"))
    with access.acting_for(CAROL):
        assert all(registry.entry(name).usable_config() for name in got.models)
        assert len(sources.open_dataset(got.datasets[0]).texts) == 40
        assert {run.spec().owner for run in all_runs()} == {CAROL}


def test_a_taken_name_gets_a_number_and_runs_follow_it(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("text\n" + "\n".join(f"text number {number}" for number in range(20)))
    for owner, seed in ((CAROL, 0), (ALICE, 1)):
        with access.acting_for(owner):
            access.claim(access.place("models"))
            tiny_classifier(access.place("models") / "mine", seed=seed)
            sources.add("texts", [file])
    with access.acting_for(ALICE):
        tiny_classifier(access.place("models") / "mine-2")
        run = make_run(name="mine", dataset="texts", parent="mine-2")
        run.write_status(status(RunState.DONE))
        run.write_result(RunResult(model="mine", seconds=1.0))
        weights = registry.entry("mine").usable_config().weights_sha256
    hand_over(ALICE, CAROL)
    assert belongings(CAROL).models == ("mine", "mine-2", "mine-3")
    assert belongings(CAROL).datasets == ("texts", "texts-2")
    with access.acting_for(CAROL):
        spec, result = find(run.id).spec(), find(run.id).result()
        assert (spec.name, spec.dataset, spec.parent) == ("mine-3", "texts-2", "mine-2")
        assert result and result.model == "mine-3"
        assert registry.entry("mine-3").usable_config().weights_sha256 == weights
        assert "# mine-3\n" in registry.read_card("mine-3")


def test_two_pulled_models_of_one_name_are_both_kept_as_they_were_verified(tmp_path: Path) -> None:
    weights = {}
    for owner, seed in ((CAROL, 0), (ALICE, 1)):
        with access.acting_for(owner):
            folder = tiny_classifier(tmp_path / f"pulled-{seed}", seed=seed)
            sha = weights[owner] = modelfolder.read_config(folder).weights_sha256
            origin = Origin(repo_id="bob/it", revision="main", commit=f"{seed}" * 40, weights_sha256=sha, pulled="now")
            assert registry.adopt(folder, origin) == "bob--it"
            card = registry.read_card("bob--it")
    hand_over(ALICE, CAROL)
    with access.acting_for(CAROL):
        assert belongings(CAROL).models == ("bob--it", "bob--it-2")
        for name, owner in (("bob--it", CAROL), ("bob--it-2", ALICE)):
            found = registry.origin_of(registry.entry(name))
            assert found and found.weights_sha256 == weights[owner]
        assert registry.read_card("bob--it-2") == card


def test_a_pulled_model_keeps_its_origin(tmp_path: Path) -> None:
    with access.acting_for(ALICE):
        folder = tiny_classifier(tmp_path / "pulled")
        sha = modelfolder.read_config(folder).weights_sha256
        origin = Origin(repo_id="bob/it", revision="main", commit="0" * 40, weights_sha256=sha, pulled="2026-11-23")
        name = registry.adopt(folder, origin)
    hand_over(ALICE, CAROL)
    with access.acting_for(CAROL):
        assert registry.origin_of(registry.entry(name)) == origin


def test_with_a_run_that_goes_on_nothing_is_moved(tmp_path: Path) -> None:
    make_everything(ALICE, tmp_path)
    there = belongings(ALICE)
    with pytest.raises(RunError, match=r"A run of yours has not ended. Nothing was moved."):
        hand_over(ALICE, CAROL)
    assert belongings(ALICE) == there and belongings(CAROL) == NOTHING


def test_more_than_a_visitor_may_keep_is_not_moved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for owner in (ALICE, CAROL):
        with access.acting_for(owner):
            access.claim(access.place("models"))
            (tiny_classifier(access.place("models") / "mine") / "model.safetensors").write_bytes(b"x" * 600_000)
    monkeypatch.setenv("ULMFIT_VISITOR_MB", "1")
    settings.cache_clear()
    with pytest.raises(AppError, match=r"more than the 1 MB.*Nothing was moved"):
        hand_over(ALICE, CAROL)
    assert belongings(ALICE).models == belongings(CAROL).models == ("mine",)


def test_what_a_refusing_disk_leaves_is_handed_over_the_next_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = make_everything(ALICE, tmp_path)
    with access.acting_for(ALICE):
        control.stop(ids["queued"])
    everything = belongings(ALICE)
    with monkeypatch.context() as disk:
        disk.setattr(Path, "rename", _refuse)
        with pytest.raises(AppError, match=r"could not be moved \(Read-only file system\). It is where it was."):
            hand_over(ALICE, CAROL)
    assert belongings(ALICE) == everything and belongings(CAROL) == NOTHING
    hand_over(ALICE, CAROL)
    assert belongings(CAROL) == everything


def _refuse(self: Path, target: Path) -> Path:
    raise OSError(errno.EROFS, "Read-only file system")
