"""The registry: shipped and own models by name."""

import io
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import torch

from tests.fixtures import tiny_classifier, tiny_lm
from ulmfit_app import load_model, modelfolder, registry
from ulmfit_app.errors import AppError, NameTakenError, NotFoundError
from ulmfit_app.schema import Kind, ModelConfig
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
        monkeypatch.setattr(Settings, "in_checkout", in_checkout)
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


def test_a_deleted_model_is_restored_as_it_was(own: Path) -> None:
    before = modelfolder.verify(tiny_lm(own / "mine"))
    token = registry.delete("mine")
    assert list(own.iterdir()) == []
    assert [(model.token, model.name) for model in registry.TRASH.deleted()] == [(token, "mine")]
    with pytest.raises(NotFoundError):
        registry.delete("mine")
    assert registry.restore(token) == "mine"
    assert modelfolder.verify(own / "mine") == before
    assert registry.TRASH.deleted() == []


def test_of_two_deleted_under_one_name_each_comes_back(own: Path) -> None:
    first = modelfolder.verify(tiny_lm(own / "mine", seed=1))
    one = registry.delete("mine")
    tiny_lm(own / "mine", seed=2)
    registry.delete("mine")
    assert len(registry.TRASH.deleted()) == 2
    registry.restore(one)
    assert modelfolder.verify(own / "mine") == first


@pytest.mark.parametrize("taken_by", ["own", "shipped"])
def test_a_taken_name_keeps_a_deleted_model_in_the_trash(own: Path, shipped: Path, taken_by: str) -> None:
    tiny_lm(own / "mine")
    token = registry.delete("mine")
    tiny_lm({"own": own, "shipped": shipped}[taken_by] / "mine")
    with pytest.raises(NameTakenError, match="Another model is called 'mine'"):
        registry.restore(token)
    assert [model.token for model in registry.TRASH.deleted()] == [token]


@pytest.mark.parametrize("token", ["", "mine", "../models/mine", "20260101-000000-abcd-mine"])
def test_what_is_not_in_the_trash_is_not_restored(own: Path, token: str) -> None:
    tiny_lm(own / "mine")
    with pytest.raises(NotFoundError):
        registry.restore(token)
    assert modelfolder.verify(own / "mine")


def test_the_trash_is_emptied_of_what_is_older_than_a_week(own: Path, home: Path) -> None:
    trash = home / "trash" / "models"
    ages = {days: f"{datetime.now(UTC) - timedelta(days=days):%Y%m%d-%H%M%S}-abcd-model" for days in (6, 8)}
    for token in ages.values():
        tiny_lm(trash / token)
    (trash / "something-else").mkdir()
    tiny_lm(own / "mine")
    newest = registry.delete("mine")
    assert [model.token for model in registry.TRASH.deleted()] == [newest, ages[6]]
    assert sorted(path.name for path in trash.iterdir()) == sorted([newest, ages[6], "something-else"])


def test_a_delete_that_fails_changes_nothing(own: Path, home: Path) -> None:
    tiny_lm(own / "mine")
    (home / "trash").write_text("in the way")
    with pytest.raises(AppError, match="could not be moved to the trash"):
        registry.delete("mine")
    assert modelfolder.verify(own / "mine")


def test_delete_of_a_link_moves_the_link_alone(own: Path, tmp_path: Path) -> None:
    target = tiny_lm(tmp_path / "elsewhere")
    own.mkdir(parents=True)
    (own / "linked").symlink_to(target)
    token = registry.delete("linked")
    assert list(own.iterdir()) == []
    old = f"20200101-000000-abcd-{token.rpartition('-')[2]}"
    (tmp_path / "home/trash/models" / token).rename(tmp_path / "home/trash/models" / old)
    registry.TRASH.empty()
    assert registry.TRASH.deleted() == []
    assert modelfolder.verify(target)


def test_a_broken_model_can_be_deleted_and_restored(own: Path) -> None:
    (tiny_lm(own / "broken") / "config.json").write_text("{}")
    registry.restore(registry.delete("broken"))
    assert registry.models()[0].name == "broken"


def test_notes_are_written_and_read(own: Path) -> None:
    before = modelfolder.verify(tiny_lm(own / "mine"))
    registry.write_notes("mine", "Trained on a *train*.\n\nTwice. <!-- end of notes -->")
    assert registry.read_notes("mine") == "Trained on a *train*.\n\nTwice."
    assert "Trained on a *train*." in registry.read_card("mine")
    registry.write_notes("mine", "")
    assert registry.read_notes("mine") == ""
    assert modelfolder.verify(own / "mine") == before


def test_too_long_notes_and_notes_on_a_shipped_model_are_refused(own: Path, shipped: Path) -> None:
    tiny_lm(own / "mine")
    card = registry.read_card("mine")
    with pytest.raises(AppError, match="at most 20,000 characters"):
        registry.write_notes("mine", "x" * 20_001)
    assert registry.read_card("mine") == card
    with pytest.raises(AppError, match="shipped model"):
        registry.write_notes("general-lm", "mine")


