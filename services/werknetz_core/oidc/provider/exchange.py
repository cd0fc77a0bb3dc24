"""What a callback fetches from the provider: tokens for its code, and claims about the person."""

import base64
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote_plus

from werknetz.texts.sentence import Sentence
from werknetz_core.oidc.attempt import Attempt
from werknetz_core.oidc.errors import (
    BAD_REQUEST,
    UNAVAILABLE,
    ProviderUnavailable,
    SignInRefused,
    TokenInvalid,
)
from werknetz_core.oidc.provider.connection import ProviderConnection
from werknetz_core.oidc.settings import ProviderSettings

OK: Final = 200
INTERNAL_FROM: Final = 500
_CLIENT_ERRORS: Final = frozenset({"invalid_client", "unauthorized_client"})


@dataclass(frozen=True, slots=True)
class Tokens:
    id_token: str
    access_token: str | None


async def exchange_code(
    provider: ProviderConnection, attempt: Attempt, code: str, redirect_uri: str
) -> Tokens:
    """Return the tokens for a code; SignInRefused: the provider refuses code or client."""
    metadata = await provider.metadata()
    fields = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": redirect_uri,
        "code_verifier": attempt.verifier,
    }
    credentials, headers = _credentials_of(provider.settings)
    answer = await provider.calls.post_form(
        metadata.token_endpoint, fields | credentials, headers=headers
    )
    if answer.status >= INTERNAL_FROM:
        raise ProviderUnavailable(f"the token endpoint is answered with {answer.status}")
    if answer.status != OK:
        raise _refusal_of(answer.document.get("error"), provider.settings)
    id_token, access_token = (answer.document.get(name) for name in ("id_token", "access_token"))
    if not isinstance(id_token, str):
        raise TokenInvalid("the token endpoint answers without an ID token")
    return Tokens(id_token, access_token if isinstance(access_token, str) else None)


async def load_user_info(
    provider: ProviderConnection, access_token: str | None, subject: str
) -> dict[str, Any]:
    """Return claims of the UserInfo endpoint: none if there is no such endpoint."""
    metadata = await provider.metadata()
    if metadata.userinfo_endpoint is None or access_token is None:
        return {}
    answer = await provider.calls.get(metadata.userinfo_endpoint, bearer=access_token)
    if answer.status != OK:
        raise ProviderUnavailable(f"the UserInfo endpoint is answered with {answer.status}")
    if answer.document.get("sub") != subject:  # OpenID Connect Core 5.3.2
        raise TokenInvalid("the UserInfo endpoint answers for another person")
    return answer.document


def _credentials_of(settings: ProviderSettings) -> tuple[dict[str, str], dict[str, str]]:
    """Return the form fields and the headers that authenticate this server."""
    if settings.client_secret is None:
        return {"client_id": settings.client_id}, {}
    if settings.client_auth == "post":
        return {"client_id": settings.client_id, "client_secret": settings.client_secret}, {}
    # RFC 6749, 2.3.1: both are form-encoded before they are joined.
    pair = f"{quote_plus(settings.client_id)}:{quote_plus(settings.client_secret)}"
    return {}, {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


def _refusal_of(error: object, settings: ProviderSettings) -> SignInRefused:
    name = error if isinstance(error, str) and error.isascii() and error.isprintable() else "none"
    cause = f"the token endpoint answers the error {name[:50]!r}"
    if name in _CLIENT_ERRORS:
        return SignInRefused(
            UNAVAILABLE,
            "identity_client_refused",
            Sentence("oidc.client_refused", title=settings.title),
            Sentence("oidc.correct_client"),
            cause=cause,
        )
    return SignInRefused(
        BAD_REQUEST,
        "identity_code_refused",
        Sentence("oidc.code_refused", title=settings.title),
        Sentence("oidc.code_valid_once"),
        cause=cause,
    )
