"""The home page: empty, in normal use, with bad input, in two sessions."""

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.fixtures import tiny_classifier, tiny_lm
from tests.unit.runs.making import make_run, status
from ulmfit_app import __version__, load_model
from ulmfit_app.schema import RunState
from ulmfit_app.settings import CHECKOUT

HOME_PAGE = CHECKOUT / "pages" / "home.py"
SENTENCE = "That honestly was the worst movie I've ever seen."  # the notebook's, word for word
TOUR = "First time here?"


def opened(page: Path = HOME_PAGE, **query: str) -> AppTest:
    """A new session on `page`, run once."""
    app = AppTest.from_file(page, default_timeout=60)
    for key, value in query.items():
        app.query_params[key] = value
    return app.run()


def press_predict(app: AppTest) -> AppTest:
    """The session after the button was pressed."""
    return next(button for button in app.button if button.label == "Predict").click().run()


def drawn(app: AppTest) -> str:
    """All HTML on the page."""
    return "\n".join(element.body for element in app.html)


def links(app: AppTest) -> str:
    """All links and other Markdown on the page; a page run alone draws links as text."""
    return "\n".join(element.value for element in app.markdown)


@pytest.mark.usefixtures("no_shipped_models")
def test_an_empty_home_says_what_to_do() -> None:
    app = opened()
    assert [info.value for info in app.info] == ["There is no classifier yet. Train one: step 3 above."]
    assert not app.exception
    assert drawn(app).count("none yet") == 3
    assert "Train a language model (page finetune_lm)" in links(app)


@pytest.mark.usefixtures("no_shipped_models")
def test_the_picture_shows_what_is_here_and_what_runs(home: Path) -> None:
    tiny_lm(home / "models" / "my-general")
    for number in range(5):
        tiny_classifier(home / "models" / f"mine-{number}")
    run = make_run(name="coming", parent="my-general")
    run.write_status(status(RunState.PAUSED))
    app = opened()
    assert "1 own" in drawn(app) and "5 own" in drawn(app) and "none yet" in drawn(app)
    for words in ("my-general (page models)", "mine-4 (page models)", "2 more (page models)"):
        assert words in links(app)
    assert "coming: paused (page runs)" in links(app)
    assert "Go on with coming (page runs)" in links(app)


@pytest.mark.usefixtures("no_shipped_models")
def test_the_tour_goes_when_dismissed_and_comes_back_by_its_link(home: Path) -> None:
    app, other = opened(), opened()
    assert TOUR in links(app)
    app.button(key="dismiss-tour").click().run()
    assert TOUR not in links(app)
    assert TOUR in links(other.run())
    app.query_params["tour"] = "yes"
    assert TOUR in links(app.run())
    tiny_lm(home / "models" / "mine")
    assert TOUR not in links(opened())
    assert TOUR in links(opened(tour="yes"))


def test_about_tells_versions_devices_and_what_is_loaded(home: Path) -> None:
    tiny_classifier(home / "models" / "tiny")
    app = opened(model="tiny")
    assert not [block for block in app.code if "ULMFiT Studio:" in block.value]
    press_predict(app)
    app.session_state["about"] = True
    (told,) = [block.value for block in app.run().code if "ULMFiT Studio:" in block.value]
    for words in (__version__, f"torch {version('torch')}", "cpu (", str(home), "tiny "):
        assert words in told


def test_the_notebooks_sentence_is_predicted_as_load_model_does(home: Path) -> None:
    tiny_classifier(home / "models" / "tiny")
    app = press_predict(opened(model="tiny"))
    expected = load_model("tiny").predict(SENTENCE)
    assert app.text_area[0].value == SENTENCE
    assert f"Prediction: <strong>{expected.label}</strong> <span>(index {expected.index}," in drawn(app)
    for label, probability in expected.probabilities.items():
        assert f"<th scope='row'>{label}</th>" in drawn(app)
        assert f"<td>{probability:.2%}</td>" in drawn(app)
    assert not app.error and not app.exception


