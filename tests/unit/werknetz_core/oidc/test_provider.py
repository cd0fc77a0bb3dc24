"""Requests to a provider: bounded, never redirected, and what its metadata must say."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from plumbing.oidc_tokens import ISSUER, provider_settings
from plumbing.scripted_server import scripted_server
from werknetz_core.oidc.errors import ProviderUnavailable
from werknetz_core.oidc.provider.calls import ProviderCalls
from werknetz_core.oidc.provider.connection import (
    CHECK_AGE_MAX_S,
    RETRY_S,
    ProviderConnection,
)
from werknetz_core.oidc.provider.exchange import _credentials_of
from werknetz_core.oidc.provider.metadata import ProviderMetadata

DOCUMENT: dict[str, Any] = {
    "issuer": ISSUER,
    "authorization_endpoint": "https://login.example.com/auth",
    "token_endpoint": "https://login.example.com/token",
    "jwks_uri": "https://login.example.com/jwks",
}


def reply_with(
    body: bytes, status: str = "200 OK", *headers: str
) -> Callable[[bytes], bytes | None]:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return lambda _: "\r\n".join(lines).encode() + body


async def get(reply: Callable[[bytes], bytes | None], **options: Any) -> dict[str, Any]:
    async with scripted_server(reply) as port:
        calls = ProviderCalls("http://127.0.0.1", **options)
        try:
            return (await calls.get(f"http://127.0.0.1:{port}/x?code=s3cr3t")).document
        finally:
            await calls.close()


@pytest.mark.asyncio
async def test_answer_up_to_the_bound() -> None:
    assert await get(reply_with(b'{"a": 1}'), bytes_max=8) == {"a": 1}


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (reply_with(b'{"a": 11}'), "more than 8 bytes"),
        (reply_with(b"[]"), "no object"),
        (reply_with(b"<html>"), "without a JSON document"),
        (reply_with(b"\xff"), "without a JSON document"),
        (reply_with(b"", "302 Found", "Location: http://127.0.0.1:1/"), "redirects"),
        (reply_with(b"{}", "200 OK", "Content-Encoding: gzip"), "compresses"),
        (lambda _: b"SSH-2.0\r\n\r\n", "/x"),
        (lambda _: None, "did not answer within 0.3 s"),
    ],
    ids=range(8),
)
@pytest.mark.asyncio
async def test_unusable_answer(reply: Callable[[bytes], bytes | None], reason: str) -> None:
    total_s = 0.3 if "within" in reason else 60
    with pytest.raises(ProviderUnavailable, match=reason) as raised:
        await get(reply, bytes_max=8, total_s=total_s)
    assert "s3cr3t" not in str(raised.value)


@pytest.mark.parametrize("url", ["http://login.example.com/token", "file:///etc/passwd", ""])
@pytest.mark.asyncio
async def test_nothing_is_sent_without_tls(url: str) -> None:
    calls = ProviderCalls(ISSUER)
    try:
        with pytest.raises(ProviderUnavailable, match="is not https"):
            await calls.get(url)
    finally:
        await calls.close()


def test_metadata() -> None:
    metadata = ProviderMetadata.of(DOCUMENT, provider_settings())
    assert metadata.token_endpoint == "https://login.example.com/token"
    assert (metadata.userinfo_endpoint, metadata.end_session_endpoint) == (None, None)
    assert not metadata.names_issuer
    more = {
        "end_session_endpoint": "https://login.example.com/out",
        "code_challenge_methods_supported": ["plain", "S256"],
        "authorization_response_iss_parameter_supported": True,
    }
    metadata = ProviderMetadata.of(DOCUMENT | more, provider_settings())
    assert metadata.end_session_endpoint == "https://login.example.com/out"
    assert metadata.names_issuer


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"issuer": ISSUER + "/"}, "exactly as the provider does"),
        ({"issuer": None}, "exactly as the provider does"),
        ({"token_endpoint": "http://login.example.com/token"}, "token_endpoint"),
        ({"token_endpoint": None}, "token_endpoint"),
        ({"jwks_uri": ["https://login.example.com"]}, "jwks_uri"),
        ({"authorization_endpoint": "javascript:alert(1)"}, "authorization_endpoint"),
        ({"end_session_endpoint": "http://login.example.com"}, "end_session_endpoint"),
        ({"code_challenge_methods_supported": ["plain"]}, "PKCE"),
        ({"response_types_supported": ["id_token"]}, "response type code"),
    ],
    ids=str,
)
def test_metadata_that_does_not_do(change: dict[str, Any], reason: str) -> None:
    with pytest.raises(ProviderUnavailable, match=reason):
        ProviderMetadata.of(DOCUMENT | change, provider_settings())


@pytest.mark.asyncio
async def test_readiness_calls_a_failing_provider_once_in_30_s() -> None:
    now_s, requests = 1000.0, 0

    def reply(_: bytes) -> bytes | None:
        nonlocal requests
        requests += 1
        return reply_with(b"{}", "500 Internal Server Error")(b"")

    async with scripted_server(reply) as port:
        settings = provider_settings(issuer=f"http://127.0.0.1:{port}")
        calls = ProviderCalls(settings.issuer)
        connection = ProviderConnection(settings, calls, now_s=lambda: now_s)
        for _ in range(3):
            assert await connection.find_problem() == "the discovery document is answered with 500"
        assert requests == 1
        now_s += CHECK_AGE_MAX_S
        await connection.find_problem()
        assert requests == 2
        await connection.close()


def test_client_credentials_are_form_encoded_before_basic() -> None:
    settings = provider_settings(client_id="a:b", client_secret="c d+%")
    assert _credentials_of(settings) == ({}, {"Authorization": "Basic YSUzQWI6YytkJTJCJTI1"})
    by_post = provider_settings(client_secret="c d", client_auth="post")
    assert _credentials_of(by_post) == ({"client_id": "werknetz", "client_secret": "c d"}, {})
    assert _credentials_of(provider_settings()) == ({"client_id": "werknetz"}, {})


@pytest.mark.asyncio
async def test_failing_provider_is_called_once_for_many_requests() -> None:
    now_s, requests = 1000.0, 0

    def reply(_: bytes) -> bytes | None:
        nonlocal requests
        requests += 1
        return reply_with(b"{}", "500 Internal Server Error")(b"")

    async with scripted_server(reply) as port:
        settings = provider_settings(issuer=f"http://127.0.0.1:{port}")
        connection = ProviderConnection(
            settings, ProviderCalls(settings.issuer), now_s=lambda: now_s
        )
        for after_s, expected in ((0.0, 1), (RETRY_S - 0.001, 1), (RETRY_S, 2)):
            now_s = 1000.0 + after_s
            answers = await asyncio.gather(
                *(connection.metadata() for _ in range(5)), return_exceptions=True
            )
            assert all(isinstance(answer, ProviderUnavailable) for answer in answers)
            assert requests == expected
        await connection.close()
