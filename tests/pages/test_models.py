"""The Models page: empty, listed, opened, broken folders, notes, rename, delete with undo, downloads, two sessions."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.fixtures import tiny_classifier, tiny_lm
from tests.unit.runs.making import make_run, status
from ulmfit_app import modelfolder, registry
from ulmfit_app.schema import RunState
from ulmfit_app.settings import CHECKOUT

PAGE = CHECKOUT / "pages" / "models.py"


@pytest.fixture(autouse=True)
def own(home: Path, no_shipped_models: None) -> Path:
    """The folder of one's own models; nothing is shipped."""
    return home / "models"


def opened(**query: str) -> AppTest:
    """A new session on the page, run once."""
    app = AppTest.from_file(PAGE, default_timeout=60)
    for key, value in query.items():
        app.query_params[key] = value
    return app.run()


def shown(app: AppTest) -> str:
    """Every text on the page."""
    assert not app.exception
    parts = [element.body for element in app.html]
    for elements in (app.markdown, app.error, app.info, app.success, app.header, app.caption, app.code):
        parts += [element.value for element in elements]
    parts += [link.proto.label for link in app.get("page_link")]
    return "\n".join(parts)


def child_of(parent: Path, folder: Path) -> None:
    """Write into the configuration of `folder` that it was trained from the model in `parent`."""
    config, weights = modelfolder.read_config(folder), modelfolder.read_config(parent).weights_sha256
    lineage = config.lineage.model_copy(update={"parent": parent.name, "parent_hash": weights})
    (folder / "config.json").write_text(config.model_copy(update={"lineage": lineage}).model_dump_json())


def press(app: AppTest, label: str) -> AppTest:
    """The session after the button with that label was pressed."""
    return next(button for button in app.button if button.label == label).click().run()


def test_an_empty_home_says_what_to_do() -> None:
    app = opened()
    assert "There is no model here yet" in shown(app)
    assert "page finetune_lm" in shown(app)


def test_models_are_listed_with_what_tells_most(own: Path) -> None:
    tiny_lm(own / "my-lm")
    tiny_classifier(own / "mine")
    text = shown(opened())
    for words in ("2 models", "my-lm", "perplexity 50", "accuracy 0.5", "random weights + 8 texts of tiny"):
        assert words in text


def test_filters_in_the_link_are_obeyed(own: Path, tmp_path: Path) -> None:
    tiny_lm(own / "my-lm")
    tiny_classifier(own / "mine")
    tiny_lm(tmp_path / "no-shipped-models" / "general-lm")
    assert "my-lm" not in shown(opened(kind="Classifier"))
    assert "2 of 3 models" in shown(opened(kind="Language model"))
    text = shown(opened(whose="Shipped"))
    assert "1 of 3 models" in text and "general-lm" in text


def test_a_broken_folder_is_listed_with_its_reason_and_can_be_deleted(own: Path) -> None:
    (tiny_lm(own / "broken") / "vocab.json").unlink()
    app = opened()
    assert "lacks vocab.json" in shown(app)
    press(app, "Delete")
    assert not (own / "broken").exists()
    assert "lacks vocab.json" not in shown(app)
    press(app, "Undo")
    assert (own / "broken").is_dir()


def test_one_model_opens_by_its_link(own: Path) -> None:
    general = tiny_lm(own / "general")
    mine = tiny_classifier(own / "mine", labels=("<b>", "a|b"))
    child_of(general, mine)
    tiny = shown(opened(model="mine"))
    for words in ("0.5", "made up for a test", "AWD_LSTM: 3 layers of 20 units", "general", "page predict", "demo"):
        assert words in tiny
    assert "&lt;b&gt;" in tiny and "<b>" not in tiny
    assert "Trained from it:" in shown(opened(model="general"))
    assert "page generate" in shown(opened(model="general"))


def test_a_parent_that_is_gone_is_said(own: Path) -> None:
    general, mine = tiny_lm(own / "general"), tiny_classifier(own / "mine")
    child_of(general, mine)
    registry.delete("general")
    assert "not on this machine" in shown(opened(model="mine"))
    tiny_lm(own / "general", seed=5)
    assert "other weights now" in shown(opened(model="mine"))


def test_the_card_is_drawn_without_front_matter_images_or_html(own: Path) -> None:
    folder = tiny_lm(own / "my-lm")
    registry.write_notes("my-lm", "My *own* words. <img src='http://x.example/a'> ![](http://x.example/a.png)")
    app = opened(model="my-lm", part="Card")
    (card,) = [element for element in app.markdown if "My *own* words." in element.value]
    assert not card.allow_html
    assert "![" not in card.value and "license:" not in card.value and "<!--" not in card.value
    (folder / "README.md").unlink()
    assert "has no card" in shown(opened(model="my-lm", part="Card"))


