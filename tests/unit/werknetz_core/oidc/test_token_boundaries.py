"""Boundaries of tokens and of the cookie of a sign-in, and the text of a refusal."""

from typing import Any

import pytest

from plumbing.oidc_tokens import (
    ABSENT,
    NONCE,
    NOW_S,
    PRIVATE_KEY,
    claims_with,
    provider_settings,
    sign,
    signing_keys,
)
from werknetz_core.oidc.attempt import Attempt
from werknetz_core.oidc.errors import TokenInvalid
from werknetz_core.oidc.groups import has_overage
from werknetz_core.oidc.tokens.id_token import ExpectedToken, verify_id_token
from werknetz_core.oidc.tokens.logout_token import EVENT, verify_logout_token
from werknetz_core.oidc.tokens.signature import TOKEN_MAX, header_of

KEYS = signing_keys(PRIVATE_KEY)
LOGOUT: dict[str, Any] = {"iat": NOW_S, "jti": "j", "events": {EVENT: {}}, "nonce": ABSENT}


@pytest.mark.parametrize("name", ["iss", "exp", "iat"])
@pytest.mark.asyncio
async def test_refusal_names_what_is_wrong_with_the_claim(name: str) -> None:
    with pytest.raises(TokenInvalid, match=f"^{name}: Missing claim: '{name}'"):
        await verify_id_token(
            sign(claims_with(**{name: ABSENT})), provider_settings(), KEYS,
            ExpectedToken(NONCE, None, NOW_S),
        )  # fmt: skip


@pytest.mark.parametrize("name", ["iss", "iat", "jti"])
@pytest.mark.asyncio
async def test_logout_token_needs_the_claim(name: str) -> None:
    claims = claims_with(**LOGOUT | {name: ABSENT})
    with pytest.raises(TokenInvalid, match=f"^{name}: Missing claim: '{name}'"):
        await verify_logout_token(sign(claims), provider_settings(), KEYS, NOW_S)


@pytest.mark.parametrize(("length", "is_readable"), [(TOKEN_MAX, True), (TOKEN_MAX + 1, False)])
def test_longest_token(length: int, *, is_readable: bool) -> None:
    token = sign(claims_with())
    token += "x" * (length - len(token))
    if is_readable:
        assert header_of(token)["alg"] == "RS256"
    else:
        with pytest.raises(TokenInvalid, match="32,000 characters"):
            header_of(token)


@pytest.mark.parametrize(("length", "is_ours"), [(2000, True), (2002, False)])
def test_longest_cookie_of_a_sign_in(length: int, *, is_ours: bool) -> None:
    attempt, names = Attempt.start("", "/", NOW_S), range(2000)
    text = next(
        text
        for name in names
        if len(text := Attempt(attempt.secret, "p" * name, "/", NOW_S).to_cookie()) == length
    )
    assert (Attempt.from_cookie(text) is not None) is is_ours


def test_cookie_with_other_signs_is_not_ours() -> None:
    text = Attempt.start("company", "/", NOW_S).to_cookie()
    assert Attempt.from_cookie(text) is not None
    assert Attempt.from_cookie(text[:8] + "!!!!" + text[8:]) is None


def test_overage_is_of_the_outermost_name() -> None:
    names = {"_claim_names": {"realm_access": "src1"}}
    assert has_overage(names, ("realm_access", "roles"))
    assert not has_overage(names, ("roles", "realm_access"))
