"""Keys and tokens of a provider that tests make themselves, also wrong ones."""

import base64
import json
from collections.abc import Mapping
from typing import Any, Final

from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

from werknetz_core.access.permissions import KeyRole
from werknetz_core.oidc.provider.signing_keys import SigningKeys
from werknetz_core.oidc.settings import GroupRule, ProviderSettings

NOW_S: Final = 1_764_500_000
ISSUER: Final = "https://login.example.com/realms/plant"
CLIENT_ID: Final = "werknetz"
NONCE: Final = "nonce-of-this-sign-in"
PRIVATE_KEY: Final = RSAKey.generate_key(2048, {"kid": "k1", "use": "sig"})
OTHER_KEY: Final = RSAKey.generate_key(2048, {"kid": "k1", "use": "sig"})
EC_KEY: Final = ECKey.generate_key("P-256", {"kid": "e1"})
ABSENT: Final = "no such claim"  # a text: ids of tests are equal in each process


def provider_settings(**changes: Any) -> ProviderSettings:
    rule = GroupRule(group="emden", role=KeyRole.VIEWER, plants="all")
    values: dict[str, Any] = {"issuer": ISSUER, "client_id": CLIENT_ID, "groups": (rule,)}
    return ProviderSettings(**values | changes)


def public_keys(*keys: RSAKey | ECKey) -> dict[str, Any]:
    """Return the key set as a provider publishes it."""
    return {"keys": [dict(key.as_dict(private=False)) for key in keys]}


def signing_keys(*keys: RSAKey | ECKey) -> SigningKeys:
    async def load() -> dict[str, Any]:
        return public_keys(*keys)

    return SigningKeys(load)


def claims_with(**changes: Any) -> dict[str, Any]:
    """Return valid claims of an ID token; ABSENT removes one."""
    claims: dict[str, Any] = {
        "iss": ISSUER, "sub": "1a2b", "aud": CLIENT_ID, "exp": NOW_S + 300, "iat": NOW_S,
        "nonce": NONCE,
    }  # fmt: skip
    return {name: value for name, value in (claims | changes).items() if value is not ABSENT}


def sign(
    claims: Mapping[str, Any],
    key: RSAKey | ECKey | OctKey = PRIVATE_KEY,
    algorithm: str = "RS256",
    **header: Any,
) -> str:
    """Return the signed token; `kid` None: without a key id."""
    whole = {"alg": algorithm, "kid": key.kid} | header
    whole = {name: value for name, value in whole.items() if value is not None}
    return jwt.encode(whole, dict(claims), key, algorithms=[algorithm])


def encode_unsigned(claims: Mapping[str, Any], **header: Any) -> str:
    """Return a token with the algorithm none."""
    parts = [{"alg": "none", "kid": "k1"} | header, claims]
    return ".".join([*(_encode(json.dumps(part).encode()) for part in parts), ""])


def _encode(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
