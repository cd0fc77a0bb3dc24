"""The document states each error as it is answered, and the bounds of each parameter."""

import json
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from werknetz.runtime.http_server.answer import SERVER_FULL
from werknetz_core.app import PUBLIC, create_app
from werknetz_core.settings import CoreSettings

APP = create_app(CoreSettings("postgresql://nowhere"))
DOCUMENT = APP.openapi()
OPERATIONS = [
    (path, method, operation)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
]
PAGES = {"/api/v1/session/oidc/login", "/api/v1/session/oidc/callback"}


def test_every_error_is_a_problem_document() -> None:
    for path, method, operation in OPERATIONS:
        errors = {status: text for status, text in operation["responses"].items() if status >= "4"}
        expected = {"422", "431", "503"}
        if path not in PUBLIC:
            expected |= {"401", "403", "429"}
        if method != "get":
            expected |= {"409", "413"}
        assert expected <= errors.keys(), (path, method)
        for status, answer in errors.items():
            content = {} if path.endswith("/health/ready") else answer["content"]
            for media_type, body in content.items():
                if path in PAGES and media_type == "text/html":
                    continue  # what a person reads; programs accept JSON
                assert media_type == "application/problem+json", (path, method, status)
                assert body["schema"] == {"$ref": "#/components/schemas/Problem"}


def test_no_default_error_of_the_framework_is_left() -> None:
    assert "ValidationError" not in str(DOCUMENT)
    assert "Problem" in DOCUMENT["components"]["schemas"]


def schemas_in(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield schema
    for part in schema.get("anyOf", ()):
        yield from schemas_in(part)
    if "items" in schema:
        yield from schemas_in(schema["items"])


def test_every_parameter_has_a_form() -> None:
    for path, method, operation in OPERATIONS:
        for parameter in operation.get("parameters", ()):
            for schema in schemas_in(parameter["schema"]):
                where = (path, method, parameter["name"], schema)
                if schema.get("type") == "string":
                    assert schema.keys() & {"maxLength", "format", "enum", "const"}, where
                if schema.get("type") == "integer":
                    bounds = {"format", "maximum", "exclusiveMaximum"}
                    assert schema.keys() & bounds, where


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/api/v1/suppliers/lenz", "GET, PUT"),
        ("POST", "/api/v1/suppliers/lenz", "GET, PUT"),
        ("POST", "/api/v1/equipment/nordwerk/emden-1/calendars", "DELETE, GET, PATCH, PUT"),
        ("PUT", "/api/v1/info", "GET"),
        ("GET", "/api/v1/stops:merge", "POST"),
        ("POST", "/docs", "GET"),
    ],
)
async def test_405_lists_all_methods_of_the_path(method: str, path: str, allowed: str) -> None:
    transport = httpx2.ASGITransport(app=APP)
    async with httpx2.AsyncClient(transport=transport, base_url="http://core") as client:
        response = await client.request(method, path)
    assert response.status_code == 405
    assert response.headers["allow"] == allowed
    assert response.headers["content-type"] == "application/problem+json"
    assert allowed in response.json()["hint"]


def test_refusals_of_the_server_itself_are_problems_as_documented() -> None:
    body, _ = SERVER_FULL.to_parts(path="/api/v1/stops")
    document = json.loads(body)
    schema = DOCUMENT["components"]["schemas"]["Problem"]
    assert document.keys() == schema["properties"].keys()
    assert set(schema["required"]) <= document.keys()
    sentences = schema["properties"]["sentences"]
    assert document["sentences"].keys() == sentences["properties"].keys()
