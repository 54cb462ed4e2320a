"""Every page as a person meets it: by its URL, by links, by keyboard, and with input that is wrong."""

import re
from dataclasses import dataclass

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import REVIEWS, serious_violations
from tools.appserver import Server
from tools.screenshots import BUSY, SETTLED

SLOW = 60_000  # milliseconds; the first look at a page imports what it needs
WIDE = pytest.mark.parametrize("context", [(1280, 900, "light")], ids=["wide-light"], indirect=True)


@dataclass(frozen=True)
class View:
    """A page by its URL, its title, and words that only its last part shows."""

    path: str
    title: str
    ends_with: str


TRAINING = f"dataset={REVIEWS}&recipe=demo&parent=tiny-lm"
VIEWS = [
    View("/?model=tiny", "ULMFiT Studio", "Show the tour"),
    View("/datasets", "Datasets", "Upload a file"),
    View(f"/datasets?dataset={REVIEWS}", "Datasets", "Lengths in words"),
    View(f"/explore?dataset={REVIEWS}", "Explore", "The first 9 of 32 texts"),
    View("/explore?view=Your+text&model=tiny", "Explore", "and their ids"),
    View(f"/explore?view=Vocabulary&dataset={REVIEWS}", "Explore", "Search a word"),
    View(f"/finetune_lm?{TRAINING}", "Fine-tune a language model", "Recipe as a file"),
    View(f"/finetune_classifier?{TRAINING}", "Fine-tune a classifier", "Recipe as a file"),
    View("/runs", "Runs", "closing the browser"),
    View("/predict?model=tiny&text=A+fine+film", "Predict", "This session"),
    View("/predict?model=tiny&text=A+fine+film&embed=true", "tiny", "By ULMFiT Studio"),
    View("/generate?model=tiny-lm&seed=1", "Generate", "How the next word is drawn"),
    View(f"/evaluate?model=tiny&dataset={REVIEWS}", "Evaluate", "in the validation split"),
    View("/models", "Models", "tiny-lm"),
    View("/models?model=tiny", "Models", "How it was made"),
    View("/models?model=tiny&part=Download", "Models", "For fastai"),
    View("/models?hub=pull", "Models", "Pull from the Hub"),
]


def open_page(page: Page, server: Server, path: str) -> Locator:
    """Open the page, wait until it is drawn, and return its main part."""
    page.goto(server.url + path)
    return settled(page)


def settled(page: Page) -> Locator:
    """Wait until the script has ended and nothing spins; the page's main part."""
    page.get_by_role("heading", level=1).wait_for(timeout=SLOW)
    page.locator(SETTLED).wait_for(timeout=SLOW)
    expect(page.locator(BUSY)).to_have_count(0, timeout=SLOW)
    return page.get_by_test_id("stMain")


def tab_to(page: Page, wanted: Locator) -> None:
    """Press Tab until `wanted` has the focus."""
    expect(wanted).to_be_visible(timeout=SLOW)
    for _ in range(80):
        if wanted.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    pytest.fail(f"{wanted} is not reached by keyboard")


def follow(page: Page, link: str, title: str) -> Locator:
    """Click the link in the main part and wait for the page of that title; its main part."""
    page.get_by_test_id("stMain").get_by_role("link", name=link, exact=True).click(timeout=SLOW)
    expect(page.get_by_role("heading", level=1)).to_have_text(title, timeout=SLOW)
    return settled(page)


def upload(main: Locator, name: str, content: bytes) -> None:
    """Give the upload field that can be seen a file."""
    field = main.get_by_test_id("stFileUploader").filter(visible=True).locator("input[type=file]")
    field.set_input_files({"name": name, "mimeType": "application/octet-stream", "buffer": content})


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.path)
def test_opens_by_its_url_fits_and_axe_finds_nothing_serious(page: Page, server: Server, view: View) -> None:
    main = open_page(page, server, view.path)
    expect(page.get_by_role("heading", level=1)).to_have_text([view.title])
    expect(main.get_by_text(view.ends_with).first).to_be_visible(timeout=SLOW)
    expect(main.get_by_test_id("stAlertContentError")).to_have_count(0)
    assert main.evaluate("box => box.scrollWidth - box.clientWidth") == 0
    assert serious_violations(page) == []


@WIDE
def test_every_page_of_the_navigation_is_among_them(page: Page, server: Server) -> None:
    open_page(page, server, "/runs")
    links = page.get_by_test_id("stSidebarNavLink")
    paths = {str(link.get_attribute("href")).removeprefix(server.url).strip("/") for link in links.all()}
    assert paths == {view.path.partition("?")[0].strip("/") for view in VIEWS}


# Links


