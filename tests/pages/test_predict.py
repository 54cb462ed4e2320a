"""The Predict page: one text, the session's history, a file at once and as a run, links, bad input, two sessions."""

from base64 import urlsafe_b64encode
from pathlib import Path
from random import Random
from zlib import compress

import pytest
from streamlit.runtime.context import ContextProxy
from streamlit.testing.v1 import AppTest

from tests.fixtures import tiny_classifier, tiny_lm
from ulmfit_app import load_model
from ulmfit_app.runs.folder import all_runs
from ulmfit_app.runs.worker import JOBS, work
from ulmfit_app.settings import CHECKOUT
from ulmfit_app.ui import prediction_file
from ulmfit_app.ui.prediction import EXAMPLES

PAGE = CHECKOUT / "pages" / "predict.py"
SENTENCE = "That honestly was the worst movie I've ever seen."  # the notebook's, word for word
ROWS = [("1", "good film"), ("2", ""), ("3", "the worst movie")]
TSV = "\n".join("\t".join(row) for row in [("id", "review"), *ROWS]).encode()

pytestmark = pytest.mark.usefixtures("no_shipped_models")


def opened(**query: str) -> AppTest:
    """A new session on the page, run once."""
    app = AppTest.from_file(PAGE, default_timeout=60)
    for key, value in query.items():
        app.query_params[key] = value
    return app.run()


def drawn(app: AppTest) -> str:
    """All HTML on the page."""
    return "\n".join(element.body for element in app.html)


def button(app: AppTest, label: str) -> object:
    """The button of that name."""
    return next(button for button in app.button if button.label == label)


def asked(app: AppTest, text: str) -> AppTest:
    """The session after `text` was written and predicted."""
    app.text_area[0].set_value(text)
    return button(app, "Predict").click().run()


def uploaded(app: AppTest, content: bytes, name: str = "reviews.tsv") -> AppTest:
    """The session after a file was given."""
    return app.file_uploader[0].upload(name, content, "text/plain").run()


@pytest.fixture
def tiny(home: Path) -> Path:
    """A classifier called tiny."""
    return tiny_classifier(home / "models" / "tiny")


def test_without_a_classifier_it_says_what_to_do(home: Path) -> None:
    tiny_lm(home / "models" / "lm")  # predicts nothing
    app = opened()
    assert "There is no classifier yet" in app.info[0].value
    assert not app.button and not app.exception


def test_the_notebooks_sentence_comes_first_and_is_predicted(tiny: Path) -> None:
    app = opened()
    assert app.text_area[0].value == SENTENCE and "Prediction:" not in drawn(app)
    button(app, "Predict").click().run()
    expected = load_model("tiny").predict(SENTENCE)
    assert f"Prediction: <strong>{expected.label}</strong> <span>(index {expected.index}," in drawn(app)
    for label, probability in expected.probabilities.items():
        assert f"<th scope='row'>{label}</th>" in drawn(app) and f"<td>{probability:.2%}</td>" in drawn(app)


def test_an_example_is_one_click_away(tiny: Path) -> None:
    app = opened()
    button(app, "Irony").click().run()
    assert app.text_area[0].value == EXAMPLES["Irony"]
    assert f"<td>{load_model('tiny').predict(EXAMPLES['Irony']).probabilities['pos']:.2%}</td>" in drawn(app)


def test_unknown_words_and_long_texts_are_told(tiny: Path) -> None:
    app = asked(opened(), "a good zyx")
    assert app.expander[0].label == "As the model reads it: 4 tokens, 1 of them unknown"
    assert "<span class='ulmfit-token ulmfit-unknown' title='not in the vocabulary'>zyx</span>" in drawn(app)
    assert not app.info
    asked(app, "good film " * 20)
    assert "The text has 41 tokens" in app.info[0].value and "the last 17" in app.info[0].value


@pytest.mark.parametrize(("n", "doubtful"), [(2, False), (6, True)])
def test_low_confidence_is_marked_below_sixty_percent(home: Path, n: int, doubtful: bool) -> None:
    tiny_classifier(home / "models" / "tiny", labels=[f"label{i}" for i in range(n)])
    assert (max(load_model("tiny").predict("good").probabilities.values()) < 0.6) == doubtful
    assert [warning.value.startswith("Low confidence") for warning in asked(opened(), "good").warning] == [
        True
    ] * doubtful


