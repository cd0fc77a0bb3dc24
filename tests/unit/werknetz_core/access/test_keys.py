"""Keys: their format, and what a principal can see."""

from typing import Any

import asyncpg
import pytest

from werknetz_core.access.keys import KeyCache, Principal, generate_key, hash_of
from werknetz_core.access.permissions import KeyRole, KeyScope
from werknetz_core.http.problem import Problem


def test_a_key_has_256_bits_and_is_identified_by_its_hash() -> None:
    key = generate_key()
    _, prefix, secret = key.key.split("_")
    assert (prefix, len(bytes.fromhex(secret)), key.hash) == (key.prefix, 32, hash_of(key.key))
    assert generate_key().key != key.key


def test_a_plant_is_no_prefix_of_another_name() -> None:
    principal = Principal("x", KeyRole.VIEWER, ("nordwerk/emden-1",))
    assert principal.can_see("nordwerk/emden-1")
    assert principal.can_see("nordwerk/emden-1/body")
    for path in ("nordwerk", "nordwerk/emden-10", "nordwerk/emden", "other/nordwerk/emden-1"):
        assert not principal.can_see(path)
    with pytest.raises(Problem) as caught:
        principal.require_equipment("nordwerk")
    assert caught.value.status == 403
    assert not Principal("x", KeyRole.ADMIN, ()).can_see("nordwerk")
    assert Principal("x", KeyRole.VIEWER, None).can_see("nordwerk")


KEY, FORMER = generate_key("ab"), generate_key("ab")


class OneKey:
    """A database with one key, of which each statement is counted."""

    def __init__(self, **columns: Any) -> None:
        self.row = {
            "id": 7, "hash": KEY.hash, "name": "x", "role": None, "scopes": ["read", "ingest"],
            "plants": None, "expires_us": None, "former_hash": None, "former_valid_us": None,
            "is_use_due": False, **columns,
        }  # fmt: skip
        self.marked: list[object] = []
        self.error: asyncpg.PostgresError | None = None

    async def fetchrow(self, _: str, prefix: str) -> Any:
        return self.row if prefix == "ab" else None

    async def execute(self, _: str, key_id: int) -> None:
        self.marked.append(key_id)
        if self.error is not None:
            raise self.error


async def authenticate(database: Any, key: str, now_us: int) -> Principal | None:
    return await KeyCache(database, cache_s=5, now_us=lambda: now_us).authenticate(key)


@pytest.mark.asyncio
@pytest.mark.parametrize(("expires_us", "valid_until"), [(None, 50), (80, 50), (50, 50), (40, 40)])
async def test_a_former_secret_ends_with_its_overlap_or_its_key(
    expires_us: int | None, valid_until: int
) -> None:
    columns = {"former_hash": FORMER.hash, "former_valid_us": 50, "expires_us": expires_us}
    assert await authenticate(OneKey(**columns), FORMER.key, valid_until - 1) is not None
    assert await authenticate(OneKey(**columns), FORMER.key, valid_until) is None
    last_us = 1_000 if expires_us is None else expires_us - 1
    assert await authenticate(OneKey(**columns), KEY.key, last_us) is not None
    assert await authenticate(OneKey(**columns), generate_key("ab").key, 0) is None
    assert await authenticate(OneKey(), FORMER.key, 0) is None


@pytest.mark.asyncio
async def test_the_use_of_a_valid_key_is_marked_when_it_is_due() -> None:
    database = OneKey(is_use_due=True, expires_us=50)
    principal = await authenticate(database, KEY.key, 49)
    assert principal is not None
    assert (principal.role, principal.scopes) == (None, {KeyScope.READ, KeyScope.INGEST})
    assert database.marked == [7]
    assert await authenticate(database, KEY.key, 50) is None
    assert await authenticate(database, FORMER.key, 49) is None
    assert database.marked == [7]
    database.error = asyncpg.ReadOnlySQLTransactionError("read-only")
    assert await authenticate(database, KEY.key, 49) is not None
    assert database.marked == [7, 7]
    database.row["is_use_due"] = False
    assert await authenticate(database, KEY.key, 49) is not None
    assert database.marked == [7, 7]
