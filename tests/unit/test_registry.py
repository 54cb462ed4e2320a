"""The registry: shipped and own models by name."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fixtures import tiny_classifier, tiny_lm
from ulmfit_app import load_model, modelfolder, registry
from ulmfit_app.errors import AppError, NameTakenError, NotFoundError
from ulmfit_app.schema import Kind
from ulmfit_app.settings import Settings


@pytest.fixture(autouse=True)
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two shipped models in a made-up checkout."""
    folder = tmp_path / "checkout" / "models"
    monkeypatch.setattr(Settings, "shipped_models", property(lambda _: folder))
    tiny_lm(folder / "general-lm")
    tiny_classifier(folder / "imdb-classifier")
    return folder


@pytest.fixture
def own(home: Path) -> Path:
    return home / "models"


def names(entries: list[registry.ModelEntry]) -> list[str]:
    return [entry.name for entry in entries]


def test_models_lists_own_before_shipped_by_kind(own: Path) -> None:
    tiny_classifier(own / "zebra")
    tiny_classifier(own / "apple")
    assert names(registry.models()) == ["apple", "zebra", "general-lm", "imdb-classifier"]
    assert names(registry.models(Kind.LM)) == ["general-lm"]
    assert [entry.shipped for entry in registry.models(Kind.CLASSIFIER)] == [False, False, True]


def test_without_a_home_or_a_checkout_the_list_is_empty(shipped: Path) -> None:
    shutil.rmtree(shipped)
    assert registry.models() == []


def test_a_broken_folder_is_listed_with_its_reason(own: Path) -> None:
    (tiny_lm(own / "broken") / "vocab.json").unlink()
    entry = registry.models()[0]
    assert (entry.name, entry.config) == ("broken", None)
    assert "lacks vocab.json" in entry.problem
    assert "broken" not in names(registry.models(Kind.LM))


def test_hidden_folders_files_and_other_owners_are_not_models(own: Path) -> None:
    tiny_lm(own / "@0123abcd" / "theirs")
    tiny_lm(own / ".deleted-old-1")
    (own / "notes.txt").write_text("x")
    assert names(registry.models()) == ["general-lm", "imdb-classifier"]


def test_a_name_in_both_is_refused_until_one_is_renamed(own: Path, shipped: Path) -> None:
    tiny_lm(own / "general-lm", seed=5)
    mine = registry.models()[0]
    assert not mine.shipped and mine.config is None and "rename yours" in mine.problem
    with pytest.raises(NameTakenError, match="a shipped model and one of your own"):
        registry.folder_of("general-lm")
    registry.rename("general-lm", "my-lm")
    assert registry.folder_of("general-lm") == shipped / "general-lm"
    assert registry.folder_of("my-lm") == own / "my-lm"


def test_folder_of_takes_a_name_or_a_path(own: Path, tmp_path: Path) -> None:
    tiny_lm(own / "mine")
    elsewhere = tiny_lm(tmp_path / "elsewhere")
    assert registry.folder_of("mine") == own / "mine"
    assert registry.folder_of(elsewhere) == registry.folder_of(str(elsewhere)) == elsewhere


@pytest.mark.parametrize("name", ["", "x" * 5000, "a\0b", "~nobody-of-that-name/x", "../models"])
def test_folder_of_refuses_odd_names(name: str) -> None:
    with pytest.raises(NotFoundError):
        registry.folder_of(name)


def test_not_found_names_similar_models() -> None:
    with pytest.raises(NotFoundError, match="Did you mean imdb-classifier"):
        registry.folder_of("imdb-clasifier")
    with pytest.raises(NotFoundError, match="There are: general-lm, imdb-classifier"):
        registry.folder_of("qqq")


def test_outside_a_checkout_the_message_says_where_shipped_models_are(monkeypatch: pytest.MonkeyPatch) -> None:
    for in_checkout in (True, False):
        monkeypatch.setattr(Settings, "in_checkout", property(lambda _, value=in_checkout: value))
        with pytest.raises(NotFoundError) as refusal:
            registry.folder_of("imdb-lm")
        assert ("git clone" in str(refusal.value)) is not in_checkout


