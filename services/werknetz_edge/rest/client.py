"""One question, one bounded answer; what an answer's status means for us."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

import httpx2

from werknetz.connector.contract import ConfigurationRejected, ConnectionLost
from werknetz_edge.rest.address import CheckedTransport, Rules
from werknetz_edge.rest.config import RestConfig
from werknetz_edge.rest.paging import Question
from werknetz_edge.rest.token import Opener

WAIT_MAX_S: Final = 3_600.0
WAIT_S: Final = 30.0  # where the server does not say how long
_BUSY: Final = frozenset({408, 425, 429, 503})


class Later(Exception):
    """The server asks for patience."""

    def __init__(self, wait_s: float, status: int) -> None:
        super().__init__(f"the server answers {status} and wants us to wait {wait_s:g} s")
        self.wait_s = wait_s


@dataclass(frozen=True, slots=True)
class Page:
    """An answer. `content` None: nothing has changed since the ETag that we sent."""

    content: bytes | None
    headers: Mapping[str, str]


@dataclass(slots=True)
class Client:
    config: RestConfig
    _opener: Opener = field(init=False)
    _http: httpx2.AsyncClient = field(init=False)

    def __post_init__(self) -> None:
        config = self.config
        self._opener = Opener(config.auth)
        try:
            context = httpx2.create_ssl_context(
                verify=True if config.ca is None else str(config.ca), trust_env=False
            )
        except OSError as error:
            raise ConfigurationRejected(f"ca: {config.ca} cannot be used: {error}") from error
        self._http = httpx2.AsyncClient(
            transport=CheckedTransport(Rules.of(config.allow), context),
            headers={"User-Agent": "werknetz", "Accept": "*/*", **config.headers},
            timeout=config.timeout_s,
            follow_redirects=False,
            trust_env=False,
        )

    async def ask(self, question: Question, headers: Mapping[str, str]) -> Page:
        """Return the answer; raise Later, ConnectionLost, ConfigurationRejected."""
        try:
            async with asyncio.timeout(self.config.timeout_s):
                page = await self._ask(question, headers)
                if page is None and self._opener.forget():
                    page = await self._ask(question, headers)
        except (httpx2.TransportError, httpx2.DecodingError) as error:
            said = str(error) or type(error).__name__
            raise ConnectionLost(f"{self.config.url}: {said}") from error
        except TimeoutError as error:
            raise ConnectionLost(
                f"{self.config.url}: no whole answer within {self.config.timeout_s:g} s"
            ) from error
        except httpx2.InvalidURL as error:
            raise ConfigurationRejected(f"{question.url[:200]!r}: {error}") from error
        if page is None:
            raise ConfigurationRejected(
                f"{question.url} answers 401: check `auth` and the secret's file"
            )
        return page

    async def _ask(self, question: Question, headers: Mapping[str, str]) -> Page | None:
        """None: 401."""
        opening = await self._opener.headers(self._http)
        url = httpx2.URL(question.url)
        if question.parameters:
            url = url.copy_merge_params(dict(question.parameters))
        async with self._http.stream("GET", url, headers={**headers, **opening}) as answer:
            told = {name.lower(): value for name, value in answer.headers.items()}
            match answer.status_code:
                case 401:
                    return None
                case 304:
                    return Page(None, told)
                case status if status in _BUSY:
                    raise Later(_wait_s(told.get("retry-after", "")), status)
                case status if answer.is_server_error:
                    raise ConnectionLost(f"{question.url} answers {status}")
                case status if not answer.is_success:
                    where = told.get("location", "")
                    hint = f"it points to {where[:200]!r}: write that" if where else "check the URL"
                    raise ConfigurationRejected(f"{question.url} answers {status}; {hint}")
            return Page(await self._content(answer), told)

    async def _content(self, answer: httpx2.Response) -> bytes:
        content = bytearray()
        async for chunk in answer.aiter_bytes():
            content += chunk
            if len(content) > self.config.body_max_bytes:
                raise ConfigurationRejected(
                    f"{answer.url} answers with more than {self.config.body_max_bytes} bytes: ask "
                    "for smaller pages, or raise body_max_bytes"
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
            return WAIT_S
        until = until if until.tzinfo is not None else until.replace(tzinfo=UTC)
        wait_s = until.timestamp() - datetime.fromtimestamp(time.time(), UTC).timestamp()
    return min(max(wait_s, 1.0), WAIT_MAX_S)
