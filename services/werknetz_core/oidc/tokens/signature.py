"""The signature of a provider's token: an allowed algorithm and a key that the provider has."""

import base64
import binascii
import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

from joserfc import jwt
from joserfc.errors import JoseError

from werknetz_core.oidc.errors import TokenInvalid
from werknetz_core.oidc.provider.signing_keys import SigningKeys

TOKEN_MAX: Final = 32_000
KEY_ID_MAX: Final = 500
_PARTS: Final = 3


@dataclass(frozen=True, slots=True)
class SignedToken:
    header: dict[str, Any]
    claims: dict[str, Any]


async def verify_signature(
    token: str, keys: SigningKeys, algorithms: Collection[str]
) -> SignedToken:
    """Return header and claims of a signed token; TokenInvalid names the check that it fails."""
    header = header_of(token)
    algorithm, key_id = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or algorithm not in algorithms:
        raise TokenInvalid("its signature has an algorithm that `algorithms` does not allow")
    if key_id is not None and (not isinstance(key_id, str) or len(key_id) > KEY_ID_MAX):
        raise TokenInvalid("its key id is no short text")
    key = await keys.find(key_id, algorithm)
    try:
        verified = jwt.decode(token, key, algorithms=[algorithm])
    except (JoseError, ValueError, TypeError, RecursionError) as error:
        raise TokenInvalid(f"its signature is wrong ({type(error).__name__})") from error
    return SignedToken(verified.header, verified.claims)


def header_of(token: str) -> dict[str, Any]:
    """Return the header, which nobody has verified yet."""
    return _object_in(token, 0)


def unverified_claims(token: str) -> dict[str, Any]:
    """Return the claims, which nobody has verified yet: only to find out whose keys to take."""
    return _object_in(token, 1)


def _object_in(token: str, part: int) -> dict[str, Any]:
    parts = token.split(".") if len(token) <= TOKEN_MAX and token.isascii() else []
    if len(parts) != _PARTS:
        raise TokenInvalid("it is no signed token of at most 32,000 characters")
    text = parts[part]
    try:
        content = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        document = json.loads(content)
    except (binascii.Error, ValueError, RecursionError) as error:
        raise TokenInvalid("it is not readable") from error
    if not isinstance(document, dict):
        raise TokenInvalid("it is not readable")
    return document