@WIDE
def test_a_model_goes_from_home_to_its_page_and_on_to_predict(page: Page, server: Server) -> None:
    open_page(page, server, "/")
    main = follow(page, "tiny", "Models")
    expect(main.get_by_role("heading", name="tiny", exact=True)).to_be_visible()
    main = follow(page, "Predict with it", "Predict")
    expect(main.get_by_role("combobox", name="Classifier")).to_have_value("tiny")


@WIDE
def test_a_dataset_goes_to_explore_and_to_fine_tuning(page: Page, server: Server) -> None:
    open_page(page, server, f"/datasets?dataset={REVIEWS}")
    main = follow(page, "Explore its minibatches", "Explore")
    expect(main.get_by_role("combobox", name="Dataset")).to_have_value(REVIEWS)
    page.go_back()  # once: the link left one entry in the history
    expect(page.get_by_role("heading", name=REVIEWS)).to_be_visible(timeout=SLOW)
    settled(page)
    main = follow(page, "Train a classifier on it", "Fine-tune a classifier")
    expect(main.get_by_role("combobox", name="Dataset")).to_have_value(REVIEWS)


@WIDE
def test_a_language_model_goes_to_evaluate(page: Page, server: Server) -> None:
    open_page(page, server, "/models?model=tiny-lm")
    main = follow(page, "Evaluate it", "Evaluate")
    expect(main.get_by_role("combobox", name="Model", exact=True)).to_have_value("tiny-lm")


