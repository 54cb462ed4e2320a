"""The button Copy link, and what its link restores in another browser; a page in a frame of another site."""

from collections.abc import Iterator
from contextlib import ExitStack
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import quote, unquote, urlsplit
from zipfile import is_zipfile

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import REVIEWS
from tests.e2e.test_pages import SLOW, WIDE, open_page, settled, tab_to, upload
from tools.appserver import Server, serve

NO_CLIPBOARD = "Object.defineProperty(navigator, 'clipboard', { value: undefined });"  # as without https
SHIPPED = "imdb-classifier"
LONG = "A quiet film about the sea, told twice. " * 100


@WIDE
def test_a_copied_link_restores_a_long_text_for_somebody_else(page: Page, server: Server, browser: Browser) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    main = open_page(page, server, "/predict?model=tiny")
    main.get_by_role("textbox", name="Text").fill(LONG)
    main.get_by_role("button", name="Predict", exact=True).click()
    expect(main.get_by_text("Prediction:")).to_be_visible(timeout=SLOW)
    tab_to(page, main.get_by_role("button", name="Copy link"))
    page.keyboard.press("Enter")
    expect(main.get_by_text("Copied")).to_be_visible()
    link = page.evaluate("navigator.clipboard.readText()")
    assert link == page.url and len(link) < 400
    with browser.new_context() as profile:
        other = profile.new_page()
        other.goto(link)
        expect(settled(other).get_by_role("textbox", name="Text")).to_have_value(LONG)
        expect(other.get_by_text("Prediction:")).to_be_visible(timeout=SLOW)


@WIDE
def test_without_a_clipboard_the_link_stands_in_a_field(page: Page, server: Server) -> None:
    page.add_init_script(NO_CLIPBOARD)
    main = open_page(page, server, "/explore?view=Your+text&model=tiny&text=A+fine+film")
    main.get_by_role("button", name="Copy link").click()
    field = main.get_by_role("textbox", name="Link to this view")
    expect(field).to_have_value(page.url)
    expect(field).to_be_focused()
    assert main.evaluate("box => box.scrollWidth - box.clientWidth") == 0


@WIDE
def test_a_search_in_a_dataset_is_restored(page: Page, server: Server) -> None:
    main = open_page(page, server, f"/datasets?dataset={REVIEWS}&tab=Texts&words=actor&label=neg&split=valid")
    expect(main.get_by_role("textbox", name="Words that the text contains")).to_have_value("actor")
    expect(main.get_by_role("combobox", name="Label")).to_have_value("neg")
    expect(main.get_by_role("combobox", name="Split")).to_have_value("valid")
    expect(main.get_by_text("contain all of: actor")).to_be_visible()
    main = open_page(page, server, f"/datasets?dataset={REVIEWS}&tab=Texts")
    first = main.locator(".ulmfit-texts-shown").inner_text()
    main.get_by_role("button", name="Another sample").click()
    expect(main.locator(".ulmfit-texts-shown")).not_to_have_text(first, timeout=SLOW)
    settled(page)
    second = main.locator(".ulmfit-texts-shown").inner_text()
    page.goto(page.url)
    assert settled(page).locator(".ulmfit-texts-shown").inner_text() == second


# In a frame


class Site(BaseHTTPRequestHandler):
    """Another site, by the name 127.0.0.1: every page of it shows the address in its query in a frame."""

    def do_GET(self) -> None:
        framed = escape(unquote(urlsplit(self.path).query))
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(f"<!doctype html><iframe src='{framed}' width='800' height='800'></iframe>".encode())

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    """The address of the site."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Site) as serving:
        Thread(target=serving.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{serving.server_port}"
        serving.shutdown()


@pytest.fixture(scope="module")
def framed(browser: Browser, site: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose pages the site may frame, with the variables that the Dockerfile sets for a Space."""
    folder = tmp_path_factory.mktemp("framed")
    with ExitStack() as stack:
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("ULMFIT_MODE", "hosted")
            environment.setenv("ULMFIT_FRAME_ANCESTORS", site)
            environment.setenv("STREAMLIT_SERVER_XSRF_COOKIE_SAME_SITE", "none")
            running = stack.enter_context(serve(folder / "home", folder / "log.txt"))
        yield running


@pytest.fixture
def tab(browser: Browser) -> Iterator[Page]:
    """A tab with cookies of its own."""
    with browser.new_context(viewport={"width": 900, "height": 900}) as profile:
        yield profile.new_page()


def test_the_embedded_view_predicts_in_a_frame_of_another_site(tab: Page, site: str, framed: Server) -> None:
    tab.goto(f"{site}/?{quote(framed.url)}/predict%3Fmodel%3D{SHIPPED}%26embed%3Dtrue")
    frame = tab.frame_locator("iframe")
    frame.get_by_role("textbox", name="Text").fill("A fine film")
    frame.get_by_role("button", name="Predict").click(timeout=SLOW)
    expect(frame.get_by_text("Prediction:")).to_be_visible(timeout=SLOW)
    for gone in ("stSidebar", "stFileUploader", "stSelectbox", "stTabs"):
        expect(frame.get_by_test_id(gone)).to_have_count(0)
    with tab.expect_popup() as opened:
        frame.get_by_role("link", name="ULMFiT Studio").click()
    expect(settled(opened.value).get_by_role("textbox", name="Text")).to_have_value("A fine film")


def test_a_file_is_uploaded_from_a_frame_of_another_site(tab: Page, site: str, framed: Server) -> None:
    tab.goto(f"{site}/?{quote(framed.url)}/predict%3Fmodel%3D{SHIPPED}")
    frame = tab.frame_locator("iframe")
    frame.get_by_role("tab", name="A file of texts").click(timeout=SLOW)
    upload(frame.get_by_test_id("stMain"), "texts.csv", b"text\nA fine film\nA dull film\n")
    expect(frame.get_by_text("texts.csv").first).to_be_visible(timeout=SLOW)
    expect(frame.get_by_role("button", name="Predict the file")).to_be_visible(timeout=SLOW)
    expect(frame.get_by_test_id("stAlertContentError")).to_have_count(0)


def test_a_visitor_downloads_a_shipped_model_from_a_frame(tab: Page, site: str, framed: Server) -> None:
    tab.goto(f"{site}/?{quote(framed.url)}/models%3Fmodel%3D{SHIPPED}%26part%3DDownload")
    button = tab.frame_locator("iframe").get_by_role("button", name="Download the encoder")
    expect(button).to_be_visible(timeout=SLOW)
    with tab.expect_download(timeout=SLOW) as taken:
        button.click()
    assert taken.value.suggested_filename == f"{SHIPPED}-encoder.zip" and is_zipfile(taken.value.path())


def test_a_site_that_was_not_named_shows_nothing(tab: Page, site: str, server: Server) -> None:
    said: list[str] = []
    tab.on("console", lambda message: said.append(message.text))
    tab.goto(f"{site}/?{quote(server.url)}/predict%3Fmodel%3Dtiny%26embed%3Dtrue")
    tab.wait_for_timeout(1000)
    expect(tab.frame_locator("iframe").get_by_test_id("stApp")).to_have_count(0)
    assert any("frame-ancestors" in text for text in said)
