"""Requests to the API: address and key from where the user keeps them, retries, pages."""

import asyncio
import os
import random
import tomllib
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any, Final, Self

import httpx2

from werknetz.runtime.settings import secret_env
from werknetz_client.errors import Answered, Unreachable, WerknetzError

DEFAULT_URL: Final = "http://127.0.0.1:8080"
TRIES: Final = 4
RETRY_AFTER_MAX_S: Final = 10.0
_BUSY: Final = frozenset({429, 502, 503, 504})
_SAFE: Final = frozenset({"GET", "HEAD", "PUT"})  # asked twice they do no more than once
Parameters = Mapping[str, object]
Plain = str | int | float | bool | None


def config_file() -> Path:
    home = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(home) / "werknetz" / "config.toml"


def configured() -> tuple[str, str | None]:
    """Return URL and key: the environment first, then ~/.config/werknetz/config.toml."""
    kept: dict[str, Any] = {}
    file = config_file()
    if file.is_file():
        try:
            kept = tomllib.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise WerknetzError(
                f"{file} cannot be read: {error}",
                'It holds two lines: url = "http://…" and api_key = "wn_…".',
            ) from error
    url = secret_env("WERKNETZ_URL") or str(kept.get("url") or DEFAULT_URL)
    key = secret_env("WERKNETZ_API_KEY") or kept.get("api_key")
    return url.rstrip("/"), None if key is None else str(key)


class Transport:
    """One connection pool to one server."""

    def __init__(
        self,
        url: str | None = None,
        key: str | None = None,
        *,
        timeout_s: float = 30.0,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        found_url, found_key = configured() if url is None or key is None else (url, key)
        self.url = (url or found_url).rstrip("/")
        self.key = key or found_key
        self._client = httpx2.AsyncClient(
            base_url=self.url,
            headers={"X-API-Key": self.key} if self.key else {},
            timeout=timeout_s,
            transport=transport,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def get(self, path: str, parameters: Parameters | None = None) -> Any:
        return (await self.request("GET", path, parameters)).json()

    async def post(self, path: str, body: object) -> Any:
        return (await self.request("POST", path, body=body)).json()

    async def put(self, path: str, body: object) -> Any:
        return (await self.request("PUT", path, body=body)).json()

    async def pages(self, path: str, parameters: Parameters) -> AsyncIterator[dict[str, Any]]:
        """Yield the items of all pages, asking for the next one when it is needed."""
        asked = dict(parameters)
        while True:
            page = await self.get(path, asked)
            for item in page["items"]:
                yield item
            if page["next_cursor"] is None:
                return
            asked["cursor"] = page["next_cursor"]

    async def request(
        self,
        method: str,
        path: str,
        parameters: Parameters | None = None,
        *,
        body: object = None,
    ) -> httpx2.Response:
        """Ask, and again after a pause if the server is busy or away and asking twice is safe."""
        tries = TRIES if method in _SAFE or path.endswith(":query") else 1
        for attempt in range(1, tries + 1):
            told_s = 0.0
            try:
                answer = await self._client.request(
                    method, f"/api/v1{path}", params=_plain(parameters or {}), json=body
                )
            except httpx2.TransportError as error:
                if attempt == tries:
                    reason = str(error) or type(error).__name__
                    raise Unreachable(
                        f"{self.url} does not answer: {reason}.",
                        "Is it running (`werknetz up`, `werknetz demo`)? "
                        "Is WERKNETZ_URL right? `werknetz doctor` looks closer.",
                    ) from error
            else:
                if answer.status_code not in _BUSY or attempt == tries:
                    return _good(answer)
                told_s = _retry_after_s(answer)
            pause_s = min(4.0, 0.25 * 2**attempt) * random.uniform(0.5, 1.5)  # noqa: S311 - jitter, no secret
            await asyncio.sleep(max(pause_s, told_s))
        raise AssertionError("the last try returns or raises")


def _retry_after_s(answer: httpx2.Response) -> float:
    """Return how long the server asks us to wait, within what a caller bears."""
    text = answer.headers.get("retry-after", "")
    return min(float(text), RETRY_AFTER_MAX_S) if text.isdecimal() else 0.0


def _good(answer: httpx2.Response) -> httpx2.Response:
    if answer.is_success:
        return answer
    try:
        problem = answer.json()
    except ValueError:
        problem = {}
    raise Answered(answer.status_code, problem if isinstance(problem, dict) else {})


def _plain(parameters: Parameters) -> list[tuple[str, Plain]]:
    """Return query pairs: lists repeat their name, None is left out."""
    pairs: list[tuple[str, Plain]] = []
    for name, value in parameters.items():
        values = value if isinstance(value, list | tuple) else [value]
        pairs += [(name, str(one)) for one in values if one is not None]
    return pairs