def test_a_link_restores_and_predicts(home: Path) -> None:
    for name, seed in (("first", 1), ("second", 2)):
        tiny_classifier(home / "models" / name, seed=seed)
    app = opened(model="second", text="a fine film")
    assert (app.selectbox[0].value, app.text_area[0].value) == ("second", "a fine film")
    assert f"<td>{load_model('second').predict('a fine film').probabilities['pos']:.2%}</td>" in drawn(app)


def test_what_is_asked_stands_in_the_link_unless_it_is_too_long(tiny: Path) -> None:
    app = asked(opened(), "a fine film")
    assert app.query_params["text"] == "a fine film"
    asked(app, long := "Ein schöner Film. " * 500)
    assert opened(text=str(app.query_params["text"])).text_area[0].value == long
    assert not any("too long for a link" in caption.value for caption in app.caption)
    noise = Random(1)
    asked(app, " ".join(str(noise.random()) for _ in range(1000)))
    assert "text" not in app.query_params and "Prediction:" in drawn(app)
    assert any("too long for a link" in caption.value for caption in app.caption)


BOMB = f"z1~{urlsafe_b64encode(compress(bytes(9_000_000))).decode()}"


@pytest.mark.parametrize("text", ["z1~", "z1~%%%", "z1~AAAA", BOMB], ids=["empty", "no base64", "no zlib", "a bomb"])
def test_a_damaged_text_in_a_link_is_told_once_and_the_page_goes_on(tiny: Path, text: str) -> None:
    app = opened(text=text)
    assert ["damaged or too long" in warning.value for warning in app.warning] == [True]
    assert "text" not in app.query_params
    assert "Prediction:" in drawn(asked(app, "a fine film")) and not app.warning


