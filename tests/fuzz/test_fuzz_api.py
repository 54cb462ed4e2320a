"""The API under schemathesis, which tries what its document allows and forbids, and under bytes of any kind."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import schemathesis
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.testclient import TestClient

from tests.fixtures import tiny_classifier, tiny_lm
from tests.fuzz.examples import fuzz, leaks
from tests.unit.api.exchange import Exchange
from ulmfit_app.api import routes
from ulmfit_app.schema.api import LONGEST_NAME
from ulmfit_app.settings import settings

JSON = {"Content-Type": "application/json"}
LIMITS = {"API_PER_MINUTE": 10**9, "MAX_WORDS": 30, "MAX_TEXT_CHARS": 500, "MAX_PROMPT_CHARS": 300, "API_MAX_TEXTS": 9}
MODELS = {"/api/predict": "tiny", "/api/generate": "tiny-lm"}

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
values = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8)
numbers = st.integers() | st.floats() | st.sampled_from(["3", None, True, 1e-300, 1e300, 2**32, -0.0])
fields = {"n_words": st.integers(-1, 31) | values} | dict.fromkeys(
    ("samples", "seed", "temperature", "top_k", "top_p", "min_p", "repetition_penalty", "no_unk"), numbers
)
hostile = st.text(max_size=300) | st.sampled_from(
    ["x" * 3000, "\x00", "\u202e", "a\u0300" * 200, "😀" * 99, "xxpad " * 9]
)


app = Starlette(routes=routes())


def limited(patch: pytest.MonkeyPatch) -> None:
    """Set small limits, so that both sides of each are tried."""
    for name, value in LIMITS.items():
        patch.setenv(f"ULMFIT_{name}", str(value))
    settings.cache_clear()


with pytest.MonkeyPatch.context() as _patch:
    limited(_patch)
    schema = schemathesis.openapi.from_asgi("/api/openapi.json", app)
settings.cache_clear()


@pytest.fixture(autouse=True)
def models(home: Path, no_shipped_models: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two tiny models, and the limits that the document speaks of."""
    tiny_classifier(home / "models" / "tiny")
    tiny_lm(home / "models" / "tiny-lm")
    limited(monkeypatch)


@pytest.fixture
def client() -> Iterator[TestClient]:
    """A client of the API alone."""
    with TestClient(app) as client:
        yield client


@schema.parametrize()
@fuzz
def test_the_document_is_kept(case: schemathesis.Case, home: Path) -> None:
    named = case.body.get("model") if isinstance(case.body, dict) else None
    if isinstance(named, str) and len(named) <= LONGEST_NAME and len(named) % 2:
        case.body["model"] = MODELS[case.path]  # else hardly any request would name a model that is there
    answer = case.call_and_validate()
    assert not leaks(answer.text, home)


@given(
    st.sampled_from(sorted(MODELS)),
    st.binary() | values.map(json.dumps) | values.map(lambda value: json.dumps({"text": value})),
)
@fuzz
def test_any_bytes_are_refused_in_words(client: TestClient, home: Path, path: str, body: bytes | str) -> None:
    answer = client.post(path, content=body, headers=JSON)
    assert answer.status_code in (400, 422), answer.text
    assert set(answer.json()) == {"error", "message"} and not leaks(answer.text, home)


@given(st.one_of(hostile, st.lists(hostile, max_size=10)))
@fuzz
def test_any_text_is_predicted_or_refused(client: TestClient, home: Path, text: str | list[str]) -> None:
    answer = client.post("/api/predict", content=json.dumps({"model": "tiny", "text": text}), headers=JSON)
    assert answer.status_code in (200, 400, 422), answer.text
    for told in answer.json().get("predictions", []):
        assert sum(told["probabilities"].values()) == pytest.approx(1)
    assert not leaks(answer.text, home)


@given(hostile, st.fixed_dictionaries({}, optional=fields))
@fuzz
def test_any_way_to_draw_gives_a_text_or_is_refused(client: TestClient, home: Path, prompt: str, ways: dict) -> None:
    answer = client.post(
        "/api/generate", content=json.dumps({"model": "tiny-lm", "prompt": prompt} | ways), headers=JSON
    )
    assert answer.status_code in (200, 400, 422), answer.text
    assert not leaks(answer.text, home)


@given(st.lists(st.text(min_size=1) | st.sampled_from(["..", ".", "runs", "models", "%2e%2e", "%00"]), max_size=5))
@fuzz
def test_no_address_leads_out(home: Path, parts: list[str]) -> None:
    answer = asyncio.run(Exchange("/api/" + "/".join(parts)).run(app))
    known = len(parts) == 1 and parts[0] in ("models", "openapi.json")
    assert answer.status == (200 if known else 405 if parts in (["predict"], ["generate"]) else 404)
    assert not leaks(answer.text, home)
