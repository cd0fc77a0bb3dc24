"""API keys: who asks, what role, which plants. Deny by default; only hashes are kept.

A key is `wn_<prefix>_<secret>`: the prefix is public and finds the row, the secret has 256 bits.
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

from werknetz.store.session import Database
from werknetz_core.http.problem import Problem

CACHED_MAX: Final = 1024
_FORM: Final = re.compile(r"wn_([a-z0-9]{2,32})_([0-9a-f]{64})")
_CREATE_HINT: Final = (
    "Send `Authorization: Bearer wn_…` or `X-API-Key: wn_…`; "
    "`werknetz keys create NAME --role viewer` makes a key."
)
_FIND: Final = """
    SELECT id, hash, name, role, plants, (extract(epoch FROM expires_at) * 1000000)::bigint
    FROM api_keys WHERE prefix = $1 AND revoked_at IS NULL
"""


class KeyRole(IntEnum):
    """What a key may do; each may what those before it may."""

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
    """Who asks. `plants` None: all."""

    name: str
    role: KeyRole
    plants: tuple[str, ...] | None
    expires_us: int | None = None
    key_id: int = 0

    def can_see(self, path: str) -> bool:
        """Whether the equipment lies in the key's plants."""
        if self.plants is None:
            return True
        return any(path == plant or path.startswith(plant + "/") for plant in self.plants)

    def require_equipment(self, path: str) -> None:
        """Raise 403 unless the key may see the equipment, whether that exists or not."""
        if not self.can_see(path):
            plants = ", ".join(self.plants or ())
            raise Problem(
                403,
                "plant_not_allowed",
                f"This key may not see {path!r}.",
                f"It is for: {plants or 'no plant'}. An admin makes one for other plants: "
                "`werknetz keys create NAME --plants …`.",
            )

    def require_all_plants(self) -> None:
        if self.plants is not None:
            raise Problem(
                403,
                "plant_not_allowed",
                "This needs a key for all plants.",
                "Use a key that was made without --plants.",
            )


@dataclass(frozen=True, slots=True)
class GeneratedKey:
    """A key at the only moment at which it is known as a whole."""

    key: str
    prefix: str
    hash: bytes


def generate_key(prefix: str | None = None) -> GeneratedKey:
    chosen = prefix or secrets.token_hex(4)
    key = f"wn_{chosen}_{secrets.token_hex(32)}"
    return GeneratedKey(key, chosen, hash_of(key))


def hash_of(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()


def key_from_request(request: Request) -> str | None:
    """Return the key that a request carries, from either header."""
    headers = request.headers
    if given := headers.get("x-api-key"):
        return given.strip()
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token else None


class KeyCache:
    """Knows keys for some seconds, by their hash, so that a poll needs no query."""

    def __init__(self, pool: Database, *, cached_s: float, now_us: Callable[[], int]) -> None:
        self._pool = pool
        self._cached_s = cached_s
        self._now_us = now_us
        self._known: dict[bytes, tuple[float, Principal]] = {}

    async def authenticate(self, key: str) -> Principal | None:
        hashed = hash_of(key)
        known = self._known.get(hashed)
        if known is not None and known[0] > time.monotonic():
            principal = known[1]
        else:
            found = await self._find(key, hashed)
            if found is None:
                self._known.pop(hashed, None)
                return None
            principal = found
            if len(self._known) >= CACHED_MAX:
                self._known.clear()
            self._known[hashed] = (time.monotonic() + self._cached_s, principal)
        if principal.expires_us is not None and principal.expires_us <= self._now_us():
            return None
        return principal

    async def _find(self, key: str, hashed: bytes) -> Principal | None:
        form = _FORM.fullmatch(key)
        if form is None:
            return None
        row = await self._pool.fetchrow(_FIND, form[1])
        if row is None or not hmac.compare_digest(row["hash"], hashed):
            return None
        role = KeyRole[row["role"].upper()]
        plants = None if row["plants"] is None else tuple(row["plants"])
        return Principal(row["name"], role, plants, row[5], row["id"])


def require_role(role: KeyRole) -> Callable[[Request], Awaitable[Principal]]:
    """Return the dependency that lets a request through only with a key of at least the role."""

    async def checked(request: Request) -> Principal:
        key = key_from_request(request)
        ring: KeyCache = request.app.state.context.keys
        principal = await ring.authenticate(key) if key else None
        if principal is None:
            raise Problem(
                401,
                "key_missing" if key is None else "key_unknown",
                "No API key was sent." if key is None else "This key is unknown, revoked or past.",
                _CREATE_HINT,
                headers={"WWW-Authenticate": "Bearer"},
            )
        if principal.role < role:
            raise Problem(
                403,
                "role_too_low",
                f"This needs the role {role.label}; the key {principal.name!r} is "
                f"{principal.role.label}.",
                f"Use a key made with --role {role.label}.",
            )
        await request.app.state.context.rate_limiter.acquire(principal.key_id)
        return principal

    return checked


require_viewer: Final = require_role(KeyRole.VIEWER)
require_engineer: Final = require_role(KeyRole.ENGINEER)
require_admin: Final = require_role(KeyRole.ADMIN)
