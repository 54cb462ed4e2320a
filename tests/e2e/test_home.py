"""The home page as a person meets it: by its URL, wide and narrow, light and dark, by mouse and by keyboard."""

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import serious_violations
from tools.appserver import Server
from ulmfit_app import load_model

SENTENCE = "That honestly was the worst movie I've ever seen."


def open_home(page: Page, server: Server, path: str = "/?model=tiny") -> None:
    """Open the page and wait until the last part of it is there."""
    page.goto(server.url + path)
    page.get_by_role("heading", name="Try a prediction").wait_for(timeout=60_000)


@pytest.mark.parametrize("path", ["/", "/home", "/?model=tiny", "/?model=no-such-model"])
def test_opens_by_its_url(page: Page, server: Server, path: str) -> None:
    open_home(page, server, path)
    expect(page.get_by_role("heading", level=1)).to_have_text("ULMFiT Studio")
    expect(page.get_by_role("textbox", name="Text")).to_have_value(SENTENCE)


def test_predicts_the_notebooks_sentence(page: Page, server: Server) -> None:
    open_home(page, server)
    page.get_by_role("button", name="Predict").click()
    expected = load_model(str(server.log.parent / "home" / "models" / "tiny")).predict(SENTENCE)
    expect(page.get_by_text(f"Prediction: {expected.label} (index {expected.index}, counted from 0)")).to_be_visible(
        timeout=60_000
    )
    for label, probability in expected.probabilities.items():
        expect(page.get_by_role("row", name=f"{label} {probability:.2%}")).to_be_visible()


def test_predicts_by_keyboard(page: Page, server: Server) -> None:
    open_home(page, server)
    text = page.get_by_role("textbox", name="Text")
    text.focus()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("A wonderful film")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Prediction:")).to_be_visible(timeout=60_000)
    expect(text).to_have_value("A wonderful film")


def test_says_that_there_is_nothing_to_predict(page: Page, server: Server) -> None:
    open_home(page, server)
    page.get_by_role("textbox", name="Text").fill("   ")
    page.get_by_role("button", name="Predict").click()
    expect(page.get_by_text("There is nothing to predict yet")).to_be_visible()


def test_nothing_is_wider_than_the_screen(page: Page, server: Server) -> None:
    open_home(page, server)
    main = page.get_by_test_id("stMain")
    assert main.evaluate("box => box.scrollWidth - box.clientWidth") == 0


def test_axe_finds_nothing_serious(page: Page, server: Server) -> None:
    open_home(page, server)
    page.get_by_role("button", name="Predict").click()
    page.get_by_text("Prediction:").wait_for(timeout=60_000)
    assert serious_violations(page) == []
