"""Parents, names and refusals, as command line and pages ask for them."""

from pathlib import Path

import pytest

from tests.fixtures import tiny_lm
from tests.unit.runs.making import make_spec, queued_run
from tests.unit.training.datasets import make_dataset
from ulmfit_app import hardware, recipes, registry
from ulmfit_app.errors import AppError, DataError, DeviceError, NameTakenError, NotFoundError, ParentError, RecipeError
from ulmfit_app.runs.folder import all_runs
from ulmfit_app.runs.summary import summaries
from ulmfit_app.schema import Kind, RunKind, RunSpec
from ulmfit_app.training.request import architecture, choose_name, choose_parent, refuse, start

CLASSIFIER = recipes.get("classifier-notebook", Kind.CLASSIFIER)


def classifier_spec(**changes: object) -> RunSpec:
    """The spec of a classifier's training."""
    fields: dict[str, object] = {"kind": RunKind.TRAIN_CLASSIFIER, "recipe": CLASSIFIER, "name": "my-classifier"}
    return make_spec(**(fields | changes))


def test_the_asked_parent_wins_over_the_usual_one(home: Path, tmp_path: Path) -> None:
    info = make_dataset(home)
    tiny_lm(home / "models" / "mine", dataset_hash=info.content_hash)
    assert choose_parent(Kind.CLASSIFIER, "demo", "toy", info, None).name == "mine"
    assert choose_parent(Kind.CLASSIFIER, "demo", "toy", info, "scratch").name is None
    elsewhere = tiny_lm(tmp_path / "elsewhere")
    assert choose_parent(Kind.LM, "demo", "toy", info, str(elsewhere)).name == str(elsewhere)
    with pytest.raises(NotFoundError):
        choose_parent(Kind.LM, "demo", "toy", info, "nothing")


def test_fastais_models_can_be_named_before_they_are_here(home: Path) -> None:
    info = make_dataset(home)
    choice = choose_parent(Kind.LM, "lm-notebook", "toy", info, "wt103-fwd")
    assert (
        choice.name == "wt103-fwd"
        and "downloaded by the run" in choice.reason
        and "from their end" not in choice.reason
    )
    assert "from their end" in choose_parent(Kind.LM, "lm-notebook", "toy", info, "wt103-bwd").reason
    assert architecture("wt103-fwd", CLASSIFIER).n_hid == 1152
    refuse(classifier_spec(parent="wt103-fwd"), info)
    tiny_lm(home / "models" / "wt103-fwd")
    assert choose_parent(Kind.LM, "lm-notebook", "toy", info, "wt103-fwd").reason == "as asked"
    assert architecture("wt103-fwd", CLASSIFIER).emb_sz == 12


def test_names_of_models_and_unfinished_runs_are_taken(home: Path) -> None:
    tiny_lm(home / "models" / "toy-lm")
    queued_run(name="toy-lm-2")
    assert choose_name(Kind.LM, "toy", None, summaries()) == "toy-lm-3"
    for bad in ("toy-lm", "toy-lm-2", "No Name", "../x"):
        with pytest.raises(NameTakenError):
            choose_name(Kind.LM, "toy", bad, summaries())


def test_shapes_come_from_the_parent_or_the_size(home: Path) -> None:
    tiny_lm(home / "models" / "mine")
    assert architecture("mine", CLASSIFIER).emb_sz == 12
    assert architecture(None, CLASSIFIER).emb_sz == 256


def test_what_cannot_work_is_refused_before_a_run_exists(home: Path) -> None:
    labelled, bare = make_dataset(home), make_dataset(home, "bare", labels=())
    folder = tiny_lm(home / "models" / "mine")
    german = labelled.model_copy(update={"language": "de"})
    (home / "models" / "broken").mkdir()
    cases: list[tuple[RunSpec, object, type[AppError]]] = [
        (classifier_spec(), bare, DataError),
        (classifier_spec(parent="mine"), german, ParentError),
        (classifier_spec(parent="broken"), labelled, ParentError),
        (classifier_spec(limit=8), labelled, RecipeError),
        (classifier_spec(recipe=recipes.override(CLASSIFIER, {"bs": 81})), labelled, RecipeError),
    ]
    for spec, info, error in cases:
        with pytest.raises(error):
            start(spec, info)
    assert all_runs() == []
    assert registry.entry("mine").path == folder
    refuse(classifier_spec(parent="mine"), labelled)


def test_an_absent_device_is_refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    info = make_dataset(home)
    monkeypatch.setattr(hardware, "devices", lambda: ["cpu"])
    monkeypatch.setattr(hardware, "precisions", lambda device: ["fp32", "bf16"])
    for device, precision in (("cuda", "auto"), ("cpu", "fp16"), ("auto", "fp16")):
        with pytest.raises(DeviceError):
            refuse(classifier_spec(device=device, precision=precision), info)
    refuse(classifier_spec(device="cpu", precision="bf16"), info)


def test_torch_is_not_asked_for_what_works_everywhere(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(hardware, "devices", lambda: asked.append("devices") or ["cpu"])
    refuse(classifier_spec(device="cpu", precision="fp32"), make_dataset(home))
    assert asked == []
