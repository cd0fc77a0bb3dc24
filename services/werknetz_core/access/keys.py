"""Authentication by API key, and the principal that it yields: what it may do, in which plants.

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
from werknetz.store.api_keys import FIND_KEY, MARK_USED
from werknetz.store.session import Database
from werknetz_core.access.permissions import KeyRole, KeyScope, Permission, permissions_of
from werknetz_core.http.problem import Problem

CACHED_MAX: Final = 1024
_log: Final = get_logger("core.keys")
_KEY_FORMAT: Final = re.compile(r"wn_([a-z0-9]{2,32})_([0-9a-f]{64})")
_CREATE_HINT: Final = (
    "Send `Authorization: Bearer wn_…` or `X-API-Key: wn_…`; "
    "`werknetz keys create NAME --role viewer` creates a key."
)


@dataclass(frozen=True, slots=True)
class Principal:
    """The key of a request. `role` None: a program's key, which has scopes; `plants` None: all."""

    name: str
    role: KeyRole | None
    plants: tuple[str, ...] | None
    expires_us: int | None = None
    key_id: int = 0
    scopes: frozenset[KeyScope] = frozenset()

    def has_expired(self, now_us: int) -> bool:
        return self.expires_us is not None and self.expires_us <= now_us

    def may(self, permission: Permission) -> bool:
        return permission in permissions_of(self.role, self.scopes)

    @property
    def rights(self) -> str:
        """The role and the scopes, as an error says them."""
        role = [] if self.role is None else [f"role {self.role}"]
        scopes = [f"scope {scope}" for scope in KeyScope if scope in self.scopes]
        return ", ".join([*role, *scopes]) or "no role and no scope"

    def can_see(self, path: str) -> bool:
        """Whether the equipment belongs to the key's plants."""
        if self.plants is None:
            return True
        return any(path == plant or path.startswith(plant + "/") for plant in self.plants)

    def require_equipment(self, path: str) -> None:
        """Raise 403 unless the key may see the path, whether such equipment exists or not."""
        if not self.can_see(path):
            plants = ", ".join(self.plants or ())
            raise Problem(
                403,
                "plant_not_allowed",
                f"This key may not see {path!r}.",
                f"It may see: {plants or 'no plant'}. An admin creates keys for other plants: "
                "`werknetz keys create NAME --plants …`.",
            )

    def require_all_plants(self) -> None:
        if self.plants is not None:
            raise Problem(
                403,
                "plant_not_allowed",
                "This route requires a key for all plants.",
                "Use a key that was created without --plants.",
            )


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
        principal = None if row is None else _principal_of(row, hashed)
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


def _principal_of(row: asyncpg.Record, hashed: bytes) -> Principal | None:
    """Return who a row is, if the hash is that of its key or of its former one."""
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
    """Return who the key of the request belongs to; the dependency of each route that needs one."""
    key = key_from_request(request)
    keys: KeyCache = request.app.state.context.keys
    principal = await keys.authenticate(key) if key else None
    if principal is None:
        if key:
            host = request.client.host if request.client else "unknown"
            await request.app.state.wrong_keys.record(request.app.state.context.redis, host, key)
        raise _not_authenticated(key)
    await request.app.state.context.admission.enter(request.scope, principal.key_id)
    return principal


def _not_authenticated(key: str | None) -> Problem:
    return Problem(
        401,
        "key_missing" if key is None else "key_unknown",
        "No API key was sent." if key is None else "This key is unknown, revoked or expired.",
        _CREATE_HINT,
        headers={"WWW-Authenticate": "Bearer"},
    )
