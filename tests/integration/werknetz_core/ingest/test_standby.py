"""Acks wait for the standby where commits do; promoted under load, it loses and doubles nothing."""

import asyncio
from pathlib import Path

import asyncpg
import pytest

from plumbing.flowing import Flow, flowing
from plumbing.ingesting import writing
from plumbing.standby import execute, replicated_postgres, until

pytestmark = pytest.mark.asyncio
CONNECTORS = 3
SETTLES_S = 1.0  # for acks that are on their way
SILENCE_S = 4.0  # longer than a writer needs to connect again, read its streams and answer
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"


async def demand_no_ack(flow: Flow) -> None:
    before = flow.acknowledged
    await asyncio.sleep(SILENCE_S)
    assert flow.acknowledged == before, "acknowledged what no standby has"


async def test_acks_wait_for_the_standby_that_replaces_the_primary(
    tmp_path: Path, redis_url: str
) -> None:
    async with (
        replicated_postgres(tmp_path / "postgres") as servers,
        writing(servers.url, redis_url),
        flowing(tmp_path, redis_url, CONNECTORS) as flow,
    ):
        await flow.progress(CONNECTORS * 3)
        await servers.wait_for_standby()
        await flow.progress(CONNECTORS * 3)

        servers.standby.pause()
        await until(servers.primary, WAITING)
        await asyncio.sleep(SETTLES_S)
        await demand_no_ack(flow)
        # After a crash the commit that waited is visible, though the standby does not have it.
        # Nothing new is written that would wait for the standby.
        flow.is_held = True
        servers.primary.kill()
        await servers.primary.start()
        await demand_no_ack(flow)
        servers.standby.resume()
        flow.is_held = False
        await flow.progress(CONNECTORS * 3)

        acknowledged = {c.name: c.lane.sender.acked for c in flow.connectors}
        servers.primary.kill()
        await servers.promote()
        flushed = await stored_seqs(servers.standby.url)
        assert all(flushed[name] >= acked for name, acked in acknowledged.items())
        await flow.progress(CONNECTORS * 3)
        await flow.settle()
        await flow.check(servers.standby.url)
        assert await execute(servers.standby, "SELECT count(*) FROM incarnations") == 2


async def stored_seqs(database_url: str) -> dict[str, int]:
    database = await asyncpg.connect(database_url, timeout=60)
    try:
        rows = await database.fetch("SELECT connector_id, last_seq FROM spools")
        return {row["connector_id"]: row["last_seq"] for row in rows}
    finally:
        await database.close(timeout=60)