@pytest.fixture
def embedded(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the URL had `embed=true`, which AppTest cannot say."""
    monkeypatch.setattr(ContextProxy, "is_embedded", True)


def test_in_a_frame_there_is_a_text_a_button_and_the_answer_only(embedded: None, home: Path) -> None:
    for name, seed in (("first", 1), ("second", 2)):
        tiny_classifier(home / "models" / name, seed=seed)
    app = asked(opened(model="second"), "a fine film")
    assert f"<td>{load_model('second').predict('a fine film').probabilities['pos']:.2%}</td>" in drawn(app)
    assert [button.label for button in app.button] == ["Predict"]
    assert not (app.selectbox or app.tabs or app.header or app.get("file_uploader") or app.get("download_button"))
    assert "href='predict?model=second&amp;text=a+fine+film' target='_blank'" in drawn(app)


def test_a_frame_without_its_classifier_says_so(embedded: None, tiny: Path) -> None:
    app = opened(model="no-such")
    assert [error.value for error in app.error] == ["There is no classifier called no-such here."]
    assert not app.button


def test_another_model_answers_the_same_text(home: Path) -> None:
    for name, seed in (("first", 1), ("second", 2)):
        tiny_classifier(home / "models" / name, seed=seed)
    app = asked(opened(), "a fine film")
    app.selectbox[0].set_value("second").run()
    assert f"<td>{load_model('second').predict('a fine film').probabilities['pos']:.2%}</td>" in drawn(app)


def test_the_history_is_listed_reopened_and_cleared(tiny: Path) -> None:
    app = opened()
    for text in ("a *good* film", "bad", "a *good* film"):
        asked(app, text)
    listed = [each.label for each in app.button if str(each.key).startswith("open-prediction")]
    assert listed == [r"a \*good\* film", "bad"]
    app.button(key="open-prediction-1").click().run()
    assert app.text_area[0].value == "bad"
    assert f"<td>{load_model('tiny').predict('bad').probabilities['pos']:.2%}</td>" in drawn(app)
    button(app, "Clear").click().run()
    assert not [each for each in app.button if str(each.key).startswith("open-prediction")]


def test_a_question_to_a_deleted_model_can_still_be_opened(home: Path) -> None:
    tiny_classifier(home / "models" / "first")
    gone = tiny_classifier(home / "models" / "second", seed=2)
    app = asked(opened(model="second"), "a fine film")
    gone.rename(home / "elsewhere")
    app.run()
    app.button(key="open-prediction-0").click().run()
    assert app.selectbox[0].value == "first" and not app.exception
    assert f"<td>{load_model('first').predict('a fine film').probabilities['pos']:.2%}</td>" in drawn(app)


@pytest.mark.parametrize("text", ["", "  \n "])
def test_nothing_is_predicted_from_nothing(tiny: Path, text: str) -> None:
    app = asked(opened(), text)
    assert [warning.value for warning in app.warning] == ["There is nothing to predict yet: write a text above."]
    assert "Prediction:" not in drawn(app)


def test_a_damaged_model_is_told_and_the_text_stays(tiny: Path) -> None:
    weights = tiny / "model.safetensors"
    damaged = bytearray(weights.read_bytes())
    damaged[-1] ^= 1
    weights.write_bytes(damaged)
    app = asked(opened(), "a fine film")
    assert len(app.error) == 1 and "tiny" in app.error[0].value and not app.exception
    assert app.text_area[0].value == "a fine film"


def test_two_sessions_do_not_see_each_other(tiny: Path) -> None:
    mine, yours = opened(), opened()
    asked(mine, "good fun")
    asked(yours, "bad")
    assert [each.label for each in mine.button if str(each.key).startswith("open-")] == ["good fun"]
    assert mine.text_area[0].value == "good fun" and yours.text_area[0].value == "bad"


def test_a_short_file_is_predicted_at_once(tiny: Path) -> None:
    app = uploaded(opened(), TSV)
    assert app.multiselect[0].value == ["review"]
    button(app, "Predict the file").click().run()
    table = app.dataframe[1].value
    predictions = [load_model("tiny").predict(text) for _, text in ROWS if text]
    assert list(table["prediction"]) == [predictions[0].label, "", predictions[1].label]
    assert list(table["review"]) == [text for _, text in ROWS]
    shares = [max(prediction.probabilities.values()) for prediction in predictions]
    assert list(table["probability"].dropna()) == pytest.approx(shares, abs=1e-5)
    assert not all_runs() and not app.exception
    assert "3 of 3 rows." in [each.value for each in app.markdown]


def test_a_long_file_becomes_a_run_whose_link_shows_its_table(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prediction_file, "AT_ONCE", 2)
    monkeypatch.setattr("ulmfit_app.runs.submit.dispatch", lambda: None)
    app = uploaded(opened(), TSV)
    button(app, "Predict the file").click().run()
    (run,) = all_runs()
    assert app.query_params["run"] == run.id and not app.exception
    assert work(run, JOBS) == 0
    later = opened(run=run.id)
    table = later.dataframe[0].value
    model = load_model("tiny")
    assert list(table["prediction"]) == [model.predict(text).label if text else "" for _, text in ROWS]
    assert list(table["review"]) == [text for _, text in ROWS]
    assert "Predictions for reviews.tsv" in [header.value for header in later.header]


@pytest.mark.parametrize(
    ("content", "name"),
    [(b"", "empty.csv"), (b"\x00\x01\x02" * 99, "binary.csv"), (b'a,b\n"1,2\n', "cut.csv"), (b"a,b\n", "header.csv")],
)
def test_a_file_that_cannot_be_read_is_told(tiny: Path, content: bytes, name: str) -> None:
    app = uploaded(asked(opened(), "good fun"), content, name)
    if not app.error:
        button(app, "Predict the file").click().run()
    assert len(app.error) == 1 and not app.exception
    assert app.text_area[0].value == "good fun"


def test_an_unknown_model_in_the_url_is_told_once(tiny: Path) -> None:
    app = opened(model="*no* such")
    assert "“\\*no\\* such”" in app.warning[0].value
    assert app.query_params["model"] == "tiny"
    assert not app.run().warning


def test_an_unknown_run_is_told(tiny: Path) -> None:
    app = opened(run="20260101-000000-predict-0000")
    assert "There is no run" in app.error[0].value
    button(app, "New prediction").click().run()
    assert app.text_area[0].value == SENTENCE and not app.error
