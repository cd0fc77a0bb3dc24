"""What a process accepted before another one took its lease still reaches the core."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from plumbing.pumping import MAPPING, Core
from werknetz.connector.contract import Delivery, Reading
from werknetz.connector.mapping.mapping import parse_mapping
from werknetz.connector.yaml_format import parse_yaml
from werknetz.events.batch import GapOpened, Samples
from werknetz.events.codec import columns_of, decode
from werknetz.link.memory import MemoryEdgeLink, MemoryServer
from werknetz.link.watermark import Watermark
from werknetz_edge.pipeline.lane import Lane


async def _until(is_true: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not is_true():  # noqa: ASYNC110  there is no event to wait for
            await asyncio.sleep(0.02)


@pytest.mark.asyncio
async def test_a_fenced_process_sends_its_backlog_as_backfill(tmp_path: Path) -> None:
    server = MemoryServer()
    core = Core(server)
    mapping = parse_mapping(parse_yaml(MAPPING.format(1, 1.0), file="m"), ())
    lane = Lane("press", tmp_path, mapping, MemoryEdgeLink(server, "press"), bytes_max=10_000_000)
    tasks = [asyncio.ensure_future(part) for part in (core.serve(), lane.send(), lane.receive())]
    try:
        await lane.store(Delivery(readings=[Reading("count", 1, source_time_us=1)]))
        await _until(lambda: lane.sender.acked == 1)
        spool_id = lane.spool.spool_id
        epoch = core.rows["press"].connector_epoch
        # Another process has taken the lease.
        core.rows["press"] = Watermark(spool_id, epoch + 1, 1, lane.spool.last_hash)
        await lane.store(Delivery(readings=[Reading("count", 2, source_time_us=2)]))
        await _until(lambda: "press~backfill" in core.rows and lane.sender.acked == 3)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await lane.close()
    assert lane.sender.is_fenced
    assert "another process" in lane.sender.alarm
    live = [envelope for envelope in core.applied if envelope.connector == "press"]
    rest = [envelope for envelope in core.applied if envelope.connector == "press~backfill"]
    assert (len(live), len(rest)) == (1, 3)
    assert {envelope.lane for envelope in rest[1:]} == {"backfill"}
    assert any(isinstance(record, GapOpened) for record in decode(rest[0].payload).records)
    values = [
        columns_of(record).value.tolist()
        for envelope in rest
        for record in decode(envelope.payload).records
        if isinstance(record, Samples)
    ]
    assert values == [[1.0], [2.0]]
