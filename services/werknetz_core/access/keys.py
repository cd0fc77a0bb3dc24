"""Authentication by API key or by the session of a browser.

A key is `wn_<prefix>_<secret>`: the prefix is public and identifies the row, the secret has
256 bits. Only the hash of a key is stored.
"""

import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import asyncpg
from fastapi import Request

from werknetz.runtime.log import get_logger
from werknetz.store.access.caller import set_caller_plants
from werknetz.store.api_keys import FIND_KEY, MARK_USED
from werknetz.store.session import Database
from werknetz.texts.sentence import Sentence
from werknetz_core.access.permissions import KeyRole, KeyScope
from werknetz_core.access.principal import Principal
from werknetz_core.http.problem import Problem
from werknetz_core.sessions.cookies import cleared_cookie, token_from_request
from werknetz_core.sessions.origin_check import check_cookie_request

__all__ = [
    "GeneratedKey", "KeyCache", "Principal", "generate_key", "hash_of", "key_from_request",
    "principal_of_key", "require_key",
]  # fmt: skip

CACHED_MAX: Final = 1024
PRINCIPAL: Final = "werknetz.principal"  # of the ASGI scope: who the request comes from
_log: Final = get_logger("core.keys")
_KEY_FORMAT: Final = re.compile(r"wn_([a-z0-9]{2,32})_([0-9a-f]{64})")
_CREATE_HINT: Final = Sentence("access.send_key")


@dataclass(frozen=True, slots=True)
class GeneratedKey:
    """A new key. Its plain text is shown once and not stored."""

    key: str
    prefix: str
    hash: bytes


def generate_key(prefix: str | None = None) -> GeneratedKey:
    prefix = prefix or secrets.token_hex(4)
    key = f"wn_{prefix}_{secrets.token_hex(32)}"
    return GeneratedKey(key, prefix, hash_of(key))


def hash_of(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()


def key_from_request(request: Request) -> str | None:
    """Return the key in X-API-Key or Authorization."""
    headers = request.headers
    if api_key := headers.get("x-api-key"):
        return api_key.strip()
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token else None


class KeyCache:
    """Caches keys by their hash for a few seconds, so that polling needs no query."""

    def __init__(self, pool: Database, *, cache_s: float, now_us: Callable[[], int]) -> None:
        self._pool = pool
        self._cache_s = cache_s
        self._now_us = now_us
        self._cache: dict[bytes, tuple[float, Principal]] = {}

    async def authenticate(self, key: str) -> Principal | None:
        """Return who the key belongs to; None: it is unknown, revoked or expired."""
        hashed = hash_of(key)
        cached = self._cache.get(hashed)
        if cached is not None and cached[0] > time.monotonic():
            principal = cached[1]
        else:
            loaded = await self._load(key, hashed)
            if loaded is None:
                self._cache.pop(hashed, None)
                return None
            principal = loaded
            if len(self._cache) >= CACHED_MAX:
                self._cache.clear()
            self._cache[hashed] = (time.monotonic() + self._cache_s, principal)
        return None if principal.has_expired(self._now_us()) else principal

    async def _load(self, key: str, hashed: bytes) -> Principal | None:
        match = _KEY_FORMAT.fullmatch(key)
        if match is None:
            return None
        row = await self._pool.fetchrow(FIND_KEY, match[1])
        principal = None if row is None else principal_of_key(row, hashed)
        if row is None or principal is None or principal.has_expired(self._now_us()):
            return None
        if row["is_use_due"]:
            await self._mark_used(principal.key_id)
        return principal

    async def _mark_used(self, key_id: int) -> None:
        try:
            await self._pool.execute(MARK_USED, key_id)
        except asyncpg.PostgresError as error:
            # For example a read-only standby: whoever only reads is answered all the same.
            _log.warning("last use of a key not written", error=type(error).__name__)


def principal_of_key(row: asyncpg.Record, hashed: bytes) -> Principal | None:
    """Return whose key a row is, if the hash is that of its secret or of its former one."""
    expires_us: int | None = row["expires_us"]
    if not hmac.compare_digest(row["hash"], hashed):
        former_hash, former_valid_us = row["former_hash"], row["former_valid_us"]
        if former_hash is None or not hmac.compare_digest(former_hash, hashed):
            return None
        expires_us = min(former_valid_us, former_valid_us if expires_us is None else expires_us)
    return Principal(
        row["name"],
        None if row["role"] is None else KeyRole(row["role"]),
        None if row["plants"] is None else tuple(row["plants"]),
        expires_us,
        row["id"],
        frozenset(map(KeyScope, row["scopes"])),
    )


async def require_key(request: Request) -> Principal:
    """Return whose key or session the request has; the dependency of each route that needs one."""
    key, token = key_from_request(request), token_from_request(request)
    if key is not None and token is not None:
        raise _two_credentials()
    if token is not None:
        check_cookie_request(request)
    context = request.app.state.context
    principal: Principal | None
    if key is not None:
        principal = await context.keys.authenticate(key)
    else:
        principal = await context.sessions.authenticate(token) if token is not None else None
    if principal is None:
        if key or token:
            host = request.client.host if request.client else "unknown"
            await request.app.state.wrong_keys.record(context.redis, host, key)
        raise _not_authenticated(key) if token is None else _session_ended(request)
    request.scope[PRINCIPAL] = principal
    set_caller_plants(principal.plants)
    await context.admission.enter(request.scope, principal.key_id)
    return principal


def _two_credentials() -> Problem:
    return Problem(
        401,
        "two_credentials",
        Sentence("access.two_credentials"),
        Sentence("access.send_one_credential"),
        headers={"WWW-Authenticate": "Bearer"},
    )


def _session_ended(request: Request) -> Problem:
    return Problem(
        401,
        "session_ended",
        Sentence("access.session_ended"),
        Sentence("access.sign_in_again"),
        headers={"WWW-Authenticate": "Bearer", **cleared_cookie(request)},
    )


def _not_authenticated(key: str | None) -> Problem:
    return Problem(
        401,
        "key_missing" if key is None else "key_unknown",
        Sentence("access.key_missing") if key is None else Sentence("access.key_unknown"),
        _CREATE_HINT,
        headers={"WWW-Authenticate": "Bearer"},
    )
