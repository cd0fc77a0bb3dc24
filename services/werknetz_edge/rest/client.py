"""Fetches one page with limits on size and time, and interprets the response's status."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

import httpx2

from werknetz.connector.contract import ConfigurationRejected, ConnectionLost
from werknetz_edge.rest.address import AddressRules, CheckedTransport
from werknetz_edge.rest.config import RestConfig
from werknetz_edge.rest.paging import PageRequest
from werknetz_edge.rest.token import AuthHeader

WAIT_MAX_S: Final = 3_600.0
WAIT_DEFAULT_S: Final = 30.0  # without a Retry-After header
_BUSY: Final = frozenset({408, 425, 429, 503})


class RetryLater(Exception):
    """The server is busy: retry after `wait_s`."""

    def __init__(self, wait_s: float, status: int) -> None:
        super().__init__(f"the server answers {status}; retry in {wait_s:g} s")
        self.wait_s = wait_s


@dataclass(frozen=True, slots=True)
class ResponsePage:
    """A response. `content` None: nothing has changed since the ETag of the request."""

    content: bytes | None
    headers: Mapping[str, str]


@dataclass(slots=True)
class RestClient:
    config: RestConfig
    _auth_header: AuthHeader = field(init=False)
    _http: httpx2.AsyncClient = field(init=False)

    def __post_init__(self) -> None:
        config = self.config
        self._auth_header = AuthHeader(config.auth)
        try:
            context = httpx2.create_ssl_context(
                verify=True if config.ca is None else str(config.ca), trust_env=False
            )
        except OSError as error:
            raise ConfigurationRejected(f"ca: {config.ca} cannot be used: {error}") from error
        self._http = httpx2.AsyncClient(
            transport=CheckedTransport(AddressRules.from_networks(config.allow), context),
            headers={"User-Agent": "werknetz", "Accept": "*/*", **config.headers},
            timeout=config.timeout_s,
            follow_redirects=False,
            trust_env=False,
        )

    async def fetch(self, request: PageRequest, headers: Mapping[str, str]) -> ResponsePage:
        """Return the response; raise RetryLater, ConnectionLost, ConfigurationRejected."""
        try:
            async with asyncio.timeout(self.config.timeout_s):
                page = await self._fetch_once(request, headers)
                if page is None and self._auth_header.drop_token():
                    page = await self._fetch_once(request, headers)
        except (httpx2.TransportError, httpx2.DecodingError) as error:
            detail = str(error) or type(error).__name__
            raise ConnectionLost(f"{self.config.url}: {detail}") from error
        except TimeoutError as error:
            raise ConnectionLost(
                f"{self.config.url}: no complete response within {self.config.timeout_s:g} s"
            ) from error
        except httpx2.InvalidURL as error:
            raise ConfigurationRejected(f"{request.url[:200]!r}: {error}") from error
        if page is None:
            raise ConfigurationRejected(
                f"{request.url} answers 401: check `auth` and the secret's file"
            )
        return page

    async def _fetch_once(
        self, request: PageRequest, headers: Mapping[str, str]
    ) -> ResponsePage | None:
        """Return the response; None: 401."""
        auth = await self._auth_header.create(self._http)
        url = httpx2.URL(request.url)
        if request.parameters:
            url = url.copy_merge_params(dict(request.parameters))
        async with self._http.stream("GET", url, headers={**headers, **auth}) as response:
            response_headers = {name.lower(): value for name, value in response.headers.items()}
            match response.status_code:
                case 401:
                    return None
                case 304:
                    return ResponsePage(None, response_headers)
                case status if status in _BUSY:
                    raise RetryLater(_wait_s(response_headers.get("retry-after", "")), status)
                case status if response.is_server_error:
                    raise ConnectionLost(f"{request.url} answers {status}")
                case status if not response.is_success:
                    location = response_headers.get("location", "")
                    hint = f"it redirects to {location[:200]!r}" if location else "check the URL"
                    raise ConfigurationRejected(f"{request.url} answers {status}; {hint}")
            return ResponsePage(await self._content(response), response_headers)

    async def _content(self, response: httpx2.Response) -> bytes:
        content = bytearray()
        async for chunk in response.aiter_bytes():
            content += chunk
            if len(content) > self.config.body_max_bytes:
                raise ConfigurationRejected(
                    f"{response.url} answers with more than {self.config.body_max_bytes} bytes: "
                    "request smaller pages, or raise body_max_bytes"
                )
        return bytes(content)

    async def close(self) -> None:
        await self._http.aclose()


def _wait_s(text: str) -> float:
    """Read Retry-After: seconds, or a date."""
    stripped = text.strip()
    if stripped.isascii() and stripped.isdecimal() and len(stripped) < 10:
        wait_s = float(stripped)
    else:
        try:
            until = parsedate_to_datetime(stripped)
        except (ValueError, TypeError, IndexError):
            return WAIT_DEFAULT_S
        until = until if until.tzinfo is not None else until.replace(tzinfo=UTC)
        wait_s = until.timestamp() - datetime.fromtimestamp(time.time(), UTC).timestamp()
    return min(max(wait_s, 1.0), WAIT_MAX_S)
