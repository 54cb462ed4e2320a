"""The notebook's story by mouse, on real reviews with the recipe `demo`: from a data set to a prediction."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.fixtures import tiny_lm
from tools.appserver import Server, serve
from ulmfit_app import modelfolder
from ulmfit_app.settings import settings

LONG = 600_000  # milliseconds; trainings of 2,000 reviews
SLOW = 90_000


@pytest.fixture
def story(browser: Browser, tmp_path: Path) -> Iterator[tuple[Page, Server]]:
    """A tab on a server whose home has nothing but a tiny language model of common words and random weights."""
    words = modelfolder.read_vocab(settings().shipped_models / "general-lm")
    tiny_lm(tmp_path / "home" / "models" / "tiny-lm", vocab=words)
    with serve(tmp_path / "home", tmp_path / "log.txt") as server:
        profile = browser.new_context(viewport={"width": 1280, "height": 900})
        yield profile.new_page(), server
        profile.close()
        assert "Traceback" not in server.log.read_text()


def choose(page: Page, label: str, option: str) -> None:
    """Choose `option` in the select box called `label`."""
    box = page.get_by_test_id("stMain").get_by_role("combobox", name=label, exact=True)
    box.click()
    box.fill(option)
    page.get_by_role("option", name=option).first.click()


def go(page: Page, link: str, heading: str) -> None:
    """Follow `link` to the page with the heading."""
    page.get_by_test_id("stMain").get_by_role("link", name=link).click(timeout=SLOW)
    expect(page.get_by_role("heading", level=1)).to_have_text(heading, timeout=SLOW)


def train(page: Page, name: str) -> None:
    """Start what the form says under `name`, and wait for its end."""
    box = page.get_by_role("textbox", name="Name of the new model")
    box.fill(name)
    box.press("Enter")
    page.get_by_role("button", name=re.compile("Start$")).click(timeout=SLOW)
    expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible(timeout=SLOW)
    expect(page).to_have_url(re.compile(r"[?&]run="), timeout=SLOW)
    ended = re.compile("done|failed|interrupted|stopped")
    expect(page.locator(".ulmfit-facts .ulmfit-state").first).to_have_text(ended, timeout=LONG)
    expect(page.get_by_text(f"Kept: the model {name}")).to_be_visible(timeout=SLOW)


def test_from_reviews_to_a_prediction(story: tuple[Page, Server]) -> None:
    page, server = story
    main = page.get_by_test_id("stMain")
    page.goto(f"{server.url}/datasets?dataset=imdb")
    expect(main.get_by_text("20,000").first).to_be_visible(timeout=SLOW)

    go(page, "Explore its minibatches", "Explore")
    expect(main.get_by_text(re.compile("^The first 9 of"))).to_be_visible(timeout=SLOW)
    main.get_by_text("Language model", exact=True).click()
    expect(main.get_by_text(re.compile("shifted by one", re.IGNORECASE)).first).to_be_visible(timeout=SLOW)

    page.goto(f"{server.url}/finetune_lm?dataset=imdb&recipe=demo&parent=tiny-lm")
    expect(main.get_by_text("embedding and decoder").first).to_be_visible(timeout=SLOW)
    train(page, "story-lm")

    go(page, "Train a classifier from it", "Fine-tune a classifier")
    expect(main.get_by_role("combobox", name="Start from")).to_have_value("story-lm", timeout=SLOW)
    choose(page, "Recipe", "demo")
    expect(main.get_by_text("all groups").first).to_be_visible(timeout=SLOW)
    train(page, "story-classifier")

    go(page, "Evaluate it", "Evaluate")
    expect(main.get_by_role("combobox", name="Model", exact=True)).to_have_value("story-classifier", timeout=SLOW)
    choose(page, "Dataset", "imdb")
    page.get_by_role("button", name=re.compile("Evaluate$")).click()
    expect(main.get_by_role("heading", name="Every label")).to_be_visible(timeout=LONG)
    expect(main.get_by_text("macro-F1").first).to_be_visible()

    go(page, "Predict with this model", "Predict")
    page.get_by_role("button", name="The notebook's").click()
    expect(main.get_by_text(re.compile(r"Prediction: (neg|pos) \(index [01]"))).to_be_visible(timeout=SLOW)

    page.goto(f"{server.url}/generate?model=story-lm&seed=1")
    page.get_by_role("button", name="Generate").click(timeout=SLOW)
    text = main.locator(".ulmfit-generated").first
    expect(text).to_contain_text("liked this movie by Robert Downey", timeout=SLOW)
    expect(main.get_by_role("button", name="Generate")).to_be_enabled(timeout=SLOW)
