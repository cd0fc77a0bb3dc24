"""The ID token of a sign-in: the checks of OpenID Connect Core 3.1.3.7."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from authlib.oidc.core import CodeIDToken
from joserfc.errors import ClaimError

from werknetz_core.oidc.errors import TokenInvalid
from werknetz_core.oidc.provider.signing_keys import SigningKeys
from werknetz_core.oidc.settings import ProviderSettings
from werknetz_core.oidc.tokens.signature import SignedToken, verify_signature

LEEWAY_S: Final = 60  # the clocks of two machines
SUBJECT_MAX: Final = 255


@dataclass(frozen=True, slots=True)
class ExpectedToken:
    """What the token must match: the nonce of the attempt, and the access token beside it."""

    nonce: str
    access_token: str | None
    now_s: int


async def verify_id_token(
    token: str, provider: ProviderSettings, keys: SigningKeys, expected: ExpectedToken
) -> dict[str, Any]:
    """Return the claims; TokenInvalid names the check that the token fails."""
    signed = await verify_signature(token, keys, provider.algorithms)
    _check_claims(signed, provider, expected)
    check_audience(signed.claims, provider)
    if not 0 < len(signed.claims["sub"]) <= SUBJECT_MAX:
        raise TokenInvalid(f"sub has more than {SUBJECT_MAX} characters")
    return signed.claims


def check_audience(claims: dict[str, Any], provider: ProviderSettings) -> None:
    """Raise TokenInvalid unless this server is the audience, alone or beside trusted ones."""
    audience = claims.get("aud")
    audiences = [audience] if isinstance(audience, str) else audience
    if not isinstance(audiences, list) or provider.client_id not in audiences:
        raise TokenInvalid("aud does not name this server's client_id")
    others = [other for other in audiences if other != provider.client_id]
    if unknown := [other for other in others if other not in provider.trusted_audiences]:
        raise TokenInvalid(
            f"aud names {len(unknown)} more audience(s) that `trusted_audiences` does not"
        )


def _check_claims(signed: SignedToken, provider: ProviderSettings, expected: ExpectedToken) -> None:
    """Check iss, sub, aud, exp, iat, nbf, nonce, azp and at_hash."""
    if "at_hash" in signed.claims and not isinstance(signed.claims["at_hash"], str):
        raise TokenInvalid("at_hash is no text")
    claims = CodeIDToken(
        signed.claims,
        signed.header,
        options={
            "iss": {"essential": True, "value": provider.issuer},
            "sub": {"essential": True},
            "aud": {"essential": True, "value": provider.client_id},
            "exp": {"essential": True},
            "iat": {"essential": True},
            "nonce": {"essential": True, "value": expected.nonce},
            "at_hash": {"allow_blank": False},
        },
        params={
            "nonce": expected.nonce,
            "client_id": provider.client_id,
            # A token with at_hash must come with the access token that it is about.
            "access_token": expected.access_token or "-",
        },
    )
    validate: Callable[..., None] = claims.validate
    try:
        validate(now=expected.now_s, leeway=LEEWAY_S)
    except ClaimError as error:
        raise TokenInvalid(f"{error.claim}: {error.description or error.error}") from error
