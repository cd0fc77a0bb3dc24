"""Forwards events to the webhook edge: only an edge has a spool, so only an edge answers 2xx."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Final, Self

import httpx2
from starlette.requests import ClientDisconnect

from werknetz.runtime.log import get_logger
from werknetz.texts.sentence import Sentence
from werknetz_core.http.problem import Problem
from werknetz_core.settings import CoreSettings

EVENTS_BATCH_PATH: Final = "/api/v1/events:batch"
_FORWARDED_HEADERS: Final = ("content-type", "content-encoding", "idempotency-key")
_TIMEOUT: Final = httpx2.Timeout(30.0, connect=3.0, read=120.0)
_HINT: Final = Sentence("system.repeat_events")
_RESPONSE_MAX_BYTES: Final = 4_000_000
_log: Final = get_logger("core.webhook")


@dataclass(frozen=True, slots=True)
class EdgeResponse:
    status: int
    body: bytes
    media_type: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class EdgeForwarder:
    client: httpx2.AsyncClient

    @classmethod
    def from_settings(cls, settings: CoreSettings) -> Self | None:
        if settings.webhook_url is None:
            return None
        client = httpx2.AsyncClient(
            base_url=settings.webhook_url,
            headers={"X-API-Key": settings.webhook_key or ""},
            timeout=_TIMEOUT,
            trust_env=False,  # the edge is on our network: no proxy
            follow_redirects=False,
            limits=httpx2.Limits(max_connections=32, max_keepalive_connections=8),
        )
        return cls(client)

    async def forward(self, headers: Mapping[str, str], body: AsyncIterator[bytes]) -> EdgeResponse:
        """Return the edge's response unchanged; raise Problem if there is none."""
        forwarded = {name: headers[name] for name in _FORWARDED_HEADERS if name in headers}
        try:
            async with self.client.stream(
                "POST", EVENTS_BATCH_PATH, headers=forwarded, content=body
            ) as response:
                content = b""
                async for chunk in response.aiter_bytes():
                    content += chunk
                    if len(content) > _RESPONSE_MAX_BYTES:
                        raise _unavailable(Sentence("system.response_too_large"))
        except ClientDisconnect as error:
            raise Problem(
                400,
                "body_incomplete",
                Sentence("requests.body_incomplete"),
                Sentence("requests.send_whole_body"),
            ) from error
        except (httpx2.TransportError, httpx2.StreamError) as error:
            _log.warning("webhook edge unreachable", error=type(error).__name__)
            raise _unavailable(Sentence("system.does_not_answer")) from error
        if response.status_code in {401, 404}:
            _log.error("webhook edge rejects the key", status=response.status_code)
            raise Problem(
                503,
                "webhook_key_rejected",
                Sentence("system.webhook_key_rejected"),
                Sentence("system.set_webhook_key"),
                headers={"Retry-After": "30"},
            )
        retry_after = response.headers.get("retry-after")
        headers_back = {} if retry_after is None else {"Retry-After": retry_after}
        media_type = response.headers.get("content-type", "application/json")
        return EdgeResponse(response.status_code, content, media_type, headers_back)

    async def close(self) -> None:
        await self.client.aclose()


def webhook_not_configured() -> Problem:
    return Problem(
        503,
        "no_webhook_connector",
        Sentence("system.no_webhook_connector"),
        Sentence("system.run_webhook_connector"),
        headers={"Retry-After": "30"},
    )


def _unavailable(detail: str) -> Problem:
    return Problem(
        503,
        "webhook_unavailable",
        Sentence("system.webhook_unavailable", reason=detail),
        _HINT,
        headers={"Retry-After": "5"},
    )
