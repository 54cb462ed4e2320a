"""The API of a real server, as `make run` starts it: the documented examples, a stream, and what strangers may send."""

import json
import re
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from tests.fixtures import tiny_classifier, tiny_lm
from tools.appserver import Server, serve
from ulmfit_app import inference
from ulmfit_app.inference.predictor import Predictor
from ulmfit_app.settings import CHECKOUT

GUIDE = (CHECKOUT / "docs" / "api.md").read_text()
JSON = {"Content-Type": "application/json"}
STREAM = {"Accept": "text/event-stream"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The app over a home with the two models of the document."""
    folder = tmp_path_factory.mktemp("server")
    tiny_classifier(folder / "home" / "models" / "my-classifier")
    tiny_lm(folder / "home" / "models" / "my-lm")
    with serve(folder / "home", folder / "log.txt") as running:
        yield running
    log = running.log.read_text()
    assert "Traceback" not in log and "ERROR" not in log


def blocks(language: str, server: Server) -> list[str]:
    """The document's examples in `language`, with the address of this server."""
    found = re.findall(rf"^```{language}\n(.*?)^```", GUIDE, re.DOTALL | re.MULTILINE)
    return [block.replace("http://localhost:8501", server.url) for block in found]


def answered(url: str, body: bytes | None = None, headers: dict[str, str] = JSON) -> tuple[int, Any, str]:
    """Status, headers and text of an answer, whatever its status."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=60) as answer:
            return answer.status, answer.headers, answer.read().decode()
    except urllib.error.HTTPError as answer:
        return answer.code, answer.headers, answer.read().decode()


def test_the_python_example(server: Server) -> None:
    (code,) = blocks("python", server)
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    model = inference.load(server.log.parent / "home" / "models" / "my-classifier")
    assert isinstance(model, Predictor)
    prediction = model.predict("A wonderful film.")
    assert told == f"{prediction.label} {prediction.probabilities}\n"


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_curl_examples(server: Server) -> None:
    predict, generate = (
        subprocess.run(["bash", "-c", block], capture_output=True, text=True, check=True).stdout
        for block in blocks("bash", server)
    )
    assert len(json.loads(predict)["predictions"]) == 2
    *pieces, done = [json.loads(line.removeprefix("data: ")) for line in generate.splitlines() if "data: " in line]
    assert "".join(piece["text"] for piece in pieces) == done["samples"][0]["text"].rstrip()
    assert len(done["samples"][0]["tokens"]) == 20 and done["seed"] == 7


def test_every_address_of_the_document_is_served(server: Server) -> None:
    status, _, text = answered(f"{server.url}/api/openapi.json")
    told = {f"{method} {path}" for method, path in re.findall(r"^\| `(GET|POST) (\S+)`", GUIDE, re.MULTILINE)}
    served = {
        f"{method.upper()} {path.replace('{id}', 'ID')}"
        for path, methods in json.loads(text)["paths"].items()
        for method in methods
    }
    assert status == 200 and told == served
    assert json.loads(answered(f"{server.url}/healthz")[2]) == {"status": "ok"}


def test_a_stream_comes_as_it_is_written(server: Server) -> None:
    asked = json.dumps({"model": "my-lm", "prompt": "I", "n_words": 500, "samples": 5}).encode()
    request = urllib.request.Request(f"{server.url}/api/generate", asked, JSON | STREAM | {"Accept-Encoding": "gzip"})
    with urllib.request.urlopen(request) as answer:
        first, begun = answer.readline(), time.monotonic()
        rest = answer.read()
        after = time.monotonic() - begun
    assert first == b"event: text\n" and b"event: done" in rest
    assert after > 0.05  # the first event was not held back until the last


def test_clients_that_leave_do_no_harm(server: Server) -> None:
    asked = json.dumps({"model": "my-lm", "prompt": "I", "n_words": 500, "samples": 5}).encode()
    for accept in (STREAM, STREAM, {}):
        request = urllib.request.Request(f"{server.url}/api/generate", asked, JSON | accept)
        with suppress(TimeoutError), urllib.request.urlopen(request, timeout=0.3) as answer:
            assert answer.readline() == b"event: text\n"
    good = json.dumps({"model": "my-classifier", "text": "good"}).encode()
    assert answered(f"{server.url}/api/predict", good)[0] == 200


def test_other_sites_are_not_let_in(server: Server) -> None:
    body = json.dumps({"model": "my-classifier", "text": "good"}).encode()
    foreign = {"Origin": "https://evil.example"}
    for status, headers in (
        (200, JSON | foreign),
        (415, {"Content-Type": "text/plain"} | foreign),
        (415, {"Content-Type": "application/x-www-form-urlencoded"} | foreign),
    ):
        found, sent, _ = answered(f"{server.url}/api/predict", body, headers)
        assert found == status
        assert not [name for name in sent if name.lower().startswith("access-control")]


@pytest.mark.parametrize("path", ["../../etc/passwd", "%2e%2e%2f%2e%2e%2fetc/passwd", "runs/..%2f..%2fqueue.json", "x"])
def test_no_path_leads_out(path: str, server: Server) -> None:
    status, _, text = answered(f"{server.url}/api/{path}")
    assert status in (400, 404) and "root:" not in text


def test_pages_are_served_as_before(server: Server) -> None:
    status, _, text = answered(server.url)
    assert status == 200 and "<title>Streamlit</title>" in text