def test_notes_are_saved_and_read_again(own: Path) -> None:
    tiny_lm(own / "my-lm")
    app = opened(model="my-lm", part="Notes")
    app.text_area[0].set_value("Trained on a train.")
    press(app, "Save notes")
    assert registry.read_notes("my-lm") == "Trained on a train."
    assert "notes are saved" in shown(app)
    assert opened(model="my-lm", part="Notes").text_area[0].value == "Trained on a train."


def test_a_model_is_renamed_and_stays_open(own: Path) -> None:
    tiny_lm(own / "my-lm")
    app = opened(model="my-lm", part="Change")
    app.text_input[0].set_value("better")
    press(app, "Rename")
    assert (own / "better").is_dir()
    assert app.query_params["model"] in ("better", ["better"])
    assert app.header[0].value == "better"


@pytest.mark.parametrize("name", ["", "Not A Name", "../x", "mine"])
def test_a_bad_or_taken_name_is_told_and_changes_nothing(own: Path, name: str) -> None:
    tiny_lm(own / "my-lm")
    tiny_classifier(own / "mine")
    app = opened(model="my-lm", part="Change")
    app.text_input[0].set_value(name)
    press(app, "Rename")
    assert len(app.error) == 1 and app.text_input[0].value == name
    assert sorted(path.name for path in own.iterdir()) == ["mine", "my-lm"]


def test_deleting_goes_back_to_the_list_and_undo_brings_back(own: Path) -> None:
    tiny_lm(own / "my-lm")
    app = press(opened(model="my-lm", part="Change"), "Delete")
    assert not (own / "my-lm").exists()
    assert "is in the trash" in shown(app) and "model" not in app.query_params
    yours = opened()
    assert not [button for button in yours.button if button.label == "Undo"]
    press(app, "Undo")
    assert (own / "my-lm").is_dir()
    assert "is in the trash" not in shown(app)


def test_the_trash_is_there_for_every_session(own: Path) -> None:
    tiny_lm(own / "my-lm")
    registry.delete("my-lm")
    press(opened(), "Restore")
    assert (own / "my-lm").is_dir()


@pytest.mark.parametrize("button", ["Delete", "Rename"])
def test_a_model_that_a_run_needs_is_neither_deleted_nor_renamed(own: Path, button: str) -> None:
    tiny_lm(own / "my-lm")
    run = make_run(name="next", parent="my-lm")
    run.write_status(status(RunState.PAUSED))
    app = opened(model="my-lm", part="Change")
    assert run.id in shown(app)
    app.text_input[0].set_value("other")
    press(app, button)
    assert len(app.error) == 1 and run.id in app.error[0].value.replace("\\", "")
    assert [path.name for path in own.iterdir()] == ["my-lm"]


def test_a_shipped_model_cannot_be_changed(tmp_path: Path) -> None:
    tiny_lm(tmp_path / "no-shipped-models" / "general-lm")
    for view in ("Notes", "Change"):
        app = opened(model="general-lm", part=view)
        assert "read-only" in app.info[0].value
        assert not app.text_input and not app.text_area


def test_downloads_come_with_the_code_that_loads_them(own: Path) -> None:
    tiny_lm(own / "my-lm")
    app = opened(model="my-lm", part="Download")
    assert len(app.get("download_button")) == 3
    assert [len(element.value.splitlines()) for element in app.code] == [3, 3, 4]
    assert 'learn.load_encoder("my-lm")' in app.code[2].value
    modelfolder.to_encoder(own / "my-lm", own / "bare")
    assert len(opened(model="bare", part="Download").get("download_button")) == 2


@pytest.mark.parametrize("name", ["no-such-model", "../../etc", "<b>x</b>", ""])
def test_an_unknown_model_in_the_link_is_told(own: Path, name: str) -> None:
    tiny_lm(own / "my-lm")
    app = opened(model=name)
    assert "There is no model called" in app.error[0].value
    press(app, "All models")
    assert "my-lm" in shown(app)


def test_a_folder_elsewhere_is_not_opened_by_its_path(own: Path, tmp_path: Path) -> None:
    folder = tiny_lm(tmp_path / "elsewhere")
    assert "There is no model called" in opened(model=str(folder)).error[0].value


def test_two_sessions_open_different_models(own: Path) -> None:
    tiny_lm(own / "one")
    tiny_lm(own / "other")
    mine, yours = opened(model="one"), opened(model="other")
    assert (mine.header[0].value, yours.header[0].value) == ("one", "other")
