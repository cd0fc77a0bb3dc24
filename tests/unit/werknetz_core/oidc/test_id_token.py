"""Every check of an ID token, with keys that the test makes."""

import base64
import hashlib
import hmac
from typing import Any

import pytest
from joserfc.jwk import OctKey

from plumbing.oidc_tokens import (
    ABSENT,
    EC_KEY,
    NONCE,
    NOW_S,
    OTHER_KEY,
    PRIVATE_KEY,
    claims_with,
    encode_unsigned,
    provider_settings,
    public_keys,
    sign,
    signing_keys,
)
from werknetz_core.oidc.errors import TokenInvalid
from werknetz_core.oidc.settings import ProviderSettings
from werknetz_core.oidc.tokens.id_token import LEEWAY_S, ExpectedToken, verify_id_token

ACCESS_TOKEN = "access token"
SETTINGS = provider_settings(trusted_audiences=("erp",))
KEYS = signing_keys(PRIVATE_KEY, EC_KEY)


def at_hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()


async def verify(
    token: str, settings: ProviderSettings = SETTINGS, access_token: str | None = ACCESS_TOKEN
) -> dict[str, Any]:
    return await verify_id_token(token, settings, KEYS, ExpectedToken(NONCE, access_token, NOW_S))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"aud": ["werknetz"]},
        {"aud": ["werknetz", "erp"], "azp": "werknetz"},
        {"azp": "werknetz"},
        {"exp": NOW_S - LEEWAY_S + 1},
        {"iat": NOW_S + LEEWAY_S},
        {"nbf": NOW_S + LEEWAY_S},
        {"sub": "s" * 255},
        {"at_hash": at_hash(ACCESS_TOKEN)},
    ],
    ids=str,
)
@pytest.mark.asyncio
async def test_valid_token_yields_its_claims(changes: dict[str, Any]) -> None:
    claims = claims_with(**changes)
    assert await verify(sign(claims)) == claims


