"""The way to the edge that keeps events: only an edge has a spool, so only an edge says 2xx."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Final, Self

import httpx2
from starlette.requests import ClientDisconnect

from werknetz.runtime.log import get_logger
from werknetz_core.http.problem import Problem
from werknetz_core.settings import CoreSettings

EVENTS_BATCH_PATH: Final = "/api/v1/events:batch"
_PASSED: Final = ("content-type", "content-encoding", "idempotency-key")
_TIMEOUT: Final = httpx2.Timeout(30.0, connect=3.0, read=120.0)
_HINT: Final = "What was answered 2xx is on disk. Send the same request again: it counts once."
_ANSWER_MAX: Final = 4_000_000
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
            trust_env=False,  # the edge is ours: no proxy of the outer world
            follow_redirects=False,
            limits=httpx2.Limits(max_connections=32, max_keepalive_connections=8),
        )
        return cls(client)

    async def forward(self, headers: Mapping[str, str], body: AsyncIterator[bytes]) -> EdgeResponse:
        """Return the edge's answer as it is; raise Problem where there is none."""
        passed = {name: headers[name] for name in _PASSED if name in headers}
        try:
            async with self.client.stream(
                "POST", EVENTS_BATCH_PATH, headers=passed, content=body
            ) as answer:
                content = b""
                async for chunk in answer.aiter_bytes():
                    content += chunk
                    if len(content) > _ANSWER_MAX:
                        raise _away("its answer has no end")
        except ClientDisconnect as error:
            raise Problem(
                400, "body_incomplete", "The body ended before its end.", "Send it again, whole."
            ) from error
        except (httpx2.TransportError, httpx2.StreamError) as error:
            _log.warning("webhook edge unreachable", error=type(error).__name__)
            raise _away("it does not answer") from error
        if answer.status_code in {401, 404}:
            _log.error("webhook edge refuses us", status=answer.status_code)
            raise Problem(
                503,
                "webhook_refuses",
                "The webhook connector does not take this server's key.",
                "An operator gives WERKNETZ_WEBHOOK_KEY_FILE the key of `options.events` of the "
                "webhook connector.",
                headers={"Retry-After": "30"},
            )
        wait = answer.headers.get("retry-after")
        told = {} if wait is None else {"Retry-After": wait}
        media_type = answer.headers.get("content-type", "application/json")
        return EdgeResponse(answer.status_code, content, media_type, told)

    async def close(self) -> None:
        await self.client.aclose()


def webhook_not_configured() -> Problem:
    return Problem(
        503,
        "no_webhook_connector",
        "There is no webhook connector, so events have nowhere to be kept.",
        "Run an edge with `protocol: webhook` and `options.events`, and give this server "
        "WERKNETZ_WEBHOOK_URL and WERKNETZ_WEBHOOK_KEY_FILE.",
        headers={"Retry-After": "30"},
    )


def _away(detail: str) -> Problem:
    return Problem(
        503,
        "webhook_away",
        f"The webhook connector is away: {detail}.",
        _HINT,
        headers={"Retry-After": "5"},
    )
