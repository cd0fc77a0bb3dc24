"""The two halves of a sign-in: to the provider with a browser, and back with its answer."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from werknetz.runtime.log import get_logger
from werknetz.texts.sentence import Sentence
from werknetz_core.context.app_context import AppContext
from werknetz_core.oidc.accounts import PersonAtProvider, refuse_account, sign_in_account
from werknetz_core.oidc.attempt import Attempt, find_attempt
from werknetz_core.oidc.errors import (
    BAD_REQUEST,
    FORBIDDEN,
    ProviderUnavailable,
    SignInRefused,
    TokenInvalid,
    provider_unavailable,
    token_refused,
)
from werknetz_core.oidc.groups import GroupsUnreadable, grant_of, groups_in, has_overage
from werknetz_core.oidc.provider.connection import ProviderConnection
from werknetz_core.oidc.provider.exchange import Tokens, exchange_code, load_user_info
from werknetz_core.oidc.providers import Providers
from werknetz_core.oidc.tokens.id_token import ExpectedToken, verify_id_token
from werknetz_core.sessions.kinds import SignInMethod
from werknetz_core.sessions.opening import OpenedSession, ProviderSession, open_session

SECOND_US: Final = 1_000_000
CODE_MAX: Final = 4_000
_log: Final = get_logger("core.oidc")


async def authorization_url(
    providers: Providers, provider: ProviderConnection, attempt: Attempt
) -> str:
    """Return the provider's address to which the browser goes to sign in."""
    try:
        metadata = await provider.metadata()
    except ProviderUnavailable as error:
        raise provider_unavailable(provider.settings.title, error) from error
    parameters = {
        "response_type": "code",
        "client_id": provider.settings.client_id,
        "redirect_uri": providers.redirect_uri,
        "scope": " ".join(provider.settings.scopes),
        "state": attempt.state,
        "nonce": attempt.nonce,
        "code_challenge": attempt.challenge,
        "code_challenge_method": "S256",
    }
    return with_parameters(metadata.authorization_endpoint, parameters)


def with_parameters(url: str, parameters: Mapping[str, str]) -> str:
    """Add parameters to an address that may have some already."""
    return f"{url}{'&' if urlsplit(url).query else '?'}{urlencode(parameters)}"


async def complete_sign_in(
    context: AppContext,
    providers: Providers,
    answer: Mapping[str, str],
    cookies: Mapping[str, str],
) -> tuple[OpenedSession, Attempt]:
    """Check the provider's answer and open a session; SignInRefused: nobody is signed in."""
    attempt = find_attempt(
        cookies,
        answer.get("state", ""),
        context.now_us() // SECOND_US,
        is_https=providers.settings.is_https,
    )
    if attempt is None or attempt.provider not in providers.connections:
        raise SignInRefused(
            BAD_REQUEST,
            "sign_in_unknown",
            Sentence("oidc.sign_in_unknown"),
            Sentence("oidc.open_and_sign_in", base_url=providers.settings.base_url),
        )
    provider = providers.connections[attempt.provider]
    try:
        code = await _code_in(answer, provider)
        tokens = await exchange_code(provider, attempt, code, providers.redirect_uri)
        claims = await _load_claims(provider, attempt, tokens, context.now_us() // SECOND_US)
    except ProviderUnavailable as error:
        raise provider_unavailable(provider.settings.title, error) from error
    except TokenInvalid as error:
        raise token_refused(error) from error
    return await _open(context, provider, claims, tokens), attempt


async def _code_in(answer: Mapping[str, str], provider: ProviderConnection) -> str:
    """Return the code of the callback, or raise what the provider answers instead."""
    metadata = await provider.metadata()
    issuer = answer.get("iss")
    if (issuer is None and metadata.names_issuer) or issuer not in {
        None,
        provider.settings.issuer,
    }:
        raise TokenInvalid("iss of the callback is not the provider that was asked (RFC 9207)")
    if "error" in answer:
        error = answer["error"]
        is_word = error.isascii() and error.isidentifier() and len(error) <= 50
        raise SignInRefused(
            FORBIDDEN,
            "identity_provider_refused",
            Sentence(
                "oidc.provider_refused",
                title=provider.settings.title,
                error=f" ({error})" if is_word else "",
            ),
            Sentence("oidc.ask_for_assignment"),
        )
    code = answer.get("code", "")
    if not 0 < len(code) <= CODE_MAX:
        raise SignInRefused(
            BAD_REQUEST, "identity_code_missing", Sentence("oidc.code_missing"),
            Sentence("oidc.sign_in_again"),
        )  # fmt: skip
    return code


async def _load_claims(
    provider: ProviderConnection, attempt: Attempt, tokens: Tokens, now_s: int
) -> dict[str, Any]:
    """Return the claims of the ID token, and those of UserInfo if it does not have the groups."""
    expected = ExpectedToken(attempt.nonce, tokens.access_token, now_s)
    claims = await verify_id_token(tokens.id_token, provider.settings, provider.keys, expected)
    settings = provider.settings
    if settings.groups_path[0] in claims or has_overage(claims, settings.groups_path):
        return claims
    # Providers that follow the standard to the letter answer scopes there, not in the ID token.
    return await load_user_info(provider, tokens.access_token, claims["sub"]) | claims


async def _open(
    context: AppContext, provider: ProviderConnection, claims: Mapping[str, Any], tokens: Tokens
) -> OpenedSession:
    settings, now_us = provider.settings, context.now_us()
    identity = PersonAtProvider.of(claims, settings)
    try:
        groups = groups_in(claims, settings.groups_path)
    except GroupsUnreadable as error:
        raise SignInRefused(
            FORBIDDEN, "groups_unreadable", Sentence("oidc.groups_unreadable", name=identity.name),
            Sentence("oidc.admin_changes", error=error),
        ) from error  # fmt: skip
    grant = grant_of(groups or (), settings.groups)
    if grant is None:
        async with context.database.write_session() as session:
            await refuse_account(session, identity, settings, groups or [], now_us)
        raise _no_group(identity, settings.title, is_claim_absent=groups is None)
    if grant.unused:
        _log.info("groups with a lower role do not count", user=identity.name, groups=grant.unused)
    session_id = claims.get("sid")
    of_provider = ProviderSession(
        tokens.id_token, session_id if isinstance(session_id, str) else None
    )
    async with context.database.write_session() as session:
        principal = await sign_in_account(session, identity, settings, grant, now_us)
        return await open_session(
            session, principal, SignInMethod.OIDC, now_us, provider=of_provider
        )


def _no_group(identity: PersonAtProvider, title: str, *, is_claim_absent: bool) -> SignInRefused:
    return SignInRefused(
        FORBIDDEN,
        "no_group",
        Sentence("oidc.no_group", title=title, name=identity.name),
        Sentence("oidc.no_groups_sent" if is_claim_absent else "oidc.groups_in_file"),
    )
