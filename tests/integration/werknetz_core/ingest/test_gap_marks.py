"""A gap record marks the buckets whose state it hides: few, however long it is."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio

from plumbing.delivery import MACHINE, NOW_US, FakeSpool, point, samples
from werknetz.domain.bucket import BUCKET_US, instant_of
from werknetz.events.batch import GapClosed, GapOpened
from werknetz.link.receiver import Receiver
from werknetz.link.wire import Welcome
from werknetz_core.ingest.apply import Applier
from werknetz_core.ingest.durability import load_incarnation
from werknetz_core.ingest.leases import accept_hello
from werknetz_core.ingest.partitions import PartitionMaker

pytestmark = pytest.mark.asyncio
MONTH_US = 30 * 96 * BUCKET_US
OTHER = MACHINE.replace("press-3", "press-4")


@pytest_asyncio.fixture
async def database(database_url: str) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


async def apply(database: Any, spool: FakeSpool, *records: Any) -> None:
    receiver = Receiver(spool.connector, await load_incarnation(database))
    answer = await accept_hello(database, spool.connector, spool.hello(), receiver.incarnation)
    assert isinstance(answer, Welcome)
    spool.epoch = answer.epoch
    await Applier(PartitionMaker(ahead_days=0)).apply(database, receiver, [spool.add(*records)])


async def marks(database: Any) -> set[tuple[str, Any]]:
    rows = await database.fetch(
        "DELETE FROM dirty_buckets d USING equipment e WHERE e.id = d.equipment_id"
        " RETURNING e.path, d.bucket_at"
    )
    return {tuple(row) for row in rows}


async def test_marks_where_it_starts_and_ends_at_the_machines_that_have_elements(
    database: Any,
) -> None:
    first_us = NOW_US - NOW_US % BUCKET_US - 2 * MONTH_US
    spool = FakeSpool()
    await apply(
        database, spool, point(1, "state"), point(2, "state", equipment=OTHER), samples([1.0])
    )
    for path in (MACHINE, OTHER):
        await database.execute(
            "INSERT INTO elements (equipment_id, bucket_at, carry, provisional)"
            " SELECT id, $2, '{}', false FROM equipment WHERE path = $1",
            path, instant_of(first_us),
        )  # fmt: skip
    await marks(database)
    every, bucket = uuid4(), uuid4()
    start_us, end_us = first_us + 60 * 1_000_000 * 5, first_us + MONTH_US + 60 * 1_000_000 * 5
    await apply(
        database, spool,
        GapOpened(every, "plc", [], first_us - MONTH_US, "spool_replaced"),
        GapOpened(bucket, "plc", [f"{OTHER}:state-2"], start_us, "sequence_jump"),
    )  # fmt: skip
    # Before the first elements there is nothing to compute again.
    assert await marks(database) == {
        (path, instant_of(at))
        for path in (MACHINE, OTHER)
        for at in (first_us, first_us - BUCKET_US)  # the one before: it may end in a fault
    } | {(OTHER, instant_of(first_us))}
    await apply(database, spool, GapClosed(bucket, end_us))
    assert await marks(database) == {
        (OTHER, instant_of(first_us)), (OTHER, instant_of(first_us + MONTH_US)),
    }  # fmt: skip
    await database.execute("DELETE FROM elements")
    await apply(database, spool, GapClosed(every, NOW_US))
    assert await marks(database) == set()


async def test_a_signal_stays_hidden_by_the_connector_that_it_had_before(database: Any) -> None:
    """History may come by one connector and live values by another, under the same key."""
    history, live = FakeSpool("history"), FakeSpool("live")
    await apply(database, history, point(1, "state"), samples([1.0]))
    await apply(database, live, point(1, "state"))
    await database.execute(
        "INSERT INTO elements (equipment_id, bucket_at, carry, provisional)"
        " SELECT id, $2, '{}', false FROM equipment WHERE path = $1",
        MACHINE, instant_of(NOW_US - NOW_US % BUCKET_US),
    )  # fmt: skip
    await marks(database)
    await apply(database, history, GapOpened(uuid4(), "h", [], NOW_US, "source_silent"))
    assert {path for path, _ in await marks(database)} == {MACHINE}
