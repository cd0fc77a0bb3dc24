"""The points of a spool are read once, and again when what was read may be wrong."""

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from plumbing.delivery import NOW_US, FakeSpool, point, samples
from plumbing.ingesting import Ingest
from werknetz.domain.bucket import instant_of
from werknetz.store.ingest.partitions import DAY_US, DROP_DAY, SAMPLES
from werknetz_core.ingest import apply

pytestmark = pytest.mark.asyncio
FORGET = "DELETE FROM points"  # as in a database of an earlier state: only the cache has them


@pytest_asyncio.fixture
async def database(database_url: str) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


@pytest_asyncio.fixture
async def ingest(database: Any) -> Ingest:
    return Ingest(database)


async def test_spools_that_were_not_used_for_longest_are_read_again(
    ingest: Ingest, database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apply, "SPOOLS_CACHED", 2)
    first, second, third = spools = [FakeSpool(f"plc-{n}") for n in range(3)]
    for spool in spools:
        await ingest.start(spool)
        spool.add(point(), samples([1.0]))
        spool.add(samples([2.0], at_us=NOW_US + 1_000_000))
        spool.add(samples([3.0], at_us=NOW_US + 2_000_000))
    for batch in (first.batches[0], second.batches[0], first.batches[1], third.batches[0]):
        await ingest.apply(batch)
    await database.execute(FORGET)
    for batch in (first.batches[2], third.batches[1]):
        assert (await ingest.apply(batch)).samples == 1
    outcome = await ingest.apply(second.batches[1])
    assert (outcome.samples, outcome.quarantined) == (0, 1)


async def test_an_error_drops_them(ingest: Ingest, database: Any) -> None:
    spool = FakeSpool()
    await ingest.start(spool)
    await ingest.apply(spool.add(point(), samples([1.0])))
    await database.execute(FORGET)
    await database.execute("ALTER TABLE samples DETACH PARTITION samples_catch_all")
    batch = spool.add(samples([2.0], at_us=2**62))
    with pytest.raises(asyncpg.CheckViolationError):
        await ingest.apply(batch)
    await database.execute("ALTER TABLE samples ATTACH PARTITION samples_catch_all DEFAULT")
    ingest.receivers.clear()
    outcome = await ingest.apply(batch)
    assert (outcome.samples, outcome.quarantined) == (0, 1)


async def test_clearing_drops_them_and_the_partitions(ingest: Ingest, database: Any) -> None:
    now_us = await database.fetchval("SELECT (extract(epoch FROM now()) * 1e6)::bigint")
    at_us = now_us - 2 * DAY_US
    day = instant_of(at_us).date()
    spool = FakeSpool()
    await ingest.start(spool)
    await ingest.apply(spool.add(point(), samples([1.0], at_us=at_us)))
    await database.execute(FORGET)
    await database.execute(DROP_DAY, SAMPLES.name, day)
    ingest.applier.clear_cache()
    outcome = await ingest.apply(spool.add(samples([2.0], at_us=at_us)))
    assert (outcome.samples, outcome.quarantined) == (0, 1)
    names = [row[0] for row in await database.fetch(SAMPLES.list_partitions)]
    assert SAMPLES.name_of(day) in names
