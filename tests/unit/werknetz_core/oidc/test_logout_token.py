"""Logout tokens of a provider, as back-channel logout 1.0 defines them."""

from typing import Any

import pytest

from plumbing.oidc_tokens import (
    ABSENT,
    ISSUER,
    NOW_S,
    PRIVATE_KEY,
    encode_unsigned,
    provider_settings,
    sign,
    signing_keys,
)
from werknetz_core.oidc.errors import TokenInvalid
from werknetz_core.oidc.tokens.logout_token import (
    AGE_MAX_S,
    EVENT,
    EndedSession,
    verify_logout_token,
)

KEYS = signing_keys(PRIVATE_KEY)


def logout_claims(**changes: Any) -> dict[str, Any]:
    claims: dict[str, Any] = {
        "iss": ISSUER, "sub": "1a2b", "aud": "werknetz", "iat": NOW_S, "jti": "j1", "sid": "s1",
        "exp": NOW_S + 120, "events": {EVENT: {}},
    }  # fmt: skip
    return {name: value for name, value in (claims | changes).items() if value is not ABSENT}


async def verify(token: str) -> EndedSession:
    return await verify_logout_token(token, provider_settings(), KEYS, NOW_S)


@pytest.mark.parametrize(
    ("changes", "ended"),
    [
        ({}, EndedSession("1a2b", "s1")),
        ({"sid": ABSENT}, EndedSession("1a2b", None)),
        ({"sub": ABSENT}, EndedSession(None, "s1")),
        ({"exp": ABSENT}, EndedSession("1a2b", "s1")),
        ({"iat": NOW_S - AGE_MAX_S}, EndedSession("1a2b", "s1")),
    ],
    ids=str,
)
@pytest.mark.asyncio
async def test_valid_token_names_what_ends(changes: dict[str, Any], ended: EndedSession) -> None:
    assert await verify(sign(logout_claims(**changes), typ="logout+jwt")) == ended


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"iss": "https://evil.example"}, "iss"),
        ({"aud": "erp"}, "aud"),
        ({"aud": ["werknetz", "erp"]}, "aud"),
        ({"iat": ABSENT}, "iat"),
        ({"iat": NOW_S - AGE_MAX_S - 1}, "iat"),
        ({"exp": NOW_S - 61}, "exp"),
        ({"jti": ABSENT}, "jti"),
        ({"nonce": "n"}, "nonce"),
        ({"events": ABSENT}, "events"),
        ({"events": {}}, "events"),
        ({"events": {EVENT: True}}, "events"),
        ({"events": [EVENT]}, "events"),
        ({"sub": ABSENT, "sid": ABSENT}, "neither sub nor sid"),
        ({"sub": ""}, "sub"),
        ({"sid": 7}, "sid"),
        ({"sid": "s" * 501}, "sid"),
    ],
    ids=str,
)
@pytest.mark.asyncio
async def test_wrong_claim_is_refused(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(TokenInvalid, match=reason):
        await verify(sign(logout_claims(**changes)))


@pytest.mark.asyncio
async def test_unsigned_token_and_token_of_another_kind_are_refused() -> None:
    with pytest.raises(TokenInvalid, match="algorithm"):
        await verify(encode_unsigned(logout_claims()))
    with pytest.raises(TokenInvalid, match="typ"):
        await verify(sign(logout_claims(), typ="at+jwt"))
