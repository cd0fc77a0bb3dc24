"""500 connectors: what each costs a writer, and what 2 and 4 writers carry against one."""

import asyncio
from dataclasses import dataclass

from bench.measure import Measure
from bench.scale.stage import ScaleStage, scale_stage
from plumbing.delivery import FakeSpool, point, samples
from werknetz.link.redis import CONNECTORS_KEY, RedisEdgeLink, client_of, in_key, lease_key
from werknetz.link.wire import BatchEnvelope, encode_message

VALUES = 20  # of a batch
CHUNK = 500  # entries of a round trip


# Table and index of the days that have rows.
ROWS_SIZE = """
SELECT sum(pg_table_size(inhrelid) + pg_indexes_size(inhrelid)) FROM pg_inherits
WHERE inhparent = 'samples'::regclass AND pg_relation_size(inhrelid) > 0"""


@dataclass(frozen=True)
class Extent:
    connectors: int
    batches: int  # of each
    writers: tuple[int, ...]
    idle_s: float


LONG = Extent(connectors=500, batches=20, writers=(1, 2, 4), idle_s=10)
SHORT = Extent(connectors=60, batches=3, writers=(1,), idle_s=2)


@dataclass(frozen=True)
class Drained:
    """How one set of writers took all batches."""

    seconds: float
    writers_s: float  # CPU
    postgres_s: float
    batches: int


def measures(short: bool) -> list[Measure]:
    return asyncio.run(_measure(SHORT if short else LONG))


async def _measure(extent: Extent) -> list[Measure]:
    drained: dict[int, Drained] = {}
    async with scale_stage() as stage:
        for count in extent.writers:
            # New names each time: what another set of writers has stored is not in the way.
            spools = [FakeSpool(f"plc-{count}-{number}") for number in range(extent.connectors)]
            names = [f"writer-{count}-{number}" for number in range(count)]
            for name in names:
                stage.run(name, "ingest")
            await _until_shared(stage, spools, names)
            drained[count] = await _drain(stage, spools, names, extent.batches)
            if count == 1:
                idle = await _idle(stage, names[0], extent)
            stage.kill(*names)
        row_bytes = await stage.count(ROWS_SIZE) / await stage.count("SELECT count(*) FROM samples")
    first = drained[1]
    cost_us = first.writers_s / first.batches * 1e6
    stored_us = first.postgres_s / first.batches * 1e6
    cost = Measure(
        f"scale: batch of {VALUES} values, {extent.connectors} connectors",
        f"{cost_us:.0f} µs CPU of the writer, {stored_us:.0f} µs of PostgreSQL, "
        f"{row_bytes:.0f} bytes a row",
    )
    return [idle, cost, *(_line(count, drained[count], first) for count in drained)]


def _line(count: int, drained: Drained, first: Drained) -> Measure:
    rate = drained.batches / drained.seconds
    busy = (drained.writers_s + drained.postgres_s) / drained.seconds
    figure = f"{rate:,.0f} batches/s ({busy:.1f} cores busy)"
    return Measure(f"scale: {count} ingest writers / one", figure, first.seconds / drained.seconds)


async def _until_shared(stage: ScaleStage, spools: list[FakeSpool], writers: list[str]) -> None:
    """Announce the connectors; return when each writer has its share of them."""
    redis = client_of(stage.valkey.url)
    names = [spool.connector for spool in spools]
    await stage.until(lambda: _are_connected(stage, writers))
    stage.empty_mib = stage.rss_mib(writers[0])
    await redis.delete(CONNECTORS_KEY)
    await redis.sadd(CONNECTORS_KEY, *names)
    most = -(-len(names) // len(writers))

    async def are_shared() -> bool:
        pipe = redis.pipeline(transaction=False)
        for name in names:
            pipe.get(lease_key(name))
        holders = [holder for holder in await pipe.execute() if holder]
        shares = {holder: holders.count(holder) for holder in holders}
        return len(holders) == len(names) and max(shares.values()) <= most

    await stage.until(are_shared, every_s=0.3)
    await redis.aclose()


async def _are_connected(stage: ScaleStage, writers: list[str]) -> bool:
    logs = [stage.children[name].log.read_text() for name in writers]
    return all("connected to PostgreSQL" in log for log in logs)


async def _drain(
    stage: ScaleStage, spools: list[FakeSpool], writers: list[str], batches: int
) -> Drained:
    """Send everything at once; wait until it is stored."""
    redis = client_of(stage.valkey.url)
    for spool in spools:
        await RedisEdgeLink(redis, spool.connector).send([spool.hello()])
    await redis.aclose()
    ours = f"connector_id LIKE '{spools[0].connector.rpartition('-')[0]}-%'"
    count = len(spools)
    await _until_stored(stage, f"SELECT count(*) FROM spools WHERE {ours}", count)
    entries = _entries(spools, batches)
    before_s = stage.spent_s(*writers), stage.spent_s("PostgreSQL")
    sending = asyncio.create_task(_send(stage, entries))
    taken = f"SELECT sum(last_seq) FROM spools WHERE {ours}"
    seconds = await _until_stored(stage, taken, count * (batches + 1))
    await sending
    stored = await stage.count(f"SELECT sum(sample_count) FROM spools WHERE {ours}")
    assert stored == count * batches * VALUES, f"{stored} rows"
    after_s = stage.spent_s(*writers), stage.spent_s("PostgreSQL")
    used_s = after_s[0] - before_s[0], after_s[1] - before_s[1]
    return Drained(seconds, *used_s, count * batches)


def _entries(spools: list[FakeSpool], batches: int) -> list[tuple[str, BatchEnvelope]]:
    """Return all batches, the first of each connector first."""
    for number, spool in enumerate(spools):
        machine = f"n/p/a/line-{number // 50}/m{number}"
        spool.add(point(equipment=machine))
        for turn in range(batches):
            at_us = 1_790_000_000_000_000 + turn * 1_000_000
            spool.add(samples([float(turn)] * VALUES, at_us=at_us, step_us=50_000))
    return [
        (spool.connector, spool.batches[turn]) for turn in range(batches + 1) for spool in spools
    ]


async def _send(stage: ScaleStage, entries: list[tuple[str, BatchEnvelope]]) -> None:
    redis = client_of(stage.valkey.url)
    for first in range(0, len(entries), CHUNK):
        pipe = redis.pipeline(transaction=False)
        for name, envelope in entries[first : first + CHUNK]:
            pipe.xadd(in_key(name), dict(encode_message(envelope)))
        await pipe.execute()
    await redis.aclose()


async def _idle(stage: ScaleStage, writer: str, extent: Extent) -> Measure:
    """Measure a writer that has connectors and nothing to do."""
    memory_kib = (stage.rss_mib(writer) - stage.empty_mib) * 1024 / extent.connectors
    before_s = stage.spent_s(writer)
    await asyncio.sleep(extent.idle_s)
    used = (stage.spent_s(writer) - before_s) / extent.idle_s
    return Measure(
        f"scale: idle writer of {extent.connectors} connectors",
        f"{used * 100:.1f} % of a core, {memory_kib:.0f} KiB a connector",
    )


async def _until_stored(stage: ScaleStage, statement: str, at_least: int) -> float:
    async def is_stored() -> bool:
        return await stage.count(statement) >= at_least

    return await stage.until(is_stored)
