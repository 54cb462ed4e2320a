"""The home page: empty, in normal use, with bad input, in two sessions."""

import subprocess
import sys
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.fixtures import tiny_classifier, tiny_lm
from ulmfit_app import load_model
from ulmfit_app.settings import CHECKOUT

HOME_PAGE = CHECKOUT / "pages" / "home.py"
SENTENCE = "That honestly was the worst movie I've ever seen."  # the notebook's, word for word


def opened(page: Path = HOME_PAGE, **query: str) -> AppTest:
    """A new session on `page`, run once."""
    app = AppTest.from_file(page, default_timeout=60)
    for key, value in query.items():
        app.query_params[key] = value
    return app.run()


def press_predict(app: AppTest) -> AppTest:
    """The session after the button was pressed."""
    return app.button[0].click().run()


def drawn(app: AppTest) -> str:
    """All HTML on the page."""
    return "\n".join(element.body for element in app.html)


@pytest.mark.usefixtures("no_shipped_models")
def test_an_empty_home_says_what_to_do() -> None:
    app = opened()
    assert [info.value for info in app.info] == [
        "There is no classifier yet. Train one by command, as shown below, then reload this page.",
        "No model has been made yet.",
    ]
    assert not app.button and not app.exception
    assert "General language model" in drawn(app)


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
    assert [warning.value for warning in app.warning] == ["There is nothing to predict yet: write a text above."]
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
    assert [header.value for header in app.header][-1] == "By command"


@pytest.mark.usefixtures("no_shipped_models")
def test_models_are_listed_with_what_was_measured(home: Path) -> None:
    tiny_lm(home / "models" / "my-lm")
    (home / "models" / "broken").mkdir()
    table = opened().table[0].value
    rows = table.set_index("Model").to_dict("index")
    assert rows["**my-lm**"] == {
        "Made from": "Language model from random weights: recipe demo, 8 texts of tiny",
        "Measured": "perplexity 50 (made up for a test)",
    }
    assert rows["broken"]["Measured"].startswith("Cannot be used: ")


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
        "app.button[0].click().run()\n"
        "print('torch' in sys.modules)\n"
    )
    navigation = CHECKOUT / "ulmfit_app" / "ui" / "navigation.py"
    done = subprocess.run([sys.executable, "-c", script, navigation], capture_output=True, text=True, cwd=CHECKOUT)
    assert done.stdout.splitlines() == ["[]", "True"], done.stderr
