"""HTTP requests to the API: address and key from the user's configuration, retries, pages."""

import asyncio
import os
import re
import tomllib
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, Final, Self

import httpx2

from werknetz.runtime.backoff import Backoff
from werknetz.runtime.settings import read_env
from werknetz_client.errors import ApiError, Unreachable, WerknetzError

DEFAULT_URL: Final = "http://127.0.0.1:8080"
ATTEMPTS_MAX: Final = 4
RETRY_FIRST_S: Final = 0.5
RETRY_MAX_S: Final = 4.0
RETRY_AFTER_MAX_S: Final = 10.0
PAGE_MAX: Final = 1000  # items that the API puts on one page at most
_BUSY: Final = frozenset({429, 502, 503, 504})
_RUNNING: Final = "urn:werknetz:problem:request_in_progress"
_REPEATABLE: Final = frozenset({"GET", "HEAD", "PUT", "POST"})
Parameters = Mapping[str, object]
Progress = Callable[[int], None]
"""Called after each page of a long walk, with the number of items so far."""
Scalar = str | int | float | bool | None
_language: Final[ContextVar[str | None]] = ContextVar("client_language", default=None)
_SHELL_LANGUAGE: Final = ("LC_ALL", "LC_MESSAGES", "LANG")  # the first that is set, as in POSIX


@contextmanager
def in_language_of_shell(environment: Mapping[str, str]) -> Iterator[None]:
    """Ask for German sentences within the block if the environment is German, else for English.

    For the command line; a client in a program names its language itself.
    """
    chosen = next((text for name in _SHELL_LANGUAGE if (text := environment.get(name))), "")
    language = re.split("[_.@-]", chosen, maxsplit=1)[0].lower()
    token = _language.set("de" if language == "de" else "en")
    try:
        yield
    finally:
        _language.reset(token)


def config_file() -> Path:
    home = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(home) / "werknetz" / "config.toml"


def load_config() -> tuple[str, str | None]:
    """Return URL and key: the environment first, then ~/.config/werknetz/config.toml."""
    config: dict[str, Any] = {}
    file = config_file()
    if file.is_file():
        try:
            config = tomllib.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise WerknetzError(
                f"{file} cannot be read: {error}",
                'It holds two lines: url = "http://…" and api_key = "wn_…".',
            ) from error
    url = read_env("WERKNETZ_URL") or str(config.get("url") or DEFAULT_URL)
    key = read_env("WERKNETZ_API_KEY") or config.get("api_key")
    return url.rstrip("/"), None if key is None else str(key)


def has_only_database() -> bool:
    """Whether this is a server that has no API key yet, but the URL of its database."""
    return bool(read_env("WERKNETZ_DATABASE_URL")) and not load_config()[1]


