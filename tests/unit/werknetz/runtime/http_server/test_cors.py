"""The allow list of origins."""

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from werknetz.runtime.http_server.cors import allow_origins, parse_origins
from werknetz.runtime.settings import SettingError


def test_origins_are_separated_by_commas() -> None:
    text = "https://a.example, http://10.1.2.3:3000,,https://[2001:db8::1]:8443"
    assert parse_origins(text) == (
        "https://a.example", "http://10.1.2.3:3000", "https://[2001:db8::1]:8443",
    )  # fmt: skip
    assert parse_origins("") == ()


@pytest.mark.parametrize(
    "origin",
    [
        "*", "null", "a.example", "https://a.example/", "https://a.example/page",
        "https://A.example", "ftp://a.example", "https://a.example:", "https://*.example",
    ],
)  # fmt: skip
def test_what_is_no_origin_is_an_error_with_the_remedy(origin: str) -> None:
    with pytest.raises(SettingError, match="is no origin: write scheme, host and port"):
        parse_origins(f"https://b.example,{origin}")


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"Origin": "https://evil.example"}, "Disallowed CORS origin: a page of 'https://evil"),
        ({"Access-Control-Request-Method": "TRACE"}, "Disallowed CORS method"),
        ({"Access-Control-Request-Headers": "x-other"}, "Disallowed CORS headers"),
    ],
)
def test_a_refused_preflight_is_a_problem_with_the_remedy(
    changes: dict[str, str], what: str
) -> None:
    app = Starlette()
    allow_origins(app, ("https://a.example",))
    headers = {"Origin": "https://a.example", "Access-Control-Request-Method": "GET"}
    client = TestClient(app)
    assert client.options("/x", headers=headers).status_code == 200
    answer = client.options("/x", headers=headers | changes)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "GET" in answer.headers["access-control-allow-methods"]
    problem = answer.json()
    assert problem["type"] == "urn:werknetz:problem:cors_refused"
    assert problem["detail"].startswith(what)
    assert "WERKNETZ_CORS_ORIGINS" in problem["hint"]


def test_a_refused_preflight_is_answered_in_the_language_of_the_page() -> None:
    app = Starlette()
    allow_origins(app, ("https://a.example",))
    headers = {"Origin": "https://evil.example", "Access-Control-Request-Method": "GET"}
    answer = TestClient(app).options("/x", headers=headers | {"Accept-Language": "de-DE"})
    assert answer.json()["title"] == "Anfrage dieser Seite nicht erlaubt"
    assert "eine Seite von 'https://evil.example' darf" in answer.json()["detail"]
    assert answer.headers["content-language"] == "de"
    assert answer.headers["vary"].startswith("Origin, ")
    assert answer.headers["vary"].endswith(", Accept-Language")