@pytest.mark.parametrize(
    ("key", "algorithm"), [(PRIVATE_KEY, "PS256"), (EC_KEY, "ES256")], ids=["PS256", "ES256"]
)
@pytest.mark.asyncio
async def test_other_algorithms_with_key_pairs(key: Any, algorithm: str) -> None:
    claims = claims_with(at_hash=at_hash(ACCESS_TOKEN))
    assert await verify(sign(claims, key, algorithm)) == claims


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"iss": "https://login.example.com/realms/other"}, "iss"),
        ({"iss": "https://login.example.com/realms/plant/"}, "iss"),
        ({"iss": ABSENT}, "iss"),
        ({"aud": "erp"}, "aud"),
        ({"aud": ["erp"]}, "aud"),
        ({"aud": []}, "aud"),
        ({"aud": ABSENT}, "aud"),
        ({"aud": {"werknetz": True}}, "aud"),
        ({"aud": ["werknetz", "mes"], "azp": "werknetz"}, "trusted_audiences"),
        ({"aud": ["werknetz", "erp"]}, "azp"),
        ({"aud": ["werknetz", "erp"], "azp": "erp"}, "azp"),
        ({"azp": "erp"}, "azp"),
        ({"exp": NOW_S - LEEWAY_S}, "exp"),
        ({"exp": ABSENT}, "exp"),
        ({"exp": "never"}, "exp"),
        ({"exp": True}, "exp"),
        ({"iat": NOW_S + LEEWAY_S + 1}, "iat"),
        ({"iat": ABSENT}, "iat"),
        ({"nbf": NOW_S + LEEWAY_S + 1}, "nbf"),
        ({"nonce": "another"}, "nonce"),
        ({"nonce": ABSENT}, "nonce"),
        ({"nonce": None}, "nonce"),
        ({"nonce": [NONCE]}, "nonce"),
        ({"sub": ABSENT}, "sub"),
        ({"sub": ""}, "sub"),
        ({"sub": 7}, "sub"),
        ({"sub": "s" * 256}, "sub"),
        ({"at_hash": at_hash("another")}, "at_hash"),
        ({"at_hash": ""}, "at_hash"),
        ({"at_hash": 7}, "at_hash"),
    ],
    ids=str,
)
@pytest.mark.asyncio
async def test_wrong_claim_is_refused_by_its_name(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(TokenInvalid, match=reason):
        await verify(sign(claims_with(**changes)))


@pytest.mark.asyncio
async def test_at_hash_without_an_access_token_is_refused() -> None:
    with pytest.raises(TokenInvalid, match="at_hash"):
        await verify(sign(claims_with(at_hash=at_hash(ACCESS_TOKEN))), access_token=None)


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        (encode_unsigned(claims_with()), "algorithm"),
        (encode_unsigned(claims_with(), alg="None"), "algorithm"),
        (encode_unsigned(claims_with(), alg=None), "algorithm"),
        (encode_unsigned(claims_with(), alg=["RS256"]), "algorithm"),
        (sign(claims_with(), OctKey.import_key("s" * 64), "HS256", kid="k1"), "algorithm"),
        (sign(claims_with(), algorithm="RS512"), "algorithm"),
        (sign(claims_with(), OTHER_KEY), "signature"),
        (sign(claims_with(), kid="k2"), "does not publish"),
        (sign(claims_with(), kid="k" * 500), "does not publish"),
        (sign(claims_with(), EC_KEY, "ES256", kid="k1"), "does not publish"),
        (sign(claims_with())[:-4] + "AAAA", "signature"),
        (encode_unsigned(claims_with(), alg="RS256"), "signature"),
        (encode_unsigned(claims_with(), alg="RS256", kid=7), "key id"),
        (encode_unsigned(claims_with(), alg="RS256", kid="k" * 501), "key id"),
        ("a.b", "no signed token"),
        ("a.b.c.d.e", "no signed token"),
        ("!.!.!", "not readable"),
        ("W10.e30.", "not readable"),
        ("e30.e30.ü", "no signed token"),
        ("x" * 32_001, "no signed token"),
    ],
    ids=range(20),
)
@pytest.mark.asyncio
async def test_wrong_signature_is_refused(token: str, reason: str) -> None:
    with pytest.raises(TokenInvalid, match=reason):
        await verify(token)


@pytest.mark.asyncio
async def test_public_key_as_a_shared_secret_is_refused() -> None:
    """The classic confusion: HS256 with the provider's public key as the secret."""
    signed = encode_unsigned(claims_with(), alg="HS256").rstrip(".")
    mac = hmac.digest(PRIVATE_KEY.as_pem(private=False), signed.encode(), "sha256")
    token = f"{signed}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"
    with pytest.raises(TokenInvalid, match="algorithm"):
        await verify(token)


@pytest.mark.asyncio
async def test_header_that_requires_an_unknown_extension_is_refused() -> None:
    token = sign(claims_with())
    assert token.count(".") == 2
    header = base64.urlsafe_b64encode(b'{"alg":"RS256","kid":"k1","crit":["x"],"x":1}').decode()
    with pytest.raises(TokenInvalid, match="signature"):
        await verify(".".join([header.rstrip("="), *token.split(".")[1:]]))


@pytest.mark.asyncio
async def test_token_without_a_key_id_needs_a_single_key() -> None:
    token = sign(claims_with(), kid=None)
    expected = ExpectedToken(NONCE, None, NOW_S)
    alone = signing_keys(PRIVATE_KEY, EC_KEY)  # the other is of another kind
    assert await verify_id_token(token, SETTINGS, alone, expected)
    with pytest.raises(TokenInvalid, match="does not publish"):
        await verify_id_token(token, SETTINGS, signing_keys(PRIVATE_KEY, OTHER_KEY), expected)


def test_published_keys_have_no_private_part() -> None:
    assert not {"d", "p", "q"} & set(public_keys(PRIVATE_KEY)["keys"][0])
