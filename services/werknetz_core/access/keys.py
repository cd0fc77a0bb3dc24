"""Authentication and authorisation by API key: a role and a set of plants. Deny by default.

A key is `wn_<prefix>_<secret>`: the prefix is public and identifies the row, the secret has
256 bits. Only the hash of a key is stored.
"""

import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from fastapi import Request

from werknetz.store.api_keys import FIND_KEY
from werknetz.store.session import Database
from werknetz_core.http.problem import Problem

CACHED_MAX: Final = 1024
_KEY_FORMAT: Final = re.compile(r"wn_([a-z0-9]{2,32})_([0-9a-f]{64})")
_CREATE_HINT: Final = (
    "Send `Authorization: Bearer wn_…` or `X-API-Key: wn_…`; "
    "`werknetz keys create NAME --role viewer` creates a key."
)


class KeyRole(IntEnum):
    """The role of a key; each role includes those before it."""

    VIEWER = 1
    ENGINEER = 2
    PLANNER = 3
    OPERATOR = 4
    ADMIN = 5

    @property
    def label(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Principal:
    """The key of a request. `plants` None: all plants."""

    name: str
    role: KeyRole
    plants: tuple[str, ...] | None
    expires_us: int | None = None
    key_id: int = 0

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
        if principal.expires_us is not None and principal.expires_us <= self._now_us():
            return None
        return principal

    async def _load(self, key: str, hashed: bytes) -> Principal | None:
        match = _KEY_FORMAT.fullmatch(key)
        if match is None:
            return None
        row = await self._pool.fetchrow(FIND_KEY, match[1])
        if row is None or not hmac.compare_digest(row["hash"], hashed):
            return None
        role = KeyRole[row["role"].upper()]
        plants = None if row["plants"] is None else tuple(row["plants"])
        return Principal(row["name"], role, plants, row["expires_us"], row["id"])


def require_role(role: KeyRole) -> Callable[[Request], Awaitable[Principal]]:
    """Return the dependency that requires a key with at least this role."""

    async def authorize(request: Request) -> Principal:
        key = key_from_request(request)
        keys: KeyCache = request.app.state.context.keys
        principal = await keys.authenticate(key) if key else None
        if principal is None:
            raise Problem(
                401,
                "key_missing" if key is None else "key_unknown",
                "No API key was sent."
                if key is None
                else "This key is unknown, revoked or expired.",
                _CREATE_HINT,
                headers={"WWW-Authenticate": "Bearer"},
            )
        if principal.role < role:
            raise Problem(
                403,
                "role_too_low",
                f"This route requires the role {role.label}; the key {principal.name!r} has the "
                f"role {principal.role.label}.",
                f"Use a key that was created with --role {role.label}.",
            )
        await request.app.state.context.admission.enter(request.scope, principal.key_id)
        return principal

    return authorize


require_viewer: Final = require_role(KeyRole.VIEWER)
require_engineer: Final = require_role(KeyRole.ENGINEER)
require_admin: Final = require_role(KeyRole.ADMIN)