def test_each_model_gives_its_own_answer(home: Path) -> None:
    for name, seed in (("first", 1), ("second", 2)):
        tiny_classifier(home / "models" / name, seed=seed)
    first, second = (drawn(press_predict(opened(model=name))) for name in ("first", "second"))
    assert first != second
    assert f"<td>{load_model('second').predict(SENTENCE).probabilities['pos']:.2%}</td>" in second


def test_a_model_that_was_made_anew_under_its_old_name_is_loaded_anew(home: Path) -> None:
    folder = home / "models" / "tiny"
    tiny_classifier(folder, seed=1)
    before = drawn(press_predict(opened(model="tiny")))
    folder.rename(home / "elsewhere")
    tiny_classifier(folder, seed=2)
    assert drawn(press_predict(opened(model="tiny"))) != before


def test_an_unknown_model_in_the_url_falls_back_to_the_first(home: Path) -> None:
    tiny_classifier(home / "models" / "tiny")
    app = opened(model="../../no-such-model")
    assert app.selectbox[0].value == "tiny"
    assert not app.exception


@pytest.mark.parametrize("text", ["", "  \n "])
def test_nothing_is_predicted_from_nothing(home: Path, text: str) -> None:
    tiny_classifier(home / "models" / "tiny")
    app = opened(model="tiny")
    app.text_area[0].set_value(text)
    press_predict(app)
    assert [warning.value for warning in app.warning] == ["There is nothing to predict yet: write a text beside."]
    assert "Prediction:" not in drawn(app)


def test_any_text_is_predicted(home: Path) -> None:
    tiny_classifier(home / "models" / "tiny")
    app = opened(model="tiny")
    app.text_area[0].set_value("<script>alert(1)</script> \x00 🙂 " + "word " * 5000)
    press_predict(app)
    assert "Prediction:" in drawn(app)
    assert not app.error and not app.exception


def test_labels_are_shown_as_they_are(home: Path) -> None:
    tiny_classifier(home / "models" / "tiny", labels=("<img src=x>", "a&b", "third"))
    shown = drawn(press_predict(opened(model="tiny")))
    assert "&lt;img src=x&gt;" in shown and "a&amp;b" in shown
    assert "<img" not in shown


def test_a_damaged_model_is_told_and_the_rest_of_the_page_stays(home: Path) -> None:
    weights = tiny_classifier(home / "models" / "tiny") / "model.safetensors"
    damaged = bytearray(weights.read_bytes())
    damaged[-1] ^= 1
    weights.write_bytes(damaged)
    app = press_predict(opened(model="tiny"))
    assert len(app.error) == 1 and "tiny" in app.error[0].value
    assert "Traceback" not in app.error[0].value and not app.exception
    assert any("ulmfit predict" in block.value for block in app.code)


def test_two_sessions_do_not_see_each_other(home: Path) -> None:
    tiny_classifier(home / "models" / "tiny")
    mine, yours = opened(model="tiny"), opened(model="tiny")
    mine.text_area[0].set_value("good fun")
    press_predict(mine)
    press_predict(yours)
    assert (mine.text_area[0].value, yours.text_area[0].value) == ("good fun", SENTENCE)
    assert drawn(mine) != drawn(yours)


def test_navigation_opens_home(home: Path) -> None:
    tiny_classifier(home / "models" / "tiny")
    app = opened(CHECKOUT / "ulmfit_app" / "ui" / "navigation.py")
    assert app.title[0].value == "ULMFiT Studio"
    assert not app.exception


def test_torch_is_not_imported_before_a_prediction(home: Path) -> None:
    tiny_classifier(home / "models" / "tiny")
    script = (
        "import sys\n"
        "from streamlit.testing.v1 import AppTest\n"
        "app = AppTest.from_file(sys.argv[1], default_timeout=60).run()\n"
        "assert not app.exception and app.button, app.exception\n"
        "print(sorted({'torch', 'fastai', 'spacy'} & set(sys.modules)))\n"
        "next(b for b in app.button if b.label == 'Predict').click().run()\n"
        "print('torch' in sys.modules)\n"
    )
    navigation = CHECKOUT / "ulmfit_app" / "ui" / "navigation.py"
    done = subprocess.run([sys.executable, "-c", script, navigation], capture_output=True, text=True, cwd=CHECKOUT)
    assert done.stdout.splitlines() == ["[]", "True"], done.stderr
