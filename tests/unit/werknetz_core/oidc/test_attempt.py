"""An attempt to sign in: bound to the browser that started it, and to a path of this server."""

import base64
import hashlib
import json

import pytest

from werknetz_core.oidc.attempt import (
    ATTEMPT_S,
    CLOCK_S,
    NEXT_MAX,
    Attempt,
    attempt_cookies,
    cookie_name,
    find_attempt,
    is_next_path,
)

NOW_S = 1_764_500_000


def attempt_with(next_path: str = "/machine/press-3?tab=1") -> Attempt:
    return Attempt.start("company", next_path, NOW_S)


def cookies_of(*attempts: Attempt, is_https: bool = False) -> dict[str, str]:
    return {cookie_name(a.state, is_https=is_https): a.to_cookie() for a in attempts}


def find(cookies: dict[str, str], state: str, now_s: int = NOW_S) -> Attempt | None:
    return find_attempt(cookies, state, now_s, is_https=False)


def test_attempt_survives_its_cookie() -> None:
    attempt, other = attempt_with(), attempt_with()
    cookies = cookies_of(attempt, other)
    assert find(cookies, attempt.state) == attempt
    assert find(cookies, other.state) == other
    values = {attempt.state, attempt.nonce, attempt.verifier, other.state, other.nonce}
    assert len(values) == 5
    assert all(len(value) == 43 for value in values)


def test_challenge_is_the_hash_of_the_verifier() -> None:
    attempt = attempt_with()
    digest = hashlib.sha256(attempt.verifier.encode()).digest()
    assert attempt.challenge == base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


@pytest.mark.parametrize(
    ("after_s", "counts"),
    [(0, True), (ATTEMPT_S - 1, True), (ATTEMPT_S, False), (-CLOCK_S, True), (-CLOCK_S - 1, False)],
)
def test_attempt_counts_for_ten_minutes(after_s: int, *, counts: bool) -> None:
    attempt = attempt_with()
    assert (find(cookies_of(attempt), attempt.state, NOW_S + after_s) is not None) is counts


def test_state_of_another_browser_does_not_count() -> None:
    mine, stolen = attempt_with(), attempt_with()
    assert find(cookies_of(mine), stolen.state) is None
    assert find({}, mine.state) is None
    assert find(cookies_of(mine), "") is None
    # The name of the cookie fits, but not the rest of the state.
    assert find(cookies_of(mine), mine.state[:-1] + "_") is None
    assert find(cookies_of(mine), mine.state + "ü") is None


@pytest.mark.parametrize("field", [1, 2, 3])
def test_changed_cookie_has_another_state(field: int) -> None:
    attempt = attempt_with()
    content = json.loads(base64.urlsafe_b64decode(attempt.to_cookie() + "=="))
    content[field] = {1: "other", 2: "/elsewhere", 3: NOW_S + 1}[field]
    changed = base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")
    assert Attempt.from_cookie(changed) is not None
    assert find({cookie_name(attempt.state, is_https=False): changed}, attempt.state) is None


@pytest.mark.parametrize(
    "content",
    ["", "x", "[]", "{}", '["AA","company","/",1]', '[1,"company","/",1]',
     '["%s","company","//evil.example",1]' % ("A" * 43), '["%s","company","/","x"]' % ("A" * 43),
     '["%s","company","/",1e999]' % ("A" * 43), "[" * 1000],
    ids=range(10),
)  # fmt: skip
def test_unreadable_cookie_is_no_attempt(content: str) -> None:
    text = base64.urlsafe_b64encode(content.encode()).decode().rstrip("=")
    assert Attempt.from_cookie(text) is None
    assert Attempt.from_cookie("!" + text) is None
    assert Attempt.from_cookie("A" * 3000) is None


@pytest.mark.parametrize(
    "path",
    ["/", "/machine/nordwerk/emden-1", "/docs?x=1&y=%2F%2F", "/a#b", "/a//b", "/a/..//b", "/a@b",
     "/a:b", "/" + "a" * (NEXT_MAX - 1)],
)  # fmt: skip
def test_path_of_this_server(path: str) -> None:
    assert is_next_path(path)


@pytest.mark.parametrize(
    "path",
    ["", "a", "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example",
     "https://evil.example", "javascript:alert(1)", "/a\\b", "/\t/evil.example", "\t/a", " /a",
     "/a b", "/a\nb", "/a\r\nSet-Cookie: x=1", "/\x00", "/ü", "/a\u2028b", "/\uff0fevil.example",
     "/" + "a" * NEXT_MAX],
)  # fmt: skip
def test_path_that_may_lead_elsewhere_is_refused(path: str) -> None:
    assert not is_next_path(path)


def test_cookies_of_attempts_by_name() -> None:
    assert cookie_name("abcdefghijklmnop", is_https=False) == "wn_sign_in_abcdefghijkl"
    assert cookie_name("abcdefghijklmnop", is_https=True) == "__Host-wn_sign_in_abcdefghijkl"
    cookies = {"wn_sign_in_a": "", "__Host-wn_sign_in_b": "", "wn_session": ""}
    assert attempt_cookies(cookies, is_https=False) == ["wn_sign_in_a"]
    assert attempt_cookies(cookies, is_https=True) == ["__Host-wn_sign_in_b"]


def test_cookie_fits_into_a_header_with_others() -> None:
    assert len(attempt_with("/" + "a" * (NEXT_MAX - 1)).to_cookie()) < 1000
