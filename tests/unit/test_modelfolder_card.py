"""The card: front matter for the Hub, every section, and notes that survive."""

from pathlib import Path

import pytest
import yaml

from tests.fixtures import tiny_classifier, tiny_lm
from ulmfit_app import modelfolder
from ulmfit_app.modelfolder.card import render
from ulmfit_app.schema import Metric


def test_the_front_matter_is_what_the_hub_reads(tmp_path: Path) -> None:
    card = (tiny_classifier(tmp_path / "model") / "README.md").read_text()
    front = yaml.safe_load(card.split("---\n")[1])
    assert front == {
        "library_name": "ulmfit-studio",
        "language": "en",
        "pipeline_tag": "text-classification",
        "tags": ["fastai", "ulmfit", "text-classification"],
    }


@pytest.mark.parametrize(
    ("notes", "license_name"), [("", None), ("Of tickets.", None), ("### Licence\n\nCC BY 4.0.", "see-notes")]
)
def test_a_card_names_no_licence_that_its_owner_did_not_give(
    notes: str, license_name: str | None, tmp_path: Path
) -> None:
    card = render("model", modelfolder.read_config(tiny_lm(tmp_path / "lm")), notes)
    front = yaml.safe_load(card.split("---\n")[1])
    assert front.get("license_name") == license_name and ("license" in front) == (license_name is not None)


def test_the_tags_follow_kind_and_part(tmp_path: Path) -> None:
    lm = tiny_lm(tmp_path / "lm")
    modelfolder.to_encoder(lm, tmp_path / "encoder")
    assert "- text-generation" in (lm / "README.md").read_text()
    assert "- feature-extraction" in (tmp_path / "encoder/README.md").read_text()


def test_the_card_tells_data_recipe_metrics_and_how_to_load(tmp_path: Path) -> None:
    folder = tiny_classifier(tmp_path / "my-model")
    config = modelfolder.read_config(folder)
    card = render("my-model", config)
    for heading in ("Load it", "Data", "Recipe", "Metrics", "Limits", "Notes"):
        assert f"\n## {heading}\n" in card
    assert 'load_model("my-model")' in card
    assert "8 texts to train on, 2 to validate" in card
    assert "| head | last group | 1, at most 120 steps | 0.02 |" in card
    assert "first 400 tokens" in card
    assert "| accuracy | 0.5 | made up for a test |" in card
    assert "`neg`, `pos`" in card


def test_a_partial_model_says_so(tmp_path: Path) -> None:
    config = modelfolder.read_config(tiny_lm(tmp_path / "lm"))
    assert "stopped before the end" in render("lm", config.model_copy(update={"partial": True}))
    assert "stopped before the end" not in render("lm", config)


def test_text_from_outside_cannot_break_the_card(tmp_path: Path) -> None:
    config = modelfolder.read_config(tiny_classifier(tmp_path / "model", labels=("a|b", "<script>`")))
    card = render("model", config.model_copy(update={"metrics": {"x|y": Metric(value=1.0, how="two\nlines | bar")}}))
    assert "| x/y | 1 | two lines / bar |" in card
    assert "<script>" not in card


@pytest.mark.parametrize(
    "notes", ["", "One line.", "# Title\n\nTwo\n\nparagraphs.", "<!-- notes --> <!-- end of notes -->"]
)
def test_notes_survive_a_new_card(notes: str, tmp_path: Path) -> None:
    config = modelfolder.read_config(tiny_lm(tmp_path / "lm"))
    kept = modelfolder.notes_of(render("first", config, notes))
    assert modelfolder.notes_of(render("second", config, kept)) == kept
    assert kept == notes or "<!--" in notes


def test_notes_of_a_foreign_card_are_empty() -> None:
    assert modelfolder.notes_of("# Some other card\n") == ""


def test_rewrite_card_keeps_the_notes_and_leaves_no_file_beside(tmp_path: Path) -> None:
    folder = tiny_lm(tmp_path / "lm")
    card = folder / "README.md"
    card.write_text(card.read_text().replace("<!-- notes -->", "<!-- notes -->\nKeep me."))
    renamed = folder.rename(tmp_path / "renamed")
    modelfolder.rewrite_card(renamed)
    text = (renamed / "README.md").read_text()
    assert "# renamed\n" in text
    assert modelfolder.notes_of(text) == "Keep me."
    assert [path.name for path in tmp_path.iterdir()] == ["renamed"]
    assert modelfolder.verify(renamed)
