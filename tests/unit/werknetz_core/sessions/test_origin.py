"""Cookies of sessions, and requests that other sites make a browser send."""

import pytest
from fastapi import Request, Response

from werknetz_core.http.problem import Problem
from werknetz_core.sessions.cookies import (
    cleared_cookie,
    is_token,
    set_session_cookie,
    token_from_request,
)
from werknetz_core.sessions.kinds import SessionKind, generate_token
from werknetz_core.sessions.origin_check import (
    check_cookie_request,
    check_sign_in_request,
    is_own_origin,
)

PLAIN, SECURE = "wn_session", "__Host-wn_session"


def request_of(method: str = "POST", scheme: str = "http", **headers: str) -> Request:
    named = {"host": "core:8080", **{name.replace("_", "-"): v for name, v in headers.items()}}
    return Request(
        {
            "type": "http", "method": method, "scheme": scheme, "path": "/api/v1/stops",
            "query_string": b"", "server": ("core", 8080),
            "headers": [(name.encode(), value.encode()) for name, value in named.items()],
        }
    )  # fmt: skip


def is_refused(request: Request) -> int | None:
    try:
        check_cookie_request(request)
    except Problem as problem:
        return problem.status
    return None


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"sec_fetch_site": "same-origin"}, None),
        ({"sec_fetch_site": "same-site"}, 403),
        ({"sec_fetch_site": "cross-site"}, 403),
        ({"sec_fetch_site": "none"}, 403),
        ({"sec_fetch_site": ""}, 403),
        ({"sec_fetch_site": "Same-Origin"}, 403),
        ({"sec_fetch_site": "cross-site", "origin": "http://core:8080"}, 403),
        ({"origin": "http://core:8080"}, None),
        ({"origin": "http://core"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": ""}, 403),
        ({"origin": "http://core:8080.evil.example"}, 403),
        ({}, 403),
        ({"sec_fetch_site": "same-origin", "content_type": "text/plain"}, 415),
        ({"sec_fetch_site": "same-origin", "content_type": "TEXT/plain; charset=utf-8"}, 415),
        ({"sec_fetch_site": "same-origin", "content_type": "multipart/form-data; x=y"}, 415),
        ({"sec_fetch_site": "same-origin", "content_type": "application/json"}, None),
        ({"sec_fetch_site": "same-origin", "content_type": "application/x-ndjson"}, None),
    ],
)
def test_only_the_own_page_changes_anything(headers: dict[str, str], status: int | None) -> None:
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert is_refused(request_of(method, **headers)) == status
    for method in ("GET", "HEAD", "OPTIONS"):
        assert is_refused(request_of(method, **headers)) is None


@pytest.mark.parametrize(
    ("origin", "scheme", "host", "expected"),
    [
        ("http://core:8080", "http", "core:8080", True),
        ("http://CORE:8080", "http", "core:8080", True),
        ("https://core", "https", "core", True),
        ("https://core", "https", "core:443", True),
        ("https://core:443", "https", "core", True),
        ("http://core", "http", "core:80", True),
        ("https://core", "http", "core", True),  # behind a proxy that is not trusted
        ("http://core", "https", "core", False),
        ("https://core:8443", "https", "core", False),
        ("https://core", "https", "core:8443", False),
        ("http://[fd00::1]:8080", "http", "[fd00::1]:8080", True),
        ("http://core:x", "http", "core:x", False),
        ("http://", "http", "", False),
        ("ftp://core", "http", "core", False),
    ],
)
def test_which_origin_is_that_of_the_host(
    origin: str, scheme: str, host: str, *, expected: bool
) -> None:
    assert is_own_origin(origin, scheme, host) is expected


def test_programs_sign_in_without_an_origin_and_other_pages_do_not() -> None:
    check_sign_in_request(request_of())
    check_sign_in_request(request_of(sec_fetch_site="same-origin"))
    check_sign_in_request(request_of(origin="http://core:8080"))
    for headers in ({"sec_fetch_site": "cross-site"}, {"origin": "http://evil.example"}):
        with pytest.raises(Problem):
            check_sign_in_request(request_of(**headers))


@pytest.mark.parametrize(("scheme", "name"), [("http", PLAIN), ("https", SECURE)])
def test_the_cookie_of_a_session(scheme: str, name: str) -> None:
    request, response, token = request_of(scheme=scheme), Response(), generate_token()
    set_session_cookie(request, response, token)
    parts = response.headers["set-cookie"].split("; ")
    expected = {f"{name}={token}", "HttpOnly", "Path=/", "SameSite=strict"}
    assert set(parts) == expected | ({"Secure"} if scheme == "https" else set())
    back = request_of(scheme=scheme, cookie=f"{name}={token}")
    assert token_from_request(back) == token
    cleared = cleared_cookie(request)["Set-Cookie"]
    assert cleared.startswith(f'{name}=""')
    assert "Max-Age=0" in cleared
    assert {"HttpOnly", "Path=/", "SameSite=strict"} <= set(cleared.split("; "))
    assert ("Secure" in cleared) is (scheme == "https")


def test_with_tls_only_the_name_counts_that_no_other_host_can_set() -> None:
    token = generate_token()
    assert token_from_request(request_of(scheme="https", cookie=f"{PLAIN}={token}")) is None
    assert token_from_request(request_of(cookie=f"{SECURE}={token}")) is None
    assert token_from_request(request_of()) is None


def test_the_cookie_of_a_kiosk_survives_a_restart() -> None:
    response = Response()
    set_session_cookie(request_of(), response, generate_token(), SessionKind.KIOSK)
    assert f"Max-Age={365 * 86_400}" in response.headers["set-cookie"]


def test_what_is_no_token_needs_no_query() -> None:
    token = generate_token()
    assert is_token(token)
    for text in ("", token[:-1], token + "a", token[:-1] + "=", token[:-1] + "é"):
        assert not is_token(text)
