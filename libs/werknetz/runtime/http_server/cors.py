"""CORS: which pages of other origins may call the API from a browser. Default: none."""

import re
from typing import Final

from starlette.applications import Starlette
from starlette.middleware.cors import CORSMiddleware

from werknetz.runtime.settings import SettingError

_ORIGIN: Final = re.compile(r"https?://([a-z0-9.-]+|\[[0-9a-f:.]+\])(:\d{1,5})?")
_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
_REQUEST_HEADERS: Final = (
    "Authorization", "X-API-Key", "Content-Type", "If-None-Match", "Idempotency-Key", "traceparent",
)  # fmt: skip
_RESPONSE_HEADERS: Final = (
    "ETag", "Link", "Retry-After", "RateLimit", "RateLimit-Policy", "X-Trace-Id",
    "Idempotency-Replayed",
)  # fmt: skip
_PREFLIGHT_CACHE_S: Final = 600


def parse_origins(text: str) -> tuple[str, ...]:
    """Return the origins of a list separated by commas; SettingError names the wrong one."""
    origins = tuple(part.strip() for part in text.split(",") if part.strip())
    for origin in origins:
        if not _ORIGIN.fullmatch(origin):
            raise SettingError(
                f"WERKNETZ_CORS_ORIGINS: {origin!r} is no origin: write scheme, host and port as "
                "browsers send them, for example https://dashboard.example or http://10.1.2.3:3000"
            )
    return origins


def allow_origins(app: Starlette, origins: tuple[str, ...]) -> None:
    """Let pages of these origins call the API with a key; cookies are never accepted from them."""
    if origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=origins,
            allow_methods=_METHODS,
            allow_headers=_REQUEST_HEADERS,
            expose_headers=_RESPONSE_HEADERS,
            max_age=_PREFLIGHT_CACHE_S,
        )
