"""The books of a connector under everything that the writer may do with a record."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import asyncpg
import msgspec
import pytest
import pytest_asyncio

from plumbing.delivery import NOW_US, FakeSpool, point, samples
from plumbing.facts import group_end, receipt
from plumbing.ingesting import Ingest, books_of
from werknetz.events.batch import GapClosed, Tally, Unmapped

pytestmark = pytest.mark.asyncio


@pytest_asyncio.fixture
async def database(database_url: str) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


@pytest_asyncio.fixture
async def spool(database: Any) -> FakeSpool:
    spool = FakeSpool()
    await Ingest(database).start(spool)
    return spool


async def test_a_tally_balances_with_poison_and_unknown_points(
    database: Any, spool: FakeSpool
) -> None:
    """Quarantined: a sample, two of an unknown point, a fact, two of an edge, a gap."""
    batch = spool.add(
        point(), samples([1.0, 2.0, 3.0], texts={1: "a\0b"}), samples([4.0, 5.0], number=77),
        receipt("D1", 1), receipt("D2", 1, supplier="\0"),
        Unmapped("t", "bad", b"", NOW_US, count=2), GapClosed(uuid4(), NOW_US),
        Tally(18, ignored=4, duplicates=5),
    )  # fmt: skip
    await Ingest(database).apply(batch)
    assert await books_of(database) == {
        "stored": 3, "quarantined": 7, "ignored": 4, "duplicates": 5,
    }  # fmt: skip
    rows = await database.fetchval("SELECT sum(count) FROM quarantine")
    assert rows == 7


async def test_a_batch_of_an_older_edge_counts_what_it_contains(
    database: Any, spool: FakeSpool
) -> None:
    old = spool.add(point(), samples([1.0, 2.0]), receipt("D1", 1), receipt("D1", 1))
    new = spool.add(samples([3.0]), Tally(2, ignored=1))
    await Ingest(database).apply(old, new)
    assert await books_of(database) == {"stored": 4, "duplicates": 1, "ignored": 1}


async def test_a_batch_that_cannot_be_read_counts_as_one_record(
    database: Any, spool: FakeSpool
) -> None:
    await Ingest(database).apply(spool.add_payload(b"\xc1 no batch"))
    assert await books_of(database) == {"quarantined": 1}


async def test_backfill_that_is_stored_already_is_a_duplicate(
    database: Any, spool: FakeSpool
) -> None:
    ingest = Ingest(database)
    history = FakeSpool(lane="backfill", epoch=0)
    await ingest.start(history)
    await ingest.apply(spool.add(point(), samples([5.0, 6.0]), Tally(2)))
    past = samples([float(n) for n in range(8)], at_us=NOW_US - 5_000_000)
    await ingest.apply(history.add(point(), past, Tally(8)))
    await ingest.apply(history.add(past, past))
    assert await books_of(database) == {"stored": 8, "duplicates": 2 + 16}


async def test_facts_that_a_document_ends_are_taken_and_withdrawn(
    database: Any, spool: FakeSpool
) -> None:
    lines = [receipt(f"L{n}", 1, group="G") for n in range(3)]
    await Ingest(database).apply(
        spool.add(*lines, Tally(3)), spool.add(lines[0], group_end("G", "L0"), Tally(1))
    )
    assert await books_of(database) == {"stored": 3, "duplicates": 1, "withdrawn": 2}
    assert await database.fetchval("SELECT taken FROM connector_books") == 6


async def test_what_an_edge_counts_wrongly_shows(database: Any, spool: FakeSpool) -> None:
    await Ingest(database).apply(spool.add(receipt("D1", 1), Tally(2)))
    with pytest.raises(AssertionError, match="'taken': 2, 'stored': 1"):
        await books_of(database)


async def test_a_transaction_that_fails_counts_nothing(database: Any, spool: FakeSpool) -> None:
    """The books are those of what is stored: the batch is sent again and counted once."""
    batch = spool.add(receipt("D1", 1), Tally(1))
    await database.execute("ALTER TABLE connector_books RENAME TO away")
    with pytest.raises(asyncpg.UndefinedTableError):
        await Ingest(database).apply(batch)
    await database.execute("ALTER TABLE away RENAME TO connector_books")
    assert await database.fetchval("SELECT count(*) FROM business_events") == 0
    for _ in range(2):
        await Ingest(database).apply(batch)
    assert await books_of(database) == {"stored": 1}


async def test_a_fact_is_stored_with_its_version_and_group(database: Any, spool: FakeSpool) -> None:
    fact = receipt("D1", 1, version=7, group="G")
    await Ingest(database).apply(
        spool.add(fact), spool.add(msgspec.structs.replace(fact, version=9))
    )
    row = await database.fetchrow("SELECT content, version, group_key FROM business_events")
    assert tuple(row) == (fact.content, 9, fact.group)
