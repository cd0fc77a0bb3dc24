"""The chain of the audit log in PostgreSQL: append-only, sealed with each transaction, verified."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import asyncpg
import pytest
import pytest_asyncio

from werknetz.store.shop_floor import audit as statements
from werknetz_client.audit.chain import (
    START,
    BreakKind,
    Expectation,
    Link,
    Seal,
    Verification,
    verify_chain,
)

from .conftest import LINE, World
from .stop_requests import send
from .test_schema_entries import _migrate as migrate
from .test_schema_entries import database as empty_database  # noqa: F401 - a fixture

pytestmark = pytest.mark.asyncio
WRITERS, CHANGES = 20, 5
# What numbers, names and texts PostgreSQL prints in a form of its own.
DOCUMENT = '{"ä": [1, 1.50, null], "bb": 1e30, "a": "x\\n\\u0007 ü😀"}'


@pytest_asyncio.fixture
async def connection(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    opened = await asyncpg.connect(database_url)
    yield opened
    await opened.close()


async def add(connection: asyncpg.Connection, subject_id: str) -> None:
    await connection.execute(
        statements.ADD_AUDIT_ENTRY, "created", "key", subject_id, None, DOCUMENT
    )


async def links_of(connection: asyncpg.Connection) -> list[Link]:
    return [Link(**row) for row in await connection.fetch(statements.AUDIT_CHAIN, 0, 10_000)]


async def verify(connection: asyncpg.Connection) -> Verification:
    head = await connection.fetchrow(statements.AUDIT_HEAD)
    assert head is not None
    links = await links_of(connection)
    return verify_chain(links, Expectation([Seal(head["seq"], head["hash"])]))


REFUSED = (
    "UPDATE audit_log SET by = 'max'",
    "DELETE FROM audit_log WHERE false",
    "TRUNCATE audit_log",
    "UPDATE audit_seals SET hash = ''",
    "DELETE FROM audit_seals",
    "TRUNCATE audit_seals",
    "DELETE FROM audit_head",
    "INSERT INTO audit_head VALUES (2, 0, '')",
    "TRUNCATE audit_head",
    "SET werknetz.audit_maintenance = 'on'; UPDATE audit_log SET by = 'max'",
)


async def test_the_log_is_append_only(connection: asyncpg.Connection) -> None:
    await add(connection, "p")
    for statement in REFUSED:
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
            await connection.execute(statement)
    assert (await verify(connection)).broken is None


async def test_concurrent_transactions_make_one_chain(
    connection: asyncpg.Connection, database_url: str
) -> None:
    async def write(number: int) -> None:
        writer = await asyncpg.connect(database_url)
        for change in range(CHANGES):
            transaction = writer.transaction()
            await transaction.start()
            await add(writer, f"{number}.{change}")
            await add(writer, f"{number}.{change}.second")
            await (transaction.rollback() if change == 1 else transaction.commit())
        await writer.close()

    await asyncio.gather(*(write(number) for number in range(WRITERS)))
    verification = await verify(connection)
    assert verification.broken is None
    assert verification.entries == verification.last.seq == WRITERS * (CHANGES - 1) * 2
    ids = [link.entry_id for link in await links_of(connection)]
    assert max(ids) > len(ids)  # ids of what was rolled back are missing
    assert await connection.fetchval(statements.UNSEALED_AUDIT_ENTRY, None) is None


async def test_entries_are_sealed_in_the_order_of_their_commits(
    connection: asyncpg.Connection, database_url: str
) -> None:
    late = await asyncpg.connect(database_url)
    transaction = late.transaction()
    await transaction.start()
    await add(late, "began first")
    await add(connection, "committed first")
    await transaction.commit()
    await late.close()
    links = await links_of(connection)
    assert [link.entry_id for link in links] == [2, 1]
    assert (await verify(connection)).broken is None


async def test_a_server_that_loses_the_connection_leaves_no_entry_without_a_seal(
    connection: asyncpg.Connection, database_url: str
) -> None:
    await add(connection, "before")
    killed = await asyncpg.connect(database_url)
    transaction = killed.transaction()
    await transaction.start()
    await add(killed, "lost")
    killed.terminate()
    await add(connection, "after")
    verification = await verify(connection)
    assert (verification.broken, verification.last.seq) == (None, 2)
    assert await connection.fetchval(statements.UNSEALED_AUDIT_ENTRY, None) is None


_REMOVE_THIRD = "DELETE FROM audit_log WHERE id = 3; DELETE FROM audit_seals WHERE seq = 3"
_RENUMBER = (
    "UPDATE audit_seals SET seq = -seq;"
    "UPDATE audit_seals SET seq = CASE WHEN seq < -3 THEN -seq - 1 ELSE -seq END"
)
_SWAP = (
    "UPDATE audit_seals SET entry_id = -entry_id WHERE seq IN (3, 4);"
    "UPDATE audit_seals SET entry_id = 7 + entry_id WHERE entry_id < 0"
)
DAMAGES = [
    ("UPDATE audit_log SET by = 'max' WHERE id = 3", BreakKind.CHANGED, 3),
    ("UPDATE audit_log SET before = '{}' WHERE id = 3", BreakKind.CHANGED, 3),
    ("UPDATE audit_log SET at = at + interval '1 microsecond' WHERE id = 3", BreakKind.CHANGED, 3),
    ("DELETE FROM audit_log WHERE id = 3", BreakKind.REMOVED, 3),
    (_REMOVE_THIRD, BreakKind.REMOVED, 3),
    (f"{_REMOVE_THIRD};{_RENUMBER}", BreakKind.REMOVED, 3),
    (_SWAP, BreakKind.REORDERED, 3),
    ("DELETE FROM audit_log WHERE id >= 5; DELETE FROM audit_seals WHERE seq >= 5",
     BreakKind.TRUNCATED, 5),
    ("DELETE FROM audit_log WHERE id <= 2; DELETE FROM audit_seals WHERE seq <= 2",
     BreakKind.REMOVED, 1),
    ("DELETE FROM audit_log; DELETE FROM audit_seals", BreakKind.TRUNCATED, 1),
]  # fmt: skip


async def test_a_chain_broken_past_the_triggers_is_found(connection: asyncpg.Connection) -> None:
    for number in range(1, 7):
        await add(connection, str(number))
    for damage, kind, seq in DAMAGES:
        transaction = connection.transaction()
        await transaction.start()
        for table in ("audit_log", "audit_seals"):
            await connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        await connection.execute(damage)
        broken = (await verify(connection)).broken
        assert broken is not None, damage
        assert (broken.kind, broken.seq) == (kind, seq), damage
        await transaction.rollback()
    assert (await verify(connection)).broken is None


async def test_an_entry_past_the_chain_is_found(connection: asyncpg.Connection) -> None:
    await add(connection, "sealed")
    await connection.execute("ALTER TABLE audit_log DISABLE TRIGGER USER")
    await add(connection, "not sealed")
    for newest in (None, statements.RECENT_ENTRIES, 1):
        assert await connection.fetchval(statements.UNSEALED_AUDIT_ENTRY, newest) == 2


async def test_retention_leaves_an_anchor_from_which_the_rest_verifies(
    connection: asyncpg.Connection,
) -> None:
    for number in range(1, 5):
        await add(connection, str(number))
    links = await links_of(connection)
    third = await connection.fetchval("SELECT at FROM audit_log WHERE id = 3")
    assert await connection.fetchval(statements.REMOVE_AUDIT_ENTRIES, third) == 2
    verification = await verify(connection)
    assert (verification.broken, verification.first_seq, verification.last.seq) == (None, 3, 5)
    after = await connection.fetchrow(
        "SELECT by, after->>'to_seq', after->>'entries', after->>'hash' FROM audit_log WHERE id = 5"
    )
    assert after is not None
    assert tuple(after) == ("retention", "2", "2", links[1].hash)
    # Nothing that is old enough is left: no entry either.
    assert await connection.fetchval(statements.REMOVE_AUDIT_ENTRIES, third) == 0
    assert (await verify(connection)).last.seq == 5
    # All of it, with the anchor itself.
    everything = datetime.now(UTC) + timedelta(days=1)
    assert await connection.fetchval(statements.REMOVE_AUDIT_ENTRIES, everything) == 3
    verification = await verify(connection)
    assert (verification.broken, verification.first_seq, verification.entries) == (None, 6, 1)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute("DELETE FROM audit_log")


async def test_retention_removes_nothing_of_a_broken_chain(connection: asyncpg.Connection) -> None:
    for number in range(1, 5):
        await add(connection, str(number))
    await connection.execute("ALTER TABLE audit_log DISABLE TRIGGER audit_log_append_only")
    await connection.execute("UPDATE audit_log SET by = 'max' WHERE id = 2")
    everything = datetime.now(UTC) + timedelta(days=1)
    with pytest.raises(asyncpg.DataCorruptedError, match="broken at 2"):
        await connection.fetchval(statements.REMOVE_AUDIT_ENTRIES, everything)
    assert len(await links_of(connection)) == 4


async def test_an_empty_log_has_nothing_to_remove(connection: asyncpg.Connection) -> None:
    assert await connection.fetchval(statements.REMOVE_AUDIT_ENTRIES, datetime.now(UTC)) == 0
    assert (await verify(connection)).last == START


ROWS_AT_0021 = """
INSERT INTO audit_log (by, action, subject, subject_id, before, after, reason)
SELECT 'eva', 'changed', 'reason', n::text, NULL, '{"ä": 1.50}', 'old' FROM generate_series(1, 3) n;
DELETE FROM audit_log WHERE id = 2;
"""


async def test_entries_of_0021_are_sealed_in_the_order_of_their_ids(
    empty_database: asyncpg.Connection,  # noqa: F811 - the fixture
    database_url: str,
) -> None:
    await migrate(database_url, upgrade_to="0021")
    await empty_database.execute(ROWS_AT_0021)
    await migrate(database_url, upgrade_to="head")
    await add(empty_database, "new")
    verification = await verify(empty_database)
    assert (verification.broken, verification.entries) == (None, 3)
    links = await links_of(empty_database)
    assert [(link.seq, link.entry_id) for link in links] == [(1, 1), (2, 3), (3, 4)]
    await migrate(database_url, downgrade_to="0021")
    reasons = await empty_database.fetch("SELECT reason FROM audit_log ORDER BY id")
    assert [row["reason"] for row in reasons] == ["old", "old", None]


async def test_the_api_shows_the_chain_and_from_where_a_change_came(world: World) -> None:
    for minutes in (1, 2, 3):
        body = {"minor_stop_s": 60 * minutes}
        assert (
            await send(world, "PUT", f"/stop_thresholds/{LINE}", body, "admin")
        ).status_code < 300
    first = (await world.get("/audit/chain?limit=2", "admin")).json()
    cursor = first["next_cursor"]
    second = (await world.get(f"/audit/chain?limit=2&cursor={cursor}", "admin")).json()
    links = [Link(**row) for row in (*first["items"], *second["items"])]
    assert [link.seq for link in links] == [1, 2, 3]
    assert all(link.hash == following.previous for link, following in pairwise(links))
    head = (await world.get("/audit/head?whole=true", "admin")).json()
    assert head == {
        "seq": 3, "hash": links[-1].hash, "first_seq": 1, "removed_to_seq": None,
        "removed_to_hash": None, "unsealed_id": None,
    }  # fmt: skip
    verification = verify_chain(links, Expectation([Seal(head["seq"], head["hash"])]))
    assert verification.broken is None
    assert (await world.get("/audit/chain?after=3", "admin")).json()["items"] == []
    response = await send(world, "PUT", f"/stop_thresholds/{LINE}", {"minor_stop_s": 9}, "admin")
    [entry] = (await world.get("/audit?limit=1", "admin")).json()["items"]
    assert entry["address"] == "127.0.0.1"
    assert entry["client"].startswith("python-httpx")
    assert entry["trace_id"] == response.headers["x-trace-id"]
