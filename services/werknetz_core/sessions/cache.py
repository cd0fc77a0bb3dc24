"""Authenticates by the token of a session; caches sessions for a few seconds, as keys are."""

import hashlib
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Final

import asyncpg

from werknetz.domain.bucket import instant_of
from werknetz.runtime.log import get_logger
from werknetz.store.accounts.sessions import FIND_SESSION, MARK_SESSION_USED
from werknetz.store.session import Database
from werknetz_core.access.keys import principal_of_key
from werknetz_core.access.principal import Principal, SignedIn, principal_of_user
from werknetz_core.sessions.cookies import is_token
from werknetz_core.sessions.kinds import UNUSED_MAX, SessionKind

CACHED_MAX: Final = 4096
_log: Final = get_logger("core.sessions")


def token_hash_of(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


class SessionCache:
    def __init__(self, pool: Database, *, cache_s: float, now_us: Callable[[], int]) -> None:
        self._pool = pool
        self._cache_s = cache_s
        self._now_us = now_us
        self._cache: dict[bytes, tuple[float, Principal]] = {}

    async def authenticate(self, token: str) -> Principal | None:
        """Return whose session the token is; None: it has ended, or there never was one."""
        if not is_token(token):
            return None
        hashed = token_hash_of(token)
        cached = self._cache.get(hashed)
        if cached is not None and cached[0] > time.monotonic():
            principal = cached[1]
        else:
            self._cache.pop(hashed, None)
            loaded = await self._load(hashed)
            if loaded is None:
                return None
            principal = loaded
            if len(self._cache) >= CACHED_MAX:
                self._cache.clear()
            self._cache[hashed] = (time.monotonic() + self._cache_s, principal)
        return None if principal.has_expired(self._now_us()) else principal

    def forget(self, token_hash: bytes) -> None:
        """Make this process read a session again; others do so within seconds."""
        self._cache.pop(token_hash, None)

    async def _load(self, hashed: bytes) -> Principal | None:
        now = instant_of(self._now_us())
        row = await self._pool.fetchrow(FIND_SESSION, hashed, now)
        principal = None if row is None else _principal_of(row)
        if row is None or principal is None or principal.has_expired(self._now_us()):
            return None
        if row["is_use_due"]:
            await self._mark_used(row, now)
        return principal

    async def _mark_used(self, row: asyncpg.Record, now: datetime) -> None:
        unused_max = UNUSED_MAX[SessionKind(row["kind"])]
        try:
            await self._pool.execute(MARK_SESSION_USED, row["session_id"], now, unused_max)
        except asyncpg.PostgresError as error:
            # For example a read-only standby: whoever only reads is answered all the same.
            _log.warning("last use of a session not written", error=type(error).__name__)


def _principal_of(row: asyncpg.Record) -> Principal | None:
    """Return who the row of a session is; None: the secret that opened it is not valid any more."""
    if row["user_id"] is not None:
        principal = principal_of_user(row["user_id"], row["name"], row["role"], row["plants"])
    else:
        of_key = principal_of_key(row, row["key_hash"])
        if of_key is None:
            return None
        principal = of_key
    ends_us: int = row["ends_us"]
    if principal.expires_us is not None:
        ends_us = min(ends_us, principal.expires_us)
    signed_in = SignedIn(row["session_id"], row["kind"], row["method"])
    return replace(principal, expires_us=ends_us, signed_in=signed_in)