@pytest.mark.parametrize("name", ["", "Big", "a b", "a--b", "-a", "a.", "../a", "x" * 65, "a/b"])
def test_new_folder_refuses_bad_names(name: str) -> None:
    with pytest.raises(NameTakenError, match="cannot be the name of a model"):
        registry.new_folder(name)


def test_new_folder_refuses_taken_names(own: Path) -> None:
    tiny_lm(own / "mine")
    assert registry.new_folder("fresh") == own / "fresh"
    assert not (own / "fresh").exists()
    with pytest.raises(NameTakenError, match="already have a model called 'mine'"):
        registry.new_folder("mine")
    with pytest.raises(NameTakenError, match="shipped model is called 'general-lm'"):
        registry.new_folder("general-lm")


def test_rename_moves_the_folder_and_its_card(own: Path) -> None:
    tiny_lm(own / "before")
    folder = registry.rename("before", "after")
    assert names(registry.models(Kind.LM)) == ["after", "general-lm"]
    assert 'load_model("after")' in (folder / "README.md").read_text()
    assert modelfolder.verify(folder)


def test_rename_works_on_a_broken_model_and_refuses_a_taken_name(own: Path) -> None:
    (tiny_lm(own / "broken") / "config.json").write_text("{}")
    tiny_lm(own / "other")
    with pytest.raises(NameTakenError):
        registry.rename("broken", "other")
    assert registry.rename("broken", "still-broken").is_dir()


def test_delete_removes_every_trace(own: Path) -> None:
    tiny_lm(own / "mine")
    registry.delete("mine")
    assert list(own.iterdir()) == []
    with pytest.raises(NotFoundError):
        registry.delete("mine")


def test_an_interrupted_delete_is_gone_from_the_list(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: Path) -> None:
        raise OSError(13, "Permission denied")

    tiny_lm(own / "mine")
    monkeypatch.setattr(shutil, "rmtree", fail)
    with pytest.raises(AppError, match="could not be removed completely"):
        registry.delete("mine")
    assert "mine" not in names(registry.models())


def test_delete_of_a_link_removes_the_link_alone(own: Path, tmp_path: Path) -> None:
    target = tiny_lm(tmp_path / "elsewhere")
    own.mkdir(parents=True)
    (own / "linked").symlink_to(target)
    registry.delete("linked")
    assert list(own.iterdir()) == []
    assert modelfolder.verify(target)


def rename_to_x(name: str) -> None:
    registry.rename(name, "x")


@pytest.mark.parametrize("change", [registry.delete, rename_to_x])
def test_shipped_models_are_read_only(change: Callable[[str], None], shipped: Path) -> None:
    with pytest.raises(AppError, match="neither renamed nor deleted"):
        change("general-lm")
    assert modelfolder.verify(shipped / "general-lm")


def test_newest_lm_on_is_the_last_own_lm_trained_on_the_dataset(own: Path) -> None:
    tiny_lm(own / "z-older", dataset_hash="a" * 64)
    tiny_lm(own / "a-newer", dataset_hash="a" * 64)
    tiny_lm(own / "other", dataset_hash="b" * 64)
    tiny_classifier(own / "classifier")
    assert registry.newest_lm_on("a" * 64) == "a-newer"
    assert registry.newest_lm_on("d" * 64) is None  # only the shipped one and a classifier


def test_load_model_finds_by_name_and_by_path(own: Path, tmp_path: Path) -> None:
    tiny_lm(own / "mine")
    modelfolder.to_encoder(own / "mine", tmp_path / "encoder")
    assert type(load_model("mine")).__name__ == "Generator"
    assert type(load_model("imdb-classifier")).__name__ == "Predictor"
    assert type(load_model(str(tmp_path / "encoder"))).__name__ == "Encoder"


def test_importing_the_package_and_listing_models_loads_no_torch() -> None:
    code = (
        "import sys, ulmfit_app; from ulmfit_app import inference, registry; registry.models();"
        "print([m for m in ('torch', 'fastai', 'spacy') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
