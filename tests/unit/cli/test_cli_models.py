"""`ulmfit models` on tiny models."""

from pathlib import Path

import pytest

from tests.fixtures import tiny_classifier, tiny_lm
from tests.unit.cli.running import Command
from tests.unit.runs.making import make_run, status
from ulmfit_app import load_model
from ulmfit_app.inference.encoder import Encoder
from ulmfit_app.schema import RunState
from ulmfit_app.settings import CHECKOUT, Settings


@pytest.fixture(autouse=True)
def models(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An LM and a classifier of one's own; nothing is shipped."""
    monkeypatch.setattr(Settings, "shipped_models", tmp_path / "shipped")
    tiny_lm(home / "models" / "my-lm")
    tiny_classifier(home / "models" / "my-classifier")
    return home / "models"


def test_list(ulmfit: Command, models: Path) -> None:
    (models / "my-lm" / "config.json").write_text("{")
    rows = {row["name"]: row for row in ulmfit("models", "list", "--json").json()["models"]}
    assert rows["my-classifier"]["kind"] == "classifier"
    assert rows["my-lm"]["kind"] is None
    assert rows["my-lm"]["problem"]
    lines = ulmfit("models", "list").out.splitlines()
    assert [line.split()[:2] for line in lines[1:]] == [["my-classifier", "classifier"], ["my-lm", "broken"]]


def test_show(ulmfit: Command) -> None:
    shown = ulmfit("models", "show", "my-classifier", "--json").json()
    assert shown["config"]["labels"] == ["neg", "pos"]
    words = ulmfit("models", "show", "my-classifier").out
    assert "AWD_LSTM 12/20x3" in words
    assert "0.5 (made up for a test)" in words
    assert ulmfit("models", "show", "nothing").code == 1


def test_a_broken_model_is_shown_as_an_error(ulmfit: Command, models: Path) -> None:
    (models / "my-lm" / "config.json").write_text("{")
    ran = ulmfit("models", "show", "my-lm", "--json")
    assert (ran.code, ran.out) == (1, "")
    assert "config.json" in ran.err


def test_rename_and_delete(ulmfit: Command, models: Path) -> None:
    assert ulmfit("models", "rename", "my-lm", "renamed").code == 0
    assert ulmfit("models", "rename", "renamed", "my-classifier").code == 1
    assert sorted(path.name for path in models.iterdir()) == ["my-classifier", "renamed"]
    assert ulmfit("models", "delete", "renamed").code == 0
    assert [path.name for path in models.iterdir()] == ["my-classifier"]
    assert ulmfit("models", "restore", "renamed").code == 0
    assert sorted(path.name for path in models.iterdir()) == ["my-classifier", "renamed"]
    ran = ulmfit("models", "restore", "renamed")
    assert (ran.code, "nothing" in ran.err) == (1, True)


@pytest.mark.parametrize("needs", ["parent", "model", "name"])
@pytest.mark.parametrize("command", [("delete",), ("rename", "other")])
def test_a_model_that_an_unfinished_run_needs_stays(
    ulmfit: Command, models: Path, needs: str, command: tuple[str, ...]
) -> None:
    run = make_run(**({"name": "next"} | {needs: "my-lm"}))
    ran = ulmfit("models", command[0], "my-lm", *command[1:])
    assert ran.code == 1 and run.id in ran.err
    assert (models / "my-lm").is_dir()
    run.write_status(status(RunState.DONE))
    assert ulmfit("models", command[0], "my-lm", *command[1:]).code == 0


def test_export(ulmfit: Command, models: Path, tmp_path: Path) -> None:
    def size(name: str, *options: str) -> int:
        assert ulmfit("models", "export", "my-classifier", tmp_path / name, *options).code == 0
        return (tmp_path / name / "model.safetensors").stat().st_size

    whole, halved, encoder = size("copy"), size("half", "--half"), size("encoder", "--encoder")
    both = size("both", "--encoder", "--half")
    assert both < halved < encoder < whole
    original = load_model("my-classifier").predict("a great film").probabilities  # type: ignore[union-attr]
    for name, exactness in (("copy", 0), ("half", 1e-2)):
        again = load_model(str(tmp_path / name)).predict("a great film").probabilities  # type: ignore[union-attr]
        assert again == pytest.approx(original, abs=exactness)
    assert isinstance(load_model(str(tmp_path / "both")), Encoder)


@pytest.mark.parametrize("options", [(), ("--fastai",)])
@pytest.mark.parametrize("target", ["Bad--Name", "my-lm", "shipped-lm", "@0123abcd/theirs", "my-lm/inside", "."])
def test_an_export_into_the_registry_needs_a_valid_free_name(
    ulmfit: Command, models: Path, tmp_path: Path, target: str, options: tuple[str, ...]
) -> None:
    tiny_lm(tmp_path / "shipped" / "shipped-lm")
    before = sorted(models.rglob("*"))
    ran = ulmfit("models", "export", "my-classifier", models / target, *options)
    assert ran.code == 1 and ran.err
    assert sorted(models.rglob("*")) == before


def test_an_export_into_the_registry_is_a_model_of_ones_own(ulmfit: Command, models: Path) -> None:
    assert ulmfit("models", "export", "my-classifier", models / "copy", "--half").code == 0
    assert "copy" in {row["name"] for row in ulmfit("models", "list", "--json").json()["models"]}


def test_export_for_fastai(ulmfit: Command, tmp_path: Path) -> None:
    target = tmp_path / "encoder.pth"
    assert ulmfit("models", "export", "my-lm", target, "--fastai").code == 0
    assert target.stat().st_size > 1000
    assert ulmfit("models", "export", "my-lm", target, "--fastai").code == 1  # never overwritten
    assert ulmfit("models", "export", "my-lm", tmp_path / "x.pth", "--fastai", "--half").code == 2


def test_serve_says_what_it_needs(ulmfit: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[tuple[Path, int]] = []
    monkeypatch.setattr("ulmfit_app.cli.serve.serve_app", lambda script, port: started.append((script, port)) or 0)
    monkeypatch.setattr(Settings, "in_checkout", False)
    ran = ulmfit("serve")
    assert ran.code == 1
    assert "Clone the repository" in ran.err
    monkeypatch.setattr(Settings, "in_checkout", True)
    monkeypatch.setattr("ulmfit_app.cli.serve.find_spec", lambda name: None)
    assert "ulmfit-studio[app]" in ulmfit("serve").err
    assert started == []
    monkeypatch.setattr("ulmfit_app.cli.serve.find_spec", lambda name: name)
    assert ulmfit("serve").code == 0
    assert started == [(CHECKOUT / "app.py", 8501)]
