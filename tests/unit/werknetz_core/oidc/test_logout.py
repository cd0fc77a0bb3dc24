"""Signing out at the provider, and the form with which a provider ends sessions here."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from plumbing.oidc_tokens import (
    CLIENT_ID,
    ISSUER,
    NOW_S,
    PRIVATE_KEY,
    provider_settings,
    sign,
    signing_keys,
)
from werknetz_core.oidc.errors import TokenInvalid
from werknetz_core.oidc.logout import (
    HINT_MAX,
    LOGOUT_BODY_MAX,
    logout_url,
    read_logout_token,
)
from werknetz_core.oidc.provider.metadata import ProviderMetadata
from werknetz_core.oidc.providers import Providers
from werknetz_core.oidc.settings import OidcSettings
from werknetz_core.oidc.tokens.logout_token import EVENT, EndedSession

END = "https://login.example.com/out?theme=dark"
CLAIMS: dict[str, Any] = {
    "iss": ISSUER, "aud": CLIENT_ID, "sub": "1a2b", "sid": "s1", "iat": NOW_S, "jti": "j",
    "exp": NOW_S + 60, "events": {EVENT: {}},
}  # fmt: skip


@asynccontextmanager
async def open_providers(**changes: Any) -> AsyncIterator[Providers]:
    settings = OidcSettings(
        public_url="https://werknetz.example.com/a", providers=(provider_settings(**changes),)
    )
    providers = Providers.open(settings)
    connection = providers.connections["company"]
    connection.keys = signing_keys(PRIVATE_KEY)
    document = {
        "issuer": ISSUER, "end_session_endpoint": END, "jwks_uri": "https://login.example.com/j",
        "authorization_endpoint": "https://login.example.com/a",
        "token_endpoint": "https://login.example.com/t",
    }  # fmt: skip
    connection._metadata = ProviderMetadata.of(document, connection.settings)
    connection._loaded_at_s = float("inf")
    try:
        yield providers
    finally:
        await providers.close()


@pytest.mark.parametrize(
    ("id_token", "has_hint"),
    [("t" * HINT_MAX, True), ("t" * (HINT_MAX + 1), False), (None, False)],
    ids=["longest", "too long", "none"],
)
@pytest.mark.asyncio
async def test_address_that_ends_the_session_at_the_provider(
    id_token: str | None, *, has_hint: bool
) -> None:
    async with open_providers() as providers:
        url = await logout_url(providers, ISSUER, id_token)
    assert url is not None
    assert url.startswith(END + "&")
    sent = parse_qs(urlsplit(url).query)
    assert sent["post_logout_redirect_uri"] == ["https://werknetz.example.com/a/"]
    assert sent["client_id"] == [CLIENT_ID]
    assert ("id_token_hint" in sent) is has_hint


@pytest.mark.asyncio
async def test_no_address_of_another_provider() -> None:
    async with open_providers() as providers:
        assert await logout_url(providers, "https://former.example.com", "t") is None


@pytest.mark.asyncio
async def test_configured_address_after_the_logout() -> None:
    async with open_providers(post_logout_url="https://intranet.example.com/x") as providers:
        url = await logout_url(providers, ISSUER, None)
    assert parse_qs(urlsplit(url or "").query)["post_logout_redirect_uri"] == [
        "https://intranet.example.com/x"
    ]


@pytest.mark.asyncio
async def test_form_with_a_logout_token() -> None:
    body = urlencode({"logout_token": sign(CLAIMS)}).encode()
    body += b"&x=" + b"y" * (LOGOUT_BODY_MAX - len(body) - 3)
    async with open_providers() as providers:
        provider, ended = await read_logout_token(providers, body, NOW_S)
        assert provider.settings.issuer == ISSUER
        assert ended == EndedSession("1a2b", "s1")
        with pytest.raises(TokenInvalid, match="too large"):
            await read_logout_token(providers, body + b"y", NOW_S)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "no form"),
        (b"{}", "no form"),
        (b"x=1", "one logout_token"),
        (b"logout_token=a&logout_token=b", "one logout_token"),
        (b"logout_token=\xff", "no form"),
        (b"&".join([b"x=1"] * 11), "no form"),
        (b"logout_token=a.b.c", "not readable"),
        (urlencode({"logout_token": sign(CLAIMS | {"iss": "x"})}).encode(), "no provider"),
        (urlencode({"logout_token": sign(CLAIMS | {"aud": "x"})}).encode(), "no provider"),
        (urlencode({"logout_token": sign(CLAIMS | {"aud": {}})}).encode(), "no provider"),
    ],
    ids=range(10),
)
@pytest.mark.asyncio
async def test_other_body_is_refused(body: bytes, reason: str) -> None:
    async with open_providers() as providers:
        with pytest.raises(TokenInvalid, match=reason):
            await read_logout_token(providers, body, NOW_S)
