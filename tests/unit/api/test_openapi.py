"""The OpenAPI document says what the server does."""

import pytest
from jsonschema import Draft202012Validator
from starlette.applications import Starlette
from starlette.routing import Mount, Route, Router
from starlette.testclient import TestClient

from ulmfit_app.api.guard import Guard
from ulmfit_app.settings import settings


def served(app: Starlette) -> set[tuple[str, str]]:
    """Method and path of every route."""
    found = set()
    for route in app.routes:
        guarded = route.app
        assert isinstance(guarded, Guard) and isinstance(guarded._app, Router)
        prefix = route.path if isinstance(route, Mount) else ""
        for inside in guarded._app.routes:
            assert isinstance(inside, Route)
            found |= {(method.lower(), prefix + inside.path) for method in inside.methods or () if method != "HEAD"}
    return found


def test_every_address_is_described(app: Starlette, client: TestClient) -> None:
    paths = client.get("/api/openapi.json").json()["paths"]
    assert {(method, path) for path, methods in paths.items() for method in methods} == served(app)
    assert all(operation["summary"] for methods in paths.values() for operation in methods.values())


def test_limits_are_those_of_the_settings(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ULMFIT_MAX_WORDS", "77")
    monkeypatch.setenv("ULMFIT_API_MAX_TEXTS", "9")
    settings.cache_clear()
    schemas = client.get("/api/openapi.json").json()["components"]["schemas"]
    words = schemas["GenerateRequest"]["properties"]["n_words"]
    assert (words["type"], words["minimum"], words["maximum"], words["default"]) == ("integer", 0, 77, 30)
    one, many = schemas["PredictRequest"]["properties"]["text"]["oneOf"]
    assert one["maxLength"] == many["items"]["maxLength"] == settings().max_text_chars
    assert (many["minItems"], many["maxItems"]) == (1, 9)
    for schema in schemas.values():
        Draft202012Validator.check_schema(schema)


def test_the_key_is_described_where_there_is_one(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "security" not in client.get("/api/openapi.json").json()
    monkeypatch.setenv("ULMFIT_API_KEY", "a-key")
    settings.cache_clear()
    document = client.get("/api/openapi.json", headers={"Authorization": "Bearer a-key"}).json()
    assert document["security"] == [{"key": []}]
    assert document["components"]["securitySchemes"]["key"] == {"type": "http", "scheme": "bearer"}