def test_a_model_without_a_card_has_an_empty_one(own: Path) -> None:
    (tiny_lm(own / "mine") / "README.md").unlink()
    assert registry.read_card("mine") == ""
    registry.write_notes("mine", "Now it has one.")
    assert registry.read_notes("mine") == "Now it has one."


def test_disk_use_counts_the_files(own: Path) -> None:
    folder = tiny_lm(own / "mine")
    assert registry.disk_use(folder) == sum(path.stat().st_size for path in folder.iterdir()) > 1000


def rename_to_x(name: str) -> None:
    registry.rename(name, "x")


@pytest.mark.parametrize("change", [registry.delete, rename_to_x])
def test_shipped_models_are_read_only(change: Callable[[str], object], shipped: Path) -> None:
    with pytest.raises(AppError, match="neither renamed nor deleted"):
        change("general-lm")
    assert modelfolder.verify(shipped / "general-lm")


@pytest.mark.parametrize(
    ("options", "folder", "loads"),
    [({}, "mine", "Predictor"), ({"half": True}, "mine", "Predictor"), ({"encoder": True}, "mine-encoder", "Encoder")],
)
def test_a_download_is_a_zip_of_one_folder_that_loads(
    own: Path, tmp_path: Path, options: dict[str, bool], folder: str, loads: str
) -> None:
    tiny_classifier(own / "mine")
    with zipfile.ZipFile(io.BytesIO(registry.zipped("mine", **options))) as archive:
        archive.extractall(tmp_path / "unpacked")
    assert [path.name for path in (tmp_path / "unpacked").iterdir()] == [folder]
    assert modelfolder.verify(tmp_path / "unpacked" / folder).dtype == ("float16" if options.get("half") else "float32")
    assert type(load_model(str(tmp_path / "unpacked" / folder))).__name__ == loads


def test_the_encoder_file_holds_the_encoder_and_no_code(own: Path) -> None:
    tiny_lm(own / "mine")
    weights = torch.load(io.BytesIO(registry.encoder_file("mine")), weights_only=True)
    assert "encoder_dp.emb.weight" in weights


def described(folder: Path, **lineage: str | None) -> ModelConfig:
    """Rewrite the lineage in the configuration of `folder`."""
    config = modelfolder.read_config(folder)
    config = config.model_copy(update={"lineage": config.lineage.model_copy(update=lineage)})
    (folder / "config.json").write_text(config.model_dump_json())
    return config


def test_lineage_follows_hashes_through_renames(own: Path, shipped: Path) -> None:
    general = modelfolder.read_config(shipped / "general-lm")
    lm = described(tiny_lm(own / "my-lm", seed=3), parent="general-lm", parent_hash=general.weights_sha256)
    classifier = described(tiny_classifier(own / "mine"), parent="my-lm", parent_hash=lm.weights_sha256)
    registry.rename("my-lm", "renamed")
    line = registry.ancestors(classifier, registry.models())
    assert [(model.name, model.exact) for model in line] == [("general-lm", True), ("renamed", True)]
    assert names(registry.children("renamed", registry.models())) == ["mine"]
    assert names(registry.children("general-lm", registry.models())) == ["renamed"]
    registry.delete("renamed")
    line = registry.ancestors(classifier, registry.models())
    assert [(model.name, model.entry) for model in line] == [("my-lm", None)]
    assert registry.children("general-lm", registry.models()) == []


def test_a_parent_of_that_name_with_other_weights_is_not_exact(own: Path) -> None:
    child = described(tiny_lm(own / "child"), parent="general-lm", parent_hash="0" * 64)
    (ancestor,) = registry.ancestors(child, registry.models())
    assert (ancestor.name, ancestor.exact) == ("general-lm", False)
    assert ancestor.entry is not None and ancestor.entry.shipped


def test_a_model_that_claims_to_be_its_own_parent_has_an_end(own: Path) -> None:
    child = described(tiny_lm(own / "loop"), parent="loop", parent_hash="0" * 64)
    assert [model.name for model in registry.ancestors(child, registry.models())] == ["loop"]


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


def test_a_model_is_read_again_only_when_its_folder_has_changed(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tiny_classifier(home / "models" / "mine")
    looked: list[Path] = []
    verify = modelfolder.verify
    monkeypatch.setattr(modelfolder, "verify", lambda path, hashes=True: looked.append(path) or verify(path, hashes))
    assert registry.entry("mine").problem == registry.entry("mine").problem == ""
    assert looked == [folder]
    (folder / "config.json").write_text("{")
    assert "config.json" in registry.entry("mine").problem
    assert len(looked) == 2
    shutil.rmtree(folder)
    assert "mine" not in [entry.name for entry in registry.models()]
    tiny_classifier(folder)
    assert registry.entry("mine").problem == ""
