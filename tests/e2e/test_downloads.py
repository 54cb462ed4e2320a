"""Files that the browser gets, under the page's own Content-Security-Policy."""

import csv
import io
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import REVIEWS
from tests.e2e.test_pages import SLOW, WIDE, open_page, upload
from tools.appserver import Server


def taken(page: Page, button: Locator) -> tuple[str, bytes]:
    """The name and the content of the file behind `button`."""
    expect(button).to_be_visible(timeout=SLOW)
    with page.expect_download(timeout=SLOW) as waiting:
        button.click()
    return waiting.value.suggested_filename, Path(waiting.value.path()).read_bytes()


@WIDE
@pytest.mark.parametrize(("label", "name"), [("the model", "tiny.zip"), ("the encoder", "tiny-encoder.zip")])
def test_a_model(page: Page, server: Server, label: str, name: str) -> None:
    main = open_page(page, server, "/models?model=tiny&part=Download")
    found, content = taken(page, main.get_by_role("button", name=f"Download {label}"))
    assert found == name
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert f"{name.removesuffix('.zip')}/model.safetensors" in archive.namelist() and archive.testzip() is None


@WIDE
def test_a_figure_as_numbers_and_as_a_page_that_opens(page: Page, server: Server, tmp_path: Path) -> None:
    main = open_page(page, server, f"/datasets?dataset={REVIEWS}")
    found, content = taken(page, main.get_by_role("button", name="CSV", exact=True).first)
    rows = list(csv.DictReader(io.StringIO(content.decode())))
    assert found == "balance.csv" and {(row["series"], row["name"], row["texts"]) for row in rows} >= {
        ("training", "neg", "16"), ("validation", "pos", "4")
    }  # fmt: skip
    found, content = taken(page, main.get_by_role("button", name="HTML", exact=True).first)
    saved = tmp_path / found
    saved.write_bytes(content)
    alone = page.context.browser.new_page() if page.context.browser else page
    asked: list[str] = []
    alone.on("request", lambda sent: asked.append(sent.url))
    alone.goto(saved.as_uri())
    expect(alone.locator(".plotly .bars").first).to_be_visible(timeout=SLOW)
    assert [url for url in asked if not url.startswith(("file:", "blob:", "data:"))] == []
    alone.close()


@WIDE
def test_predictions_of_an_uploaded_file(page: Page, server: Server) -> None:
    main = open_page(page, server, "/predict?model=tiny")
    main.get_by_role("tab", name="A file of texts").click()
    upload(main, "texts.csv", "text\nA fine film\n«Ünïcode»\n".encode())
    main.get_by_role("button", name="Predict the file").click(timeout=SLOW)
    expect(main.get_by_test_id("stDataFrame").last).to_be_visible(timeout=SLOW)
    own = main.get_by_test_id("stDownloadButton")  # the table has a button of Streamlit's, of what is shown only
    found, content = taken(page, own.get_by_role("button", name="Download as CSV"))
    rows = list(csv.DictReader(io.StringIO(content.decode())))
    assert found == "predictions.csv" and [row["text"] for row in rows] == ["A fine film", "«Ünïcode»"]
    assert {row["prediction"] for row in rows} <= {"neg", "pos"}
