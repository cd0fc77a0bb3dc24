"""Requests to a provider: bounded in time and size, never redirected, over TLS.

Only http to this machine goes without TLS, and past any proxy of the environment.
"""

import asyncio
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import httpx2

from werknetz_core.oidc.errors import ProviderUnavailable
from werknetz_core.oidc.settings import is_secure_url

CONNECT_S: Final = 3.0
TOTAL_S: Final = 10.0
ANSWER_BYTES_MAX: Final = 512_000
# Compressed answers could grow beyond any bound while they are read.
_HEADERS: Final = {"Accept": "application/json", "Accept-Encoding": "identity"}


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    document: dict[str, Any]


class ProviderCalls:
    """One HTTP client for one provider. Errors are ProviderUnavailable, without any secret."""

    def __init__(
        self,
        issuer: str,
        ca_file: Path | None = None,
        *,
        total_s: float = TOTAL_S,
        bytes_max: int = ANSWER_BYTES_MAX,
    ) -> None:
        self._total_s = total_s
        self._bytes_max = bytes_max
        self._client = httpx2.AsyncClient(
            verify=ssl.create_default_context(cafile=ca_file),
            trust_env=urlsplit(issuer).scheme == "https",
            follow_redirects=False,
            headers=_HEADERS,
            timeout=httpx2.Timeout(total_s, connect=min(CONNECT_S, total_s)),
            limits=httpx2.Limits(max_connections=10, max_keepalive_connections=2),
        )

    async def close(self) -> None:
        await self._client.aclose()

    async def get(self, url: str, *, bearer: str | None = None) -> Answer:
        headers = {} if bearer is None else {"Authorization": f"Bearer {bearer}"}
        return await self._call("GET", url, headers=headers)

    async def post_form(
        self, url: str, fields: Mapping[str, str], *, headers: Mapping[str, str]
    ) -> Answer:
        return await self._call("POST", url, headers=headers, fields=fields)

    async def _call(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        fields: Mapping[str, str] | None = None,
    ) -> Answer:
        where = _without_query(url)
        if not is_secure_url(url):
            raise ProviderUnavailable(f"{where} is not https")
        try:
            async with asyncio.timeout(self._total_s):
                async with self._client.stream(
                    method, url, headers=headers, data=fields
                ) as response:
                    return await self._read(response, where)
        except TimeoutError as error:
            raise ProviderUnavailable(
                f"{where} did not answer within {self._total_s:g} s"
            ) from error
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
            raise ProviderUnavailable(f"{where}: {error or type(error).__name__}") from error

    async def _read(self, response: httpx2.Response, where: str) -> Answer:
        if response.is_redirect:
            raise ProviderUnavailable(f"{where} redirects: write the address that it leads to")
        if response.headers.get("content-encoding", "identity").lower() != "identity":
            raise ProviderUnavailable(f"{where} compresses its answer though it must not")
        content = bytearray()
        async for part in response.aiter_raw():
            content += part
            if len(content) > self._bytes_max:
                raise ProviderUnavailable(
                    f"the answer of {where} has more than {self._bytes_max:,} bytes"
                )
        try:
            document = json.loads(content)
        except (ValueError, RecursionError) as error:
            raise ProviderUnavailable(
                f"{where} answered {response.status_code} without a JSON document"
            ) from error
        if not isinstance(document, dict):
            raise ProviderUnavailable(f"{where} answered JSON that is no object")
        return Answer(response.status_code, document)


def _without_query(url: str) -> str:
    """Return the address as a log may show it."""
    return url.partition("?")[0][:300]