@WIDE
def test_the_seed_of_a_training_stays_on_its_page(page: Page, server: Server) -> None:
    open_page(page, server, f"/finetune_lm?{TRAINING}")
    page.get_by_test_id("stSidebar").get_by_role("link", name="Generate", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Generate", timeout=SLOW)
    expect(settled(page).get_by_role("spinbutton", name="Seed")).to_have_value("")


# By keyboard alone


@WIDE
def test_predicts_by_keyboard(page: Page, server: Server) -> None:
    main = open_page(page, server, "/predict?model=tiny")
    tab_to(page, main.get_by_role("textbox", name="Text"))
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("A fine film")
    tab_to(page, main.get_by_role("button", name="Predict", exact=True))
    page.keyboard.press("Enter")
    expect(main.get_by_text("Prediction:")).to_be_visible(timeout=SLOW)
    expect(page).to_have_url(f"{server.url}/predict?model=tiny&text=A+fine+film")


@WIDE
def test_generates_by_keyboard(page: Page, server: Server) -> None:
    main = open_page(page, server, "/generate?model=tiny-lm&seed=1&n_words=8")
    tab_to(page, main.get_by_role("textbox", name="Prompt"))
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("The film is")
    tab_to(page, main.get_by_role("button", name="Generate", exact=True))
    page.keyboard.press("Enter")
    expect(main.locator(".ulmfit-generated").first).to_contain_text("film is", timeout=SLOW)
    settled(page)
    assert serious_violations(page) == []


@WIDE
def test_adds_a_dataset_by_keyboard(page: Page, server: Server) -> None:
    main = open_page(page, server, "/datasets")
    tab_to(page, main.get_by_role("radio", name="Upload a file"))
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    texts = main.get_by_role("textbox", name="Texts without labels")
    tab_to(page, texts)
    for number in range(12):
        page.keyboard.insert_text(f"A quiet film about the sea, scene {number}")
        page.keyboard.press("Enter")
    tab_to(page, main.get_by_role("radio", name="one text a line"))  # leaving the field sends it
    tab_to(page, main.get_by_role("button", name="Check the texts"))
    page.keyboard.press("Enter")
    tab_to(page, main.get_by_role("textbox", name="Name of the dataset"))
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("by-keyboard")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(main.get_by_text("The dataset by-keyboard is stored")).to_be_visible(timeout=SLOW)


# Bad input


@WIDE
@pytest.mark.parametrize(
    ("path", "label", "goes_on"),
    [
        ("/?model=no-such", "Classifier", "Try a prediction"),
        ("/explore?view=Your+text&model=no-such", "Ids and unknown words by the vocabulary of", "and their ids"),
        ("/predict?model=no-such&text=A+fine+film", "Classifier", "Prediction:"),
    ],
)
def test_a_link_to_what_is_not_there_says_so_and_the_page_goes_on(
    page: Page, server: Server, path: str, label: str, goes_on: str
) -> None:
    main = open_page(page, server, path)
    expect(main.get_by_text("The link asks for “no-such”")).to_be_visible()
    expect(main.get_by_role("combobox", name=label)).not_to_have_value("")
    expect(main.get_by_text(goes_on).first).to_be_visible(timeout=SLOW)
    expect(page).not_to_have_url(re.compile("no-such"))


@WIDE
@pytest.mark.parametrize(
    ("path", "message", "back", "goes_on"),
    [
        ("/datasets?dataset=no-such", "no-such", "All datasets", REVIEWS),
        ("/evaluate?run=no-such", "no-such", "New evaluation", "Texts from"),
        ("/runs?run=no-such", "no-such", "All runs", "closing the browser"),
        ("/models?model=no-such", "There is no model called no-such", "All models", "tiny-lm"),
    ],
)
def test_a_link_to_nothing_leads_back_to_all(
    page: Page, server: Server, path: str, message: str, back: str, goes_on: str
) -> None:
    main = open_page(page, server, path)
    expect(main.get_by_test_id("stAlertContentError")).to_contain_text(message)
    main.get_by_role("button", name=back).click()
    expect(main.get_by_text(goes_on).first).to_be_visible(timeout=SLOW)
    expect(main.get_by_test_id("stAlertContentError")).to_have_count(0)


@WIDE
def test_datasets_tells_of_a_file_that_it_cannot_read_and_takes_the_next(page: Page, server: Server) -> None:
    main = open_page(page, server, "/datasets")
    upload(main, "broken.parquet", b"PAR1 and nothing of a table")
    expect(main.get_by_test_id("stAlertContentError")).to_contain_text("broken.parquet", timeout=SLOW)
    upload(main, "good.csv", b"text,label\nA fine film,pos\nA dull film,neg\n")
    expect(main.get_by_role("region", name="First rows")).to_contain_text("A fine film", timeout=SLOW)
    expect(main.get_by_test_id("stAlertContentError")).to_have_count(0)


@WIDE
def test_predict_keeps_the_text_when_there_is_nothing_to_predict_and_when_a_file_is_bad(
    page: Page, server: Server
) -> None:
    main = open_page(page, server, "/predict?model=tiny&text=A+fine+film")
    text = main.get_by_role("textbox", name="Text")
    text.fill("   ")
    main.get_by_role("button", name="Predict", exact=True).click()
    expect(main.get_by_text("There is nothing to predict yet")).to_be_visible()
    text.fill("A dull film")
    main.get_by_role("tab", name="A file of texts").click()
    upload(main, "empty.csv", b"")
    expect(main.get_by_test_id("stAlertContentError")).to_contain_text("empty.csv", timeout=SLOW)
    main.get_by_role("tab", name="One text").click()
    expect(text).to_have_value("A dull film")
    main.get_by_role("button", name="Predict", exact=True).click()
    expect(main.get_by_text("Prediction:")).to_be_visible(timeout=SLOW)


@WIDE
@pytest.mark.parametrize(
    ("path", "name", "message"),
    [("finetune_lm", "tiny-lm", "tiny-lm"), ("finetune_classifier", "Not a Name!", "Not a Name!")],
)
def test_fine_tuning_starts_nothing_under_a_name_that_cannot_be_had(
    page: Page, server: Server, path: str, name: str, message: str
) -> None:
    main = open_page(page, server, f"/{path}?{TRAINING}")
    field = main.get_by_role("textbox", name="Name of the new model")
    field.fill(name)
    expect(main.get_by_test_id("stAlertContentError")).to_contain_text(message, timeout=SLOW)
    start = main.get_by_role("button", name="Start", exact=True)
    expect(start).to_be_disabled()
    expect(field).to_have_value(name)
    field.fill("a-free-name")
    expect(start).to_be_enabled(timeout=SLOW)
    expect(main.get_by_role("combobox", name="Recipe", exact=True)).to_have_value("demo")


@WIDE
def test_evaluate_tells_of_a_file_without_texts_and_keeps_the_model(page: Page, server: Server) -> None:
    main = open_page(page, server, "/evaluate?model=tiny-lm&source=File")
    upload(main, "empty.csv", b"")
    expect(main.get_by_test_id("stAlertContentError")).to_contain_text("empty.csv", timeout=SLOW)
    expect(main.get_by_role("combobox", name="Model", exact=True)).to_have_value("tiny-lm")
    upload(main, "texts.csv", b"text\nA fine film\n")
    expect(main.get_by_role("button", name="Evaluate", exact=True)).to_be_enabled(timeout=SLOW)


@WIDE
def test_generate_says_that_a_links_model_is_not_here_and_goes_on_from_spaces(page: Page, server: Server) -> None:
    main = open_page(page, server, "/generate?model=no-such&n_words=5")
    expect(main.get_by_text("The link asks for “no-such”")).to_be_visible()
    prompt = main.get_by_role("textbox", name="Prompt")
    prompt.fill("   ")
    main.get_by_role("button", name="Generate", exact=True).click()
    expect(main.locator(".ulmfit-generated").first).to_be_visible(timeout=SLOW)
    expect(main.get_by_role("spinbutton", name="Words")).to_have_value("5")
    expect(prompt).to_have_value("   ")
    expect(page).not_to_have_url(re.compile("no-such"))
