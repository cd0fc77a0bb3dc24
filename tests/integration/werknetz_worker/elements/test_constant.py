"""A planned run time that stands in the mapping reaches the elements, from its instant on."""

from pathlib import Path

import asyncpg
import pytest

from plumbing.delivery import FakeSpool
from werknetz.connector.contract import Delivery, Reading
from werknetz.connector.mapping.mapping import parse_mapping
from werknetz.connector.yaml_format import parse_yaml
from werknetz.domain.bucket import BUCKET_US, bucket_of, instant_of
from werknetz.kpi.elements import Elements
from werknetz.kpi.formulas.oee import oee
from werknetz.link.memory import MemoryEdgeLink, MemoryServer
from werknetz.link.receiver import Receiver
from werknetz.link.wire import Welcome
from werknetz_core.ingest.apply import Applier
from werknetz_core.ingest.durability import load_incarnation
from werknetz_core.ingest.leases import accept_hello
from werknetz_core.ingest.partitions import PartitionMaker
from werknetz_edge.pipeline.lane import Lane
from werknetz_edge.spool.spool_file import clock_us
from werknetz_worker.elements.compute import compute_dirty_buckets
from werknetz_worker.watermarks import WatermarkPublisher

MINUTE = 60_000_000
MAPPING = """
mapping:
  name: cell
  version: 1
  equipment: nordwerk/emden-1/body/line-2/cell-7
  rules:
    - {source: state, signal: state, role: state, states: packml/opc-30060}
    - {source: good, signal: good, role: good_count}
  constants:
    - {signal: planned, role: planned_run_time, value: 12, unit: s, since: "SINCE"}
"""


def records(folder: Path, since_us: int, delivery: Delivery) -> list[bytes]:
    """What an edge with this mapping has on disk after one delivery."""
    text = MAPPING.replace("SINCE", instant_of(since_us).isoformat())
    mapping = parse_mapping(parse_yaml(text, file="cell.yaml"))
    lane = Lane(
        "cell", folder, mapping, MemoryEdgeLink(MemoryServer(down=True), "cell"), bytes_max=10**8
    )
    before = lane.spool.last_seq
    lane._store_heartbeat(Delivery())
    if delivery.readings:
        lane._store(delivery)
    result = [batch.payload for batch in lane.spool.read(before + 1, 10**9)]
    lane.last_values.save()
    lane._disk.shutdown()
    lane.file.close()
    return result


async def apply(pool: asyncpg.Pool, spool: FakeSpool, payloads: list[bytes]) -> None:
    async with pool.acquire() as connection:
        incarnation = await load_incarnation(connection)
        answer = await accept_hello(connection, spool.connector, spool.hello(), incarnation)
        assert isinstance(answer, Welcome)
        spool.epoch = answer.epoch
        envelopes = [spool.add_payload(payload) for payload in payloads]
        receiver = Receiver(spool.connector, incarnation)
        outcome = await Applier(PartitionMaker(ahead_days=0)).apply(connection, receiver, envelopes)
        assert outcome.quarantined == 0


async def elements(pool: asyncpg.Pool, start_us: int, end_us: int) -> Elements:
    while await compute_dirty_buckets(
        pool, WatermarkPublisher(None), now_us=end_us + MINUTE, quiet_s=0
    ):
        pass
    rows = await pool.fetch(
        "SELECT * FROM elements WHERE bucket_at >= $1 AND bucket_at < $2",
        instant_of(start_us), instant_of(end_us),
    )  # fmt: skip
    return Elements.sum(Elements.of(row) for row in rows)


@pytest.mark.asyncio
async def test_an_oee_from_a_constant(database_url: str, tmp_path: Path) -> None:
    start = bucket_of(clock_us()) - 4 * BUCKET_US
    readings = [Reading("state", 4, source_time_us=start)]
    # Counting begins with the first value; the last one lies at the end, and belongs to it.
    readings += [Reading("good", n, source_time_us=start + n * MINUTE) for n in range(1, 31)]
    async with asyncpg.create_pool(database_url, min_size=1, max_size=2, timeout=60) as pool:
        spool = FakeSpool("cell")
        # In force only from the 16th minute on: items before are not planned.
        later = start + 15 * MINUTE + 1
        await apply(pool, spool, records(tmp_path, later, Delivery(readings=readings)))
        end = start + 2 * BUCKET_US
        result = await elements(pool, start, end)
        # The cell counts good items alone: what was produced is unknown.
        assert (result.find_reported("pq"), result.gq, result.apt_s) == (None, 29, 1800)
        assert result.pri_gq_s == pytest.approx(15 * 12)
        # Somebody corrects since when it holds: what was computed is computed again.
        await apply(pool, spool, records(tmp_path, start - MINUTE, Delivery()))
        result = await elements(pool, start, end)
        assert result.pri_gq_s == pytest.approx(29 * 12)
        assert oee(result) == pytest.approx(29 * 12 / result.pbt_s)
        rows = await pool.fetchval(
            "SELECT count(*) FROM samples JOIN signals g ON g.id = signal_id WHERE name = 'planned'"
        )
        assert rows == 2
        await apply(pool, spool, records(tmp_path, start - MINUTE, Delivery()))
        assert await pool.fetchval("SELECT count(*) FROM samples") == 33
