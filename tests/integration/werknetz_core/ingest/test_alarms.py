"""The alarm of a connector: what its hellos and batches show of its spool."""

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from plumbing.delivery import FakeSpool, point, samples
from plumbing.ingesting import Ingest
from plumbing.logs import capture_log
from werknetz.link.wire import Forked
from werknetz_core.ingest import apply, leases

pytestmark = pytest.mark.asyncio


@pytest_asyncio.fixture
async def database(database_url: str) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


@pytest_asyncio.fixture
async def ingest(database: Any) -> Ingest:
    return Ingest(database)


async def alarms_of(database: Any) -> dict[str, str | None]:
    return dict(await database.fetch("SELECT id, alarm FROM connectors"))


async def test_a_spool_that_lost_batches_has_an_alarm_until_it_has_them_again(
    ingest: Ingest, database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = capture_log(monkeypatch, apply, leases)
    spool = FakeSpool()
    await ingest.start(spool)
    await ingest.apply(spool.add(point()), spool.add(samples([1.0])))
    last = spool.batches.pop()
    await ingest.start(spool)
    alarm = "spool_rolled_back: 1 of 2 batches are left"
    assert await alarms_of(database) == {"plc": alarm}
    spool.batches.append(last)
    await ingest.start(spool)
    assert await alarms_of(database) == {"plc": None}
    event = {"event": "alarm", "log_level": "error", "connector": "plc", "alarm": alarm}
    assert log == [event]


async def test_a_copied_spool_has_an_alarm_and_writes_nothing(
    ingest: Ingest, database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = capture_log(monkeypatch, apply, leases)
    owner, twin = FakeSpool(), FakeSpool("twin")
    twin.spool_id = owner.spool_id
    await ingest.start(owner)
    await ingest.apply(owner.add(point(), samples([1.0])))
    await ingest.start(twin)
    at_hello = f"fork: spool {owner.spool_id} belongs to plc"
    assert await alarms_of(database) == {"plc": None, "twin": at_hello}
    outcome = await ingest.apply(twin.add(point(), samples([2.0])))
    assert outcome.answers == (Forked(owner.spool_id, 1, owner.last_hash),)
    assert (outcome.batches, outcome.samples, outcome.quarantined) == (0, 0, 0)
    at_batch = "fork: the spool belongs to plc"
    assert await alarms_of(database) == {"plc": None, "twin": at_batch}
    assert [row[0] for row in await database.fetch("SELECT value FROM samples")] == [1.0]
    events = [{"event": "alarm", "connector": "twin", "alarm": a} for a in (at_hello, at_batch)]
    assert log == [event | {"log_level": "error"} for event in events]


async def test_a_spool_whose_row_vanishes_is_an_error(ingest: Ingest, database: Any) -> None:
    await database.execute(
        """CREATE FUNCTION skip() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RETURN NULL; END $$;
        CREATE TRIGGER skip BEFORE INSERT ON spools FOR EACH ROW EXECUTE FUNCTION skip()"""
    )
    spool = FakeSpool()
    with pytest.raises(RuntimeError, match=f"the row of spool {spool.spool_id} vanished"):
        await ingest.start(spool)
