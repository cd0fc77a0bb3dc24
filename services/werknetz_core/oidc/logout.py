"""Signing out at the provider, too; and ending sessions that end there."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs

import sqlalchemy as sa

from werknetz.domain.bucket import instant_of
from werknetz.store.accounts import sessions as statements
from werknetz.store.session import WriteSession
from werknetz.store.tables.access import sessions, users
from werknetz_core.access.principal import USER_PREFIX, Principal
from werknetz_core.audit.record import record_change
from werknetz_core.oidc.errors import ProviderUnavailable, TokenInvalid
from werknetz_core.oidc.provider.connection import ProviderConnection
from werknetz_core.oidc.providers import Providers
from werknetz_core.oidc.sign_in import with_parameters
from werknetz_core.oidc.tokens.logout_token import EndedSession, verify_logout_token
from werknetz_core.oidc.tokens.signature import unverified_claims
from werknetz_core.sessions.kinds import SignInMethod

HINT_MAX: Final = 4_000  # a longer address is refused by proxies; the provider then asks the person
LOGOUT_BODY_MAX: Final = 64_000
LOGOUT_TOKEN: Final = "logout_token"  # noqa: S105 - the name of a field


@dataclass(frozen=True, slots=True)
class ClosedSession:
    """A session that has ended; `id_token` and `issuer` if a provider opened it."""

    token_hash: bytes
    id_token: str | None
    issuer: str | None


async def close_session(session: WriteSession, principal: Principal, now_us: int) -> ClosedSession:
    """End the session of the request, and audit it."""
    signed_in = principal.signed_in
    assert signed_in is not None  # noqa: S101 - the caller has checked it
    end = statements.end_sessions(
        sa.literal(instant_of(now_us)), sessions.c.id == signed_in.session_id
    )
    row = (await session.execute(end)).mappings().one()
    subject = ("session", str(signed_in.session_id))
    await record_change(session, principal, "signed_out", subject)
    issuer = None
    if principal.user_id is not None:
        query = sa.select(users.c.issuer).where(users.c.id == principal.user_id)
        issuer = (await session.execute(query)).scalar_one_or_none()
    is_of_provider = signed_in.method == SignInMethod.OIDC
    return ClosedSession(row["token_hash"], row["id_token"], issuer if is_of_provider else None)


async def logout_url(providers: Providers, issuer: str, id_token: str | None) -> str | None:
    """Return the provider's address that ends the session there; None: it has none."""
    provider = next(
        (
            connection
            for connection in providers.connections.values()
            if connection.settings.issuer == issuer
        ),
        None,
    )
    if provider is None:
        return None
    try:
        metadata = await provider.metadata()
    except ProviderUnavailable:
        return None  # the session here has ended; the caller says so
    if metadata.end_session_endpoint is None:
        return None
    settings = provider.settings
    parameters = {
        "client_id": settings.client_id,
        "post_logout_redirect_uri": settings.post_logout_url or providers.settings.base_url + "/",
    }
    if id_token is not None and len(id_token) <= HINT_MAX:
        parameters["id_token_hint"] = id_token
    return with_parameters(metadata.end_session_endpoint, parameters)


async def read_logout_token(
    providers: Providers, body: bytes, now_s: int
) -> tuple[ProviderConnection, EndedSession]:
    """Return whose sessions a provider ends; TokenInvalid names the check that fails."""
    if len(body) > LOGOUT_BODY_MAX:
        raise TokenInvalid("the body is too large")
    try:
        fields = parse_qs(body.decode("ascii"), strict_parsing=True, max_num_fields=10)
    except ValueError as error:
        raise TokenInvalid("the body is no form with a logout_token") from error
    tokens = fields.get(LOGOUT_TOKEN, [])
    if len(tokens) != 1:
        raise TokenInvalid("the body is no form with one logout_token")
    claims = unverified_claims(tokens[0])
    provider = providers.of_issuer(claims.get("iss"), claims.get("aud"))
    if provider is None:
        raise TokenInvalid("iss and aud are of no provider of this server")
    ended = await verify_logout_token(tokens[0], provider.settings, provider.keys, now_s)
    return provider, ended


async def end_provider_sessions(
    session: WriteSession, provider: ProviderConnection, ended: EndedSession, now_us: int
) -> list[bytes]:
    """End the sessions, audit it, and return the hashes of their tokens."""
    people = sa.select(users.c.id).where(users.c.issuer == provider.settings.issuer)
    if ended.subject is not None:
        people = people.where(users.c.subject == ended.subject)
    conditions = [sessions.c.user_id.in_(people), sessions.c.method == SignInMethod.OIDC]
    if ended.session_id is not None:
        conditions.append(sessions.c.provider_session == ended.session_id)
    end = statements.end_sessions(sa.literal(instant_of(now_us)), *conditions)
    rows = (await session.execute(end)).mappings().all()
    by = Principal(f"{USER_PREFIX}{provider.settings.name}", None, ())
    for row in rows:
        after = {"provider": provider.settings.name}
        await record_change(session, by, "signed_out", ("session", str(row["id"])), after=after)
    return [row["token_hash"] for row in rows]
