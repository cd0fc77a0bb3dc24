"""The pump over the link in memory: accept what is on disk, wait when it is full, stop soon."""

from pathlib import Path
from typing import cast

import pytest

from plumbing.pumping import Core, CountingConnector, make_pump, run_until
from werknetz.events.batch import GapOpened
from werknetz.events.codec import decode
from werknetz.link.memory import MemoryServer
from werknetz.link.redis import LinkLost
from werknetz_edge.pipeline.exploration import Explorations


@pytest.mark.asyncio
async def test_every_value_arrives_once_and_in_order(tmp_path: Path) -> None:
    server, source = MemoryServer(), CountingConnector(20)
    core = Core(server)
    pump, lanes = make_pump(source, server, tmp_path)

    def is_complete() -> bool:
        return len(core.values()) == 20 and "press" in server.statuses

    await run_until(is_complete, pump, core.serve())
    assert core.values() == [float(n) for n in range(1, 21)]
    assert (source.connects, source.status.state) == (2, "stopped")
    assert lanes["live"].sender.acked > 0


@pytest.mark.asyncio
@pytest.mark.parametrize("ends", [True, False])
async def test_the_final_status_is_published(tmp_path: Path, ends: bool) -> None:
    server, source = MemoryServer(), CountingConnector(5, ends=ends)
    core = Core(server)
    pump, _ = make_pump(source, server, tmp_path)
    await run_until(lambda: len(core.values()) == 5 and source.is_waiting, pump, core.serve())
    assert server.statuses["press"].state == ("finished" if ends else "stopped")


@pytest.mark.asyncio
async def test_without_a_core_it_stores_and_sends_after_a_restart(tmp_path: Path) -> None:
    server = MemoryServer(down=True)
    pump, _ = make_pump(CountingConnector(10), server, tmp_path)
    source = pump._connector
    assert isinstance(source, CountingConnector)
    await run_until(lambda: source.acknowledged == 10, pump)
    server.down = False
    core = Core(server)
    again, _ = make_pump(CountingConnector(0), server, tmp_path)
    await run_until(lambda: len(core.values()) == 10, again, core.serve())


@pytest.mark.asyncio
async def test_a_full_spool_stops_the_source_and_is_reported(tmp_path: Path) -> None:
    server = MemoryServer(down=True)
    source = CountingConnector(10_000, size=400)
    source.connects = 1
    pump, lanes = make_pump(source, server, tmp_path, bytes_max=1_000_000)
    await run_until(lambda: "input waits" in source.status.detail, pump)
    acknowledged = source.acknowledged
    assert 3 < acknowledged < 200
    server.down = False
    core = Core(server)
    more = CountingConnector(acknowledged + 20, size=400)
    more.acknowledged, more.connects = acknowledged, 1
    again, lanes = make_pump(more, server, tmp_path, bytes_max=1_000_000)
    await run_until(
        lambda: more.acknowledged == acknowledged + 20, again, core.serve(), within_s=40
    )
    causes = [
        record.cause
        for envelope in core.applied
        for record in decode(envelope.payload).records
        if isinstance(record, GapOpened)
    ]
    assert "spool_full" in causes
    assert lanes["live"].spool.base_seq > 0


@pytest.mark.asyncio
async def test_backfill_has_a_lane_of_its_own(tmp_path: Path) -> None:
    server = MemoryServer()
    core = Core(server)
    pump, lanes = make_pump(CountingConnector(5, lane="backfill"), server, tmp_path)
    await run_until(lambda: len(core.values()) == 5, pump, core.serve())
    lane_names = {envelope.lane for envelope in core.applied if envelope.connector != "press"}
    assert lane_names == {"backfill"}
    assert set(lanes) == {"live", "backfill"}


class _ExplorationsAtEnd:
    """Explorations whose link is lost when they are closed."""

    async def run(self) -> None:
        """Carry out nothing."""

    async def close(self) -> None:
        raise LinkLost("at the end")


@pytest.mark.asyncio
async def test_an_error_while_closing_leaves_nothing_open(tmp_path: Path) -> None:
    server, source = MemoryServer(), CountingConnector(5)
    core = Core(server)
    pump, _ = make_pump(source, server, tmp_path)
    pump._explorations = cast("Explorations", _ExplorationsAtEnd())
    await run_until(lambda: len(core.values()) == 5 and source.is_waiting, pump, core.serve())
    assert server.statuses["press"].state == "stopped"
    again, _ = make_pump(CountingConnector(0), server, tmp_path)  # the spool is not locked
    for lane in again._lanes.values():
        await lane.close()