class Transport:
    """One connection pool to one server."""

    def __init__(
        self,
        url: str | None = None,
        key: str | None = None,
        *,
        timeout_s: float = 30.0,
        transport: httpx2.AsyncBaseTransport | None = None,
        language: str | None = None,
    ) -> None:
        config_url, config_key = load_config() if url is None or key is None else (url, key)
        self.url = (url or config_url).rstrip("/")
        self.key = key or config_key
        self._timeout_s = timeout_s
        self._http = httpx2.AsyncClient(
            base_url=self.url,
            headers=_headers_of(self.key, language),
            timeout=timeout_s,
            transport=transport,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        await self._http.aclose()

    async def get(self, path: str, parameters: Parameters | None = None) -> Any:
        return (await self.request("GET", path, parameters)).json()

    async def post(self, path: str, body: object) -> Any:
        return (await self.request("POST", path, body=body)).json()

    async def put(self, path: str, body: object) -> Any:
        return (await self.request("PUT", path, body=body)).json()

    async def patch(self, path: str, body: object) -> Any:
        return (await self.request("PATCH", path, body=body)).json()

    async def pages(
        self, path: str, parameters: Parameters, progress: Progress | None = None
    ) -> AsyncIterator[dict[str, Any]]:
        """Yield the items of all pages; a page is requested when its first item is needed."""
        query = dict(parameters)
        number = 0
        while True:
            page = await self.get(path, query)
            items = page if isinstance(page, list) else page["items"]
            number += len(items)
            if progress is not None:
                progress(number)
            for item in items:
                yield item
            cursor = None if isinstance(page, list) else page.get("next_cursor")
            if cursor is None:
                return
            query["cursor"] = cursor

    async def csv(
        self, path: str, parameters: Parameters, *, rows_max: int | None = None
    ) -> AsyncIterator[str]:
        """Yield the API's own CSV, unchanged: one header line, then the rows of all pages.

        The header line ends at the first CR LF: names of columns hold no line breaks.
        """
        query: dict[str, object] = {**parameters, "format": "csv"}
        rows_left = rows_max
        is_first = True
        while rows_left is None or rows_left > 0:
            if rows_left is not None:
                query["limit"] = min(rows_left, PAGE_MAX)
                rows_left -= min(rows_left, PAGE_MAX)
            response = await self.request("GET", path, query)
            header, _, rows = response.text.partition("\r\n")
            yield f"{header}\r\n{rows}" if is_first else rows
            is_first = False
            cursor = _next_cursor(response)
            if cursor is None:
                return
            query["cursor"] = cursor

    async def lines(
        self, path: str, parameters: Parameters, headers: Mapping[str, str], *, silent_s: float
    ) -> AsyncGenerator[str, None]:
        """Yield the lines of an answer as they come, until it ends.

        Raises ApiError, and Unreachable where the server is away or silent for so long.
        """
        timeout = httpx2.Timeout(self._timeout_s, read=silent_s)
        try:
            async with self._http.stream(
                "GET", f"/api/v1{path}", params=_query_pairs(parameters), headers=dict(headers),
                timeout=timeout,
            ) as response:  # fmt: skip
                if not response.is_success:
                    await response.aread()
                    _checked_response(response)
                async for line in response.aiter_lines():
                    yield line
        except httpx2.TransportError as error:
            raise Unreachable(
                f"{self.url} does not answer: {str(error) or type(error).__name__}.",
                "Is it running? `werknetz doctor` checks the details.",
            ) from error

    async def request(
        self,
        method: str,
        path: str,
        parameters: Parameters | None = None,
        *,
        body: object = None,
        content: bytes | None = None,
        media_type: str | None = None,
    ) -> httpx2.Response:
        """Send a request; retry with back-off while the server is busy or unreachable.

        A POST has an Idempotency-Key, so that the server does nothing twice; PATCH and DELETE are
        sent once.
        Raises Unreachable, ApiError for an answer other than 2xx, and WerknetzError for a body
        that JSON cannot hold.
        """
        backoff = Backoff(RETRY_FIRST_S, RETRY_MAX_S)
        attempts = ATTEMPTS_MAX if method in _REPEATABLE else 1
        headers = {} if media_type is None else {"Content-Type": media_type}
        if method == "POST":
            headers["Idempotency-Key"] = str(uuid.uuid4())
        for attempt in range(1, attempts + 1):
            retry_after_s = 0.0
            try:
                response = await self._http.request(
                    method, f"/api/v1{path}", params=_query_pairs(parameters or {}), json=body,
                    content=content, headers=headers,
                )  # fmt: skip
            except ValueError as error:  # NaN or infinity, which JSON does not have
                raise WerknetzError(
                    f"{method} {path}: a number of the request is NaN or infinite: {error}.",
                    "Give a finite number.",
                ) from error
            except httpx2.TransportError as error:
                if attempt == attempts:
                    reason = str(error) or type(error).__name__
                    raise Unreachable(
                        f"{self.url} does not answer: {reason}.",
                        "Is it running (`werknetz up`, `werknetz demo`)? "
                        "Is WERKNETZ_URL right? `werknetz doctor` checks the details.",
                    ) from error
            else:
                if not _is_busy(response) or attempt == attempts:
                    return _checked_response(response)
                retry_after_s = _retry_after_s(response)
            await asyncio.sleep(max(backoff.next_s(), retry_after_s))
        raise AssertionError("the last attempt returns or raises")


def _headers_of(key: str | None, language: str | None) -> dict[str, str]:
    headers = {"X-API-Key": key, "Accept-Language": language or _language.get()}
    return {name: value for name, value in headers.items() if value}


def _is_busy(response: httpx2.Response) -> bool:
    """Whether the same request may get another answer soon."""
    if response.status_code != httpx2.codes.CONFLICT:
        return response.status_code in _BUSY
    return _RUNNING in response.text  # the first attempt of a POST has not ended yet


def _retry_after_s(response: httpx2.Response) -> float:
    """Return the server's Retry-After in seconds, at most RETRY_AFTER_MAX_S."""
    text = response.headers.get("retry-after", "")
    return min(float(text), RETRY_AFTER_MAX_S) if text.isdecimal() else 0.0


def _checked_response(response: httpx2.Response) -> httpx2.Response:
    if response.is_success:
        return response
    try:
        problem = response.json()
    except ValueError:
        problem = {}
    raise ApiError(response.status_code, problem if isinstance(problem, dict) else {})


def _next_cursor(response: httpx2.Response) -> str | None:
    """Return the cursor of the header `Link: <…>; rel="next"`; None on the last page."""
    link = response.links.get("next")
    return httpx2.URL(link["url"]).params.get("cursor") if link else None


def _query_pairs(parameters: Parameters) -> list[tuple[str, Scalar]]:
    """Return query pairs: a list repeats its name, None is left out."""
    pairs: list[tuple[str, Scalar]] = []
    for name, value in parameters.items():
        values = value if isinstance(value, list | tuple) else [value]
        pairs += [(name, str(item)) for item in values if item is not None]
    return pairs
