"""What a visitor does with the names and ids of another's things: nothing is there. Every service that takes one is
here, or named as one that does not; a new one has to be sorted."""

import os
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.fixtures import tiny_lm
from tests.unit.runs.making import make_spec
from tests.visitors import ALICE, BOB, SIGN, make_everything
from ulmfit_app import access, load_model, recipes, registry
from ulmfit_app.data import sources
from ulmfit_app.errors import AppError, NotFoundError, ParentError
from ulmfit_app.inference.cache import model_cache
from ulmfit_app.runs import control, dataset_usage, folder, launcher, model_usage, requests, submit
from ulmfit_app.runs.summary import summaries
from ulmfit_app.schema import Kind
from ulmfit_app.settings import settings
from ulmfit_app.training import request

LM, CLASSIFIER, TEXTS, GONE = (f"{SIGN}-{name}" for name in ("lm", "classifier", "texts", "gone"))
Ids = dict[str, str]
DEMO = recipes.get("demo", Kind.LM)


def everything(home: Path) -> dict[str, bytes]:
    """All files of Alice's, with their content."""
    places = [path for path in home.rglob(access.folder_name(ALICE)) if path.is_dir()]
    files = [path for place in places for path in place.rglob("*") if path.is_file()]
    return {str(path): path.read_bytes() for path in files}


@pytest.fixture(autouse=True)
def hosted(monkeypatch: pytest.MonkeyPatch, no_shipped_models: None) -> None:
    """A hosted server that starts nothing."""
    monkeypatch.setenv("ULMFIT_MODE", "hosted")
    monkeypatch.setattr(launcher, "start", lambda run: os.getpid())
    settings.cache_clear()


# Each is tried by Bob with what is Alice's.
ON_RUNS: dict[ModuleType, dict[str, Callable[[str], Any]]] = {
    control: {
        "stop": control.stop,
        "pause": control.pause,
        "resume": control.resume,
        "withdraw": control.withdraw,
        "move": lambda run: control.move(run, 1),
        "delete": control.delete,
        "restore": control.restore,
    },
    folder: {"find": folder.find},
}
ON_THINGS: dict[ModuleType, dict[str, Callable[[], Any]]] = {
    registry: {
        "delete": lambda: registry.delete(LM),
        "rename": lambda: registry.rename(LM, "mine"),
        "encoder_file": lambda: registry.encoder_file(LM),
        "zipped": lambda: registry.zipped(LM),
        "export": lambda: registry.export(LM, Path("mine")),
        "entry": lambda: registry.entry(LM),
        "folder_of": lambda: registry.folder_of(LM),
        "named": lambda: registry.named(LM),
        "read_card": lambda: registry.read_card(LM),
        "read_notes": lambda: registry.read_notes(LM),
        "write_notes": lambda: registry.write_notes(LM, "mine"),
        "read_vocab": lambda: registry.read_vocab(LM),
        "restore": lambda: registry.restore(_token("models")),
        "hand_over": lambda: registry.hand_over(LM, "hf:1", LM),
    },
    sources: {
        "entry": lambda: sources.entry(TEXTS),
        "open_dataset": lambda: sources.open_dataset(TEXTS),
        "rename": lambda: sources.rename(TEXTS, "mine"),
        "resplit": lambda: sources.resplit(TEXTS, 0.5, 1),
        "delete": lambda: sources.delete(TEXTS),
        "restore": lambda: sources.restore(_token("datasets")),
    },
    requests: {
        "evaluate": lambda: requests.evaluate(LM, dataset="imdb"),
        "predict": lambda: requests.predict(CLASSIFIER, b"text\na"),
        "find_rates": lambda: requests.find_rates(DEMO, "imdb", LM),
    },
    request: {
        "choose_parent": lambda: request.choose_parent(Kind.LM, "demo", "imdb", None, LM),
        "start": lambda: request.start(make_spec(parent=LM), None),
        "refuse": lambda: request.refuse(make_spec(parent=LM), None),
        "architecture": lambda: request.architecture(LM, DEMO),
    },
}
OTHERS = {  # they take no name of a thing that has to be there, or list what `current` has
    control: set(),
    folder: {
        "now", "write_atomically", "runs_root", "trash_root", "all_runs", "deleted_runs",
        "everybodys_runs", "find_anybodys",  # for the dispatcher, a run's own worker and signed links
    },
    registry: {
        "adopt", "ancestors", "children", "disk_use", "models", "new_folder", "newest_lm_on", "origin_of", "pulled_as",
    },
    sources: {"add", "catalogue", "downloaded_folder", "names", "store"},
    requests: {"input_name", "shown_name"},
    request: {"choose_name", "is_absent", "spec_of"},
}  # fmt: skip


