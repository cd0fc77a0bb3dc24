"""The logout token that a provider sends when a session ends there (back-channel logout 1.0)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from joserfc.errors import ClaimError
from joserfc.jwt import JWTClaimsRegistry

from werknetz_core.oidc.errors import TokenInvalid
from werknetz_core.oidc.provider.signing_keys import SigningKeys
from werknetz_core.oidc.settings import ProviderSettings
from werknetz_core.oidc.tokens.id_token import LEEWAY_S, check_audience
from werknetz_core.oidc.tokens.signature import verify_signature

EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"
AGE_MAX_S: Final = 300
"""A logout token counts for this long, so that a copy does not end later sessions."""


@dataclass(frozen=True, slots=True)
class EndedSession:
    """Whose sessions end: all of the subject, or the one with the provider's session id."""

    subject: str | None
    session_id: str | None


async def verify_logout_token(
    token: str, provider: ProviderSettings, keys: SigningKeys, now_s: int
) -> EndedSession:
    """Return what ends; TokenInvalid names the check that the token fails."""
    signed = await verify_signature(token, keys, provider.algorithms)
    if signed.header.get("typ", "logout+jwt") not in {"logout+jwt", "JWT"}:
        raise TokenInvalid("typ is not that of a logout token")
    claims = signed.claims
    registry = JWTClaimsRegistry(
        now=now_s,
        leeway=LEEWAY_S,
        iss={"essential": True, "value": provider.issuer},
        iat={"essential": True},
        jti={"essential": True},
    )
    try:
        registry.validate(claims)
    except ClaimError as error:
        raise TokenInvalid(f"{error.claim}: {error.description or error.error}") from error
    check_audience(claims, provider)
    if claims["iat"] + AGE_MAX_S < now_s:
        raise TokenInvalid(f"iat: it is older than {AGE_MAX_S} s")
    if "nonce" in claims:
        raise TokenInvalid("it has a nonce, as an ID token has")
    events = claims.get("events")
    if not isinstance(events, Mapping) or not isinstance(events.get(EVENT), Mapping):
        raise TokenInvalid("events does not name a logout")
    return _ended_session(claims)


def _ended_session(claims: Mapping[str, Any]) -> EndedSession:
    subject, session_id = claims.get("sub"), claims.get("sid")
    if subject is None and session_id is None:
        raise TokenInvalid("it has neither sub nor sid")
    for name, value in (("sub", subject), ("sid", session_id)):
        if value is not None and not (isinstance(value, str) and 0 < len(value) <= 500):
            raise TokenInvalid(f"{name} is no text of 1 to 500 characters")
    return EndedSession(subject, session_id)
