"""The Generate page: the notebook's values, streaming and stopping, views, two models, links, history, two sessions."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.fixtures import tiny_classifier, tiny_lm
from ulmfit_app import load_model
from ulmfit_app.schema import Sampling
from ulmfit_app.settings import CHECKOUT
from ulmfit_app.ui.generation_history import PRESENT
from ulmfit_app.ui.generation_view import EXPECTED

PAGE = CHECKOUT / "pages" / "generate.py"
PROMPT = "I liked this movie by Robert Downey Jr. because"  # the notebook's TEXT, word for word

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


def generated(app: AppTest) -> AppTest:
    """The session after the button was pressed."""
    return button(app, "Generate").click().run()


def words(app: AppTest) -> list[str]:
    """The texts of the generation that is shown."""
    return [text.words for text in app.session_state[PRESENT].texts]


@pytest.fixture
def two(home: Path) -> None:
    """Two language models, lm1 and lm2."""
    for seed in (1, 2):
        tiny_lm(home / "models" / f"lm{seed}", seed=seed)


def test_without_a_language_model_it_says_what_to_do(home: Path) -> None:
    tiny_classifier(home / "models" / "tiny")
    app = opened()
    assert "There is no language model yet" in app.info[0].value
    assert not app.button and not app.exception


def test_the_form_has_the_notebooks_values(two: None) -> None:
    app = generated(opened())
    assert app.text_area(key="prompt").value == PROMPT
    values = {each.key: each.value for each in (*app.number_input, *app.slider, *app.checkbox)}
    assert values["n_words"] == 30 and values["samples"] == 1 and values["temperature"] == 0.75
    assert values["no_unk"] is True and values["repetition_penalty"] == 1
    assert [values[key] for key in ("seed", "top_k", "top_p", "min_p")] == [None] * 4
    request = app.session_state[PRESENT].request
    assert (request.prompt, request.n_words, request.samples) == (PROMPT, 30, 1)
    assert request.sampling == Sampling(temperature=0.75)


def test_a_seed_gives_the_text_that_load_model_gives(two: None) -> None:
    app = generated(opened(model="lm2", seed="7", prompt="The film was", n_words="12", samples="2"))
    samples = load_model("lm2").generate("The film was", 12, samples=2, seed=7)
    assert words(app) == [sample.text for sample in samples]
    assert "<strong>lm2</strong>, seed 7<" in drawn(app) and "<strong>lm2</strong>, seed 8<" in drawn(app)
    assert not app.error and not app.exception


def test_every_field_reaches_the_model(two: None) -> None:
    query = {"temperature": "1.2", "top_k": "30", "top_p": "0.9", "min_p": "0.01", "repetition_penalty": "1.5"}
    app = generated(opened(model="lm1", seed="3", no_unk="false", **query))
    sampling = Sampling(1.2, 30, 0.9, 0.01, 1.5, no_unk=False)
    assert app.session_state[PRESENT].request.sampling == sampling
    assert words(app) == [load_model("lm1").generate(PROMPT, 30, sampling=sampling, seed=3)[0].text]


def test_a_link_restores_the_form_and_starts_nothing(two: None) -> None:
    app = opened(model="lm2", prompt="A film", seed="9", temperature="0.0", other="lm1")
    assert (app.text_area(key="prompt").value, app.number_input(key="seed").value) == ("A film", 9)
    assert [each.value for each in app.selectbox] == ["lm2", "lm1"] and app.slider[0].value == 0
    assert PRESENT not in app.session_state and "<div class='ulmfit-generated'" not in drawn(app)


def test_two_models_go_on_from_the_same_prompt_and_seed(two: None) -> None:
    app = generated(opened(model="lm1", other="lm2", seed="4"))
    expected = [load_model(name).generate(PROMPT, 30, seed=4)[0].text for name in ("lm1", "lm2")]
    assert words(app) == expected and expected[0] != expected[1]


def test_the_same_model_beside_itself_writes_once(two: None) -> None:
    assert len(words(generated(opened(model="lm1", other="lm1")))) == 1


def test_the_text_can_be_seen_as_tokens_and_with_what_was_expected(two: None) -> None:
    app = generated(opened(model="lm1", seed="1"))
    before = words(app)
    app.button_group(key="shown").set_value("Tokens").run()
    assert "ulmfit-token ulmfit-special'>xxbos<" in drawn(app)
    app.button_group(key="shown").set_value(EXPECTED).run()
    step = app.session_state[PRESENT].texts[0].steps[0]
    assert drawn(app).count("<tr><th scope='row'>") == 30
    assert f"<td>{step.probability:.1%}</td>" in drawn(app)
    assert all(f"</span> {share:.1%}</span>" in drawn(app) for _, share in step.expected)
    assert words(app) == before  # another view writes nothing new


def test_unknown_words_of_the_prompt_are_named(two: None) -> None:
    app = generated(opened(prompt="The zyx film"))
    assert any("does not know these words of the prompt" in each.value and "zyx" in each.value for each in app.caption)


def test_a_stopped_text_is_kept(two: None) -> None:
    app = generated(opened(model="lm1", seed="1"))
    generation = app.session_state[PRESENT]
    del generation.texts[0].steps[12:]  # as Stop leaves it
    app.run()
    assert "seed 1, 12 of 30 words" in drawn(app) and len(generation.texts[0].steps) == 12


def test_a_drawn_seed_can_be_kept(two: None) -> None:
    app = generated(opened())
    before, seed = words(app), app.session_state[PRESENT].request.seed
    button(app, f"Keep the seed {seed}").click().run()
    assert app.number_input(key="seed").value == seed and app.query_params["seed"] == str(seed)
    assert words(generated(app)) == before


def test_the_history_is_listed_reopened_and_cleared(two: None) -> None:
    app = generated(opened(model="lm1", seed="1"))
    first = words(app)
    app.selectbox[0].set_value("lm2")
    app.number_input(key="top_k").set_value(5)
    generated(app)
    assert len([each for each in app.button if str(each.key).startswith("open-generation")]) == 2
    app.button(key="open-generation-1").click().run()
    assert words(app) == first
    assert app.selectbox[0].value == "lm1" and app.number_input(key="top_k").value is None
    button(app, "Clear").click().run()
    assert PRESENT not in app.session_state and "<div class='ulmfit-generated'" not in drawn(app)


@pytest.mark.parametrize("prompt", ["", "  \n", "<script>alert(1)</script> \x00 🙂 xxmaj"])
def test_any_prompt_is_continued(two: None, prompt: str) -> None:
    app = opened(model="lm1")
    app.text_area[0].set_value(prompt)
    generated(app)
    assert len(words(app)) == 1 and "<script>alert" not in drawn(app)
    assert not app.error and not app.exception


@pytest.mark.parametrize("query", [{"seed": "-1"}, {"temperature": "hot"}, {"n_words": "0"}, {"model": "../../x"}])
def test_nonsense_in_the_url_is_left_out(two: None, query: dict[str, str]) -> None:
    app = generated(opened(**query))
    assert len(words(app)) == 1 and not app.exception


def test_a_damaged_model_is_told_and_the_form_stays(home: Path) -> None:
    weights = tiny_lm(home / "models" / "lm") / "model.safetensors"
    damaged = bytearray(weights.read_bytes())
    damaged[-1] ^= 1
    weights.write_bytes(damaged)
    app = generated(opened(prompt="A film"))
    assert len(app.error) == 1 and not app.exception
    assert app.text_area[0].value == "A film"


def test_two_sessions_do_not_see_each_other(two: None) -> None:
    mine, yours = opened(model="lm1", seed="1"), opened(model="lm2", seed="1")
    generated(mine)
    generated(yours)
    assert words(mine) != words(yours)
    assert len([each for each in mine.button if str(each.key).startswith("open-generation")]) == 1