def _token(kind: str) -> str:
    (place,) = (settings().home_path / "trash" / kind).glob("@*")
    return next(path.name for path in place.iterdir() if path.name[0] != ".")


def functions(module: ModuleType) -> set[str]:
    """Those that others may call."""
    names = getattr(module, "__all__", [name for name in vars(module) if name[0] != "_"])
    found = {name: getattr(module, name) for name in names}
    package = module.__name__
    return {
        name
        for name, thing in found.items()
        if callable(thing) and not isinstance(thing, type) and getattr(thing, "__module__", "").startswith(package)
    }


@pytest.mark.parametrize("module", OTHERS, ids=lambda module: module.__name__)
def test_every_service_is_sorted(module: ModuleType) -> None:
    tried = {**ON_RUNS, **ON_THINGS}[module].keys()
    assert functions(module) == {*tried, *OTHERS[module]}


def test_nothing_can_be_done_with_the_runs_of_another(home: Path, tmp_path: Path) -> None:
    ids = make_everything(ALICE, tmp_path)
    before = everything(home)
    queue = (home / "queue.json").read_bytes()
    with access.acting_for(BOB):
        for actions in ON_RUNS.values():
            for name, act in actions.items():
                for run_id in (*ids.values(), f"../{access.folder_name(ALICE)}/{ids['ended']}"):
                    with pytest.raises(NotFoundError):
                        act(run_id)
                    assert everything(home) == before, (name, run_id)
    assert (home / "queue.json").read_bytes() == queue


def test_nothing_can_be_done_with_the_models_and_datasets_of_another(home: Path, tmp_path: Path) -> None:
    make_everything(ALICE, tmp_path)
    before = everything(home)
    with access.acting_for(BOB):
        for actions in ON_THINGS.values():
            for name, act in actions.items():
                with pytest.raises((NotFoundError, ParentError)):
                    act()
                assert everything(home) == before, name
        assert summaries() == []
    assert not list(home.rglob(access.folder_name(BOB)))


@pytest.mark.parametrize("way", ["{path}", "../{folder}/{name}", "/{path}", "./{name}", "~/{name}"])
def test_no_path_leads_to_a_model_of_another(way: str, home: Path, tmp_path: Path) -> None:
    make_everything(ALICE, tmp_path)
    with access.acting_for(ALICE):
        path = access.place("models") / LM
    asked = way.format(path=path, folder=path.parent.name, name=LM)
    with access.acting_for(BOB):
        for act in (
            lambda: registry.folder_of(asked),
            lambda: requests.evaluate(asked, dataset="imdb"),
            lambda: request.start(make_spec(parent=asked), None),
            lambda: load_model(asked),
            lambda: sources.open_dataset(asked),
        ):
            with pytest.raises(AppError):
                act()
        assert summaries() == []


def test_what_uses_ones_own_thing_does_not_tell_of_anothers(tmp_path: Path) -> None:
    for owner in (ALICE, BOB):
        make_everything(owner, tmp_path)
    with access.acting_for(ALICE):
        mine = {run.id for run in summaries()}
        for run in (*dataset_usage.runs_on("imdb"), *model_usage.runs_with(f"{SIGN}-queued")):
            assert run.id in mine
        assert {entry.path.parent.name for entry in registry.models()} == {access.folder_name(ALICE)}


def test_models_of_one_name_are_two_in_memory(tmp_path: Path) -> None:
    seen = []
    for owner, seed in ((ALICE, 1), (BOB, 2)):
        with access.acting_for(owner):
            access.claim(access.place("models"))
            tiny_lm(access.place("models") / "same", seed=seed)
            entry = registry.named("same")
            seen.append(model_cache().generator(entry.path, entry.usable_config()))
    assert seen[0] is not seen[1]


def test_a_name_of_another_is_free(tmp_path: Path) -> None:
    make_everything(ALICE, tmp_path)
    with access.acting_for(BOB):
        registry.new_folder(LM)
        assert submit.submit(make_spec(name=f"{SIGN}-queued"))
        assert request.choose_name(Kind.LM, "imdb", f"{SIGN}-queued-2", summaries())
