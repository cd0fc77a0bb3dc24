"""What the ingest makes of deliveries of facts: one row a case, with the books of the connector."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import msgspec
import pytest
import pytest_asyncio

from plumbing.delivery import FakeSpool
from plumbing.fact_cases import CASES, A, B, C, v
from plumbing.facts import id_of, receipt, withdrawal
from plumbing.ingesting import Ingest, books_of
from werknetz.events.facts import GoodsReceived

BOLT, PLATE = receipt("D1", 500.0), receipt("D1", 7.0, scope="other")


@pytest_asyncio.fixture
async def database(database_url: str) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


@pytest_asyncio.fixture
async def ingest(database: Any) -> Ingest:
    return Ingest(database)


@pytest_asyncio.fixture
async def spool(ingest: Ingest) -> FakeSpool:
    spool = FakeSpool()
    await ingest.start(spool)
    return spool


async def facts_in_force(database: Any) -> dict[str, float]:
    rows = await database.fetch(
        "SELECT body->>'document', (body->>'quantity')::float8 FROM business_events"
        " WHERE withdrawn_at IS NULL ORDER BY 1"
    )
    return {row[0]: row[1] for row in rows}


async def former_revisions(database: Any) -> list[tuple[Any, ...]]:
    """Return (quantity, version, was it ever in force, reason), in their order."""
    rows = await database.fetch(
        "SELECT (body->>'quantity')::float8, version, known_to > known_from, withdrawal_reason"
        " FROM business_event_revisions ORDER BY event_id, revision"
    )
    return [tuple(row) for row in rows]


@pytest.mark.parametrize("together", [True, False], ids=["one batch", "a batch each"])
@pytest.mark.parametrize("name", CASES)
@pytest.mark.asyncio
async def test_each_delivery_has_one_outcome(
    ingest: Ingest, spool: FakeSpool, database: Any, name: str, *, together: bool
) -> None:
    records, expected, books = CASES[name]
    batches = [records] if together else [[record] for record in records]
    for batch in batches:
        await ingest.apply(spool.add(*batch))
    assert await facts_in_force(database) == expected
    assert await books_of(database) == books
    # The writer or the link may deliver every batch again: nothing changes, nothing is counted.
    await ingest.apply(*spool.batches)
    assert await facts_in_force(database) == expected
    assert await books_of(database) == books


@pytest.mark.asyncio
async def test_former_revisions_show_what_was_known(
    ingest: Ingest, spool: FakeSpool, database: Any
) -> None:
    for record in (v(500, 2), v(450, 3), v(600, 1), withdrawal("D1", version=4), v(470, 5)):
        await ingest.apply(spool.add(record))
    assert await former_revisions(database) == [
        (500, 2, True, None),
        (600, 1, False, None),  # late: never in force
        (450, 3, True, None),
        (450, 4, True, "deleted"),
    ]
    row = await database.fetchrow("SELECT * FROM business_events")
    assert (row["revision"], row["version"], row["seq"]) == (5, 5, 5)
    spans = await database.fetch(
        "SELECT known_from, known_to FROM business_event_revisions"
        " WHERE known_to > known_from ORDER BY revision"
    )
    ends = [*(span["known_to"] for span in spans)]
    starts = [*(span["known_from"] for span in spans), row["stored_at"]]
    assert starts[1:] == ends  # without a hole
    assert row["withdrawn_at"] is None


@pytest.mark.asyncio
async def test_a_withdrawn_fact_names_its_reason(
    ingest: Ingest, spool: FakeSpool, database: Any
) -> None:
    await ingest.apply(spool.add(A), spool.add(withdrawal("D1", reason="rule_not_met")))
    row = await database.fetchrow("SELECT * FROM business_events")
    assert (row["withdrawal_reason"], row["withdrawn_at"]) == ("rule_not_met", row["stored_at"])
    assert (row["revision"], row["seq"]) == (2, 2)


@pytest.mark.asyncio
async def test_two_connectors_with_the_same_documents_do_not_meet(
    ingest: Ingest, spool: FakeSpool, database: Any
) -> None:
    other = FakeSpool("other")
    await ingest.start(other)
    await ingest.apply(spool.add(BOLT))
    await ingest.apply(other.add(PLATE, receipt("D2", 8, scope="other")))
    assert await database.fetchval("SELECT count(*) FROM business_events") == 3
    assert await books_of(database) == {"stored": 1}
    assert await books_of(database, "other") == {"stored": 2}


@pytest.mark.asyncio
async def test_two_routes_of_one_scope_deliver_one_fact(
    ingest: Ingest, spool: FakeSpool, database: Any
) -> None:
    """Each connector has its own books; the fact belongs to the one that revised it last."""
    other = FakeSpool("other")
    await ingest.start(other)
    await ingest.apply(spool.add(receipt("D1", 500, scope="")))
    await ingest.apply(other.add(receipt("D1", 500, scope=""), receipt("D1", 450, scope="")))
    assert await facts_in_force(database) == {"D1": 450}
    assert await books_of(database) == {"stored": 1}
    assert await books_of(database, "other") == {"duplicates": 1, "revisions": 1}
    rows = await database.fetch(
        "SELECT e.connector_id, r.delivered_by FROM business_events e"
        " JOIN business_event_revisions r USING (event_id)"
    )
    assert [tuple(row) for row in rows] == [("other", "plc")]


@pytest.mark.asyncio
async def test_two_writers_of_one_scope_wait_for_each_other(
    database: Any, database_url: str
) -> None:
    connections = [database, await asyncpg.connect(database_url)]
    routes = [FakeSpool("a"), FakeSpool("b")]
    writers = [Ingest(connection) for connection in connections]
    for writer, route in zip(writers, routes, strict=True):
        await writer.start(route)

    async def write(writer: Ingest, route: FakeSpool, quantity: float) -> None:
        for round_number in range(5):
            numbers = range(20) if route.connector == "a" else reversed(range(20))
            await writer.apply(
                route.add(*(receipt(f"D{n}", quantity + round_number, scope="") for n in numbers))
            )

    await asyncio.gather(write(writers[0], routes[0], 100), write(writers[1], routes[1], 200))
    await connections[1].close()
    assert len(await facts_in_force(database)) == 20
    both = [await books_of(database, name) for name in ("a", "b")]
    assert sum(books.get("stored", 0) for books in both) == 20
    assert all(sum(books.values()) == 100 for books in both)


@pytest.mark.asyncio
async def test_poison_between_revisions_changes_nothing_of_them(
    ingest: Ingest, spool: FakeSpool, database: Any
) -> None:
    """A fact that PostgreSQL refuses goes to quarantine; order and counts of the others hold."""
    bad = [receipt("D1", 1, supplier="a\0b"), receipt("X", 1, supplier="\0")]
    huge = receipt("D1", 2, version=2**63)
    await ingest.apply(
        spool.add(A, bad[0], B, receipt("D2", 1)),
        spool.add(bad[1], withdrawal("D2"), huge, receipt("D2", 1), C),
    )
    assert await facts_in_force(database) == {"D1": 400, "D2": 1}
    assert await books_of(database) == {
        "stored": 2, "revisions": 3, "withdrawn": 1, "quarantined": 3,
    }  # fmt: skip
    assert await database.fetchval("SELECT count(*) FROM quarantine") == 3


@pytest.mark.asyncio
async def test_a_conflict_names_the_difference_and_the_remedy(
    ingest: Ingest, spool: FakeSpool, database: Any
) -> None:
    await ingest.apply(spool.add(A, receipt("D1", 1.0, can_revise=False)))
    row = await database.fetchrow("SELECT * FROM quarantine")
    assert "quantity 500.0, now 1.0" in row["reason"]
    assert "give each record its own key" in row["reason"]
    assert (row["source"], row["position"], row["seq"]) == ("erp/receipts", "line 1", 1)


@pytest.mark.asyncio
async def test_withdrawals_leave_the_fact_to_be_found(
    ingest: Ingest, spool: FakeSpool, database: Any
) -> None:
    await ingest.apply(spool.add(A, withdrawal("D1")))
    row = await database.fetchrow("SELECT * FROM business_events WHERE event_id = $1", id_of("D1"))
    assert row["withdrawal_reason"] == "deleted"


@pytest.mark.asyncio
async def test_an_older_edge_cannot_store_half_a_fact(
    ingest: Ingest, spool: FakeSpool, database: Any
) -> None:
    half = msgspec.structs.replace(
        A, fact=GoodsReceived(document="D1", material="4711"), content=b""
    )
    await ingest.apply(spool.add(half, receipt("D2", 1)))
    assert await facts_in_force(database) == {"D2": 1}
    assert await books_of(database) == {"stored": 1, "quarantined": 1}
    reason = await database.fetchval("SELECT reason FROM quarantine")
    assert reason.startswith("goods_received needs 'quantity'")
