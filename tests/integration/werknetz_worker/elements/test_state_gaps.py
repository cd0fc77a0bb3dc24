"""Gaps and silent heartbeats against a real database: what becomes unknown, and known again."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio

from plumbing.machines import MINUTE, SECOND, Plant
from werknetz.domain.bucket import BUCKET_US, bucket_of, instant_of, microseconds_of
from werknetz.domain.status import UNCERTAIN_TIME
from werknetz.kpi.elements import Elements
from werknetz.store.dirty import MARK_BUCKETS
from werknetz_core.ingest.records.gap_marks import gap_edge_marks
from werknetz_core.ingest.records.sample_rows import unpack_dirty
from werknetz_worker.elements import outages
from werknetz_worker.elements.compute import compute_dirty_buckets
from werknetz_worker.watermarks import WatermarkPublisher

pytestmark = pytest.mark.asyncio
T0 = bucket_of(1_790_000_000_000_000)
NOBODY = WatermarkPublisher(None)
PATH = "nordwerk/emden-1/body/line-2/press-3"
NEIGHBOUR = "nordwerk/emden-1/body/line-2/press-4"


@pytest_asyncio.fixture
async def plant(database_url: str) -> AsyncIterator[Plant]:
    pool = await asyncpg.create_pool(database_url, min_size=1, max_size=4, timeout=60)
    yield Plant(pool)
    await pool.close()


async def producing(plant: Plant, path: str = PATH) -> int:
    machine = await plant.machine(path)
    await plant.samples(machine, [("state", T0, 1.0, "run"), ("order", T0, None, "A")])
    return machine


async def gap(
    plant: Plant,
    cause: str,
    start_us: int,
    end_us: int | None,
    *,
    keys: Sequence[str] = (),
    backfilled: bool = False,
) -> None:
    """Keep a gap and mark what it hides, as the writer does."""
    await plant.pool.execute(
        "INSERT INTO gaps (gap_id, connector_id, source, signal_keys, start_at, end_at, cause,"
        " backfilled) VALUES ($1, 'c', 's', $2, $3, $4, $5, $6)",
        uuid4(), keys, instant_of(start_us), None if end_us is None else instant_of(end_us), cause,
        backfilled,
    )  # fmt: skip
    edges = [instant_of(at) for at in (start_us, end_us) if at is not None]
    async with plant.pool.acquire() as connection:
        marks = await gap_edge_marks(connection, "c", keys, edges)  # type: ignore[arg-type] # asyncpg's proxy is a connection
        await connection.execute(MARK_BUCKETS, *unpack_dirty(marks))


async def work(plant: Plant, now_us: int) -> None:
    while await compute_dirty_buckets(plant.pool, NOBODY, now_us=now_us, quiet_s=0):
        pass


async def total(plant: Plant, machine: int) -> Elements:
    return Elements.sum(Elements.of(row) for row in await plant.elements(machine))


async def unknown(plant: Plant, machine: int) -> list[tuple[int, int]]:
    """Return the seconds since T0 between which nobody knows, pieces of buckets joined."""
    rows = await plant.pool.fetch(
        "SELECT start_at, end_at FROM state_pieces WHERE equipment_id = $1 AND state = 0"
        " AND start_at >= $2 ORDER BY start_at", machine, instant_of(T0),
    )  # fmt: skip
    spans: list[tuple[int, int]] = []
    for start_at, end_at in rows:
        start, end = ((microseconds_of(at) - T0) // SECOND for at in (start_at, end_at))
        if spans and spans[-1][1] == start:
            start = spans.pop()[0]
        spans.append((start, end))
    return spans


async def test_a_gap_that_comes_late_hides_what_was_computed(plant: Plant) -> None:
    machine, neighbour = await producing(plant), await producing(plant, NEIGHBOUR)
    now_us = T0 + 8 * BUCKET_US
    await work(plant, now_us)
    assert (await total(plant, machine)).coverage == pytest.approx(8 / 9)  # nothing before T0
    start_us, end_us = T0 + 20 * MINUTE, T0 + 50 * MINUTE
    await gap(plant, "sequence_jump", start_us, end_us, keys=[f"{PATH}:state"])
    marks = await plant.pool.fetchval("SELECT count(*) FROM dirty_buckets")
    assert marks == 2
    await work(plant, now_us)
    assert await unknown(plant, machine) == [(1200, 7200)]
    assert await unknown(plant, neighbour) == []
    assert (await total(plant, machine)).apt_s == 1200
    # The next word, late or not, says when it is known again.
    await plant.samples(machine, [("state", T0 + 70 * MINUTE, 1.0, "run")])
    await work(plant, now_us)
    assert await unknown(plant, machine) == [(1200, 4200)]
    await plant.samples(machine, [("state", T0 + 55 * MINUTE, 3.0, "idle")])
    await work(plant, now_us)
    assert await unknown(plant, machine) == [(1200, 3300)]
    e = await total(plant, machine)
    assert (e.apt_s, e.idle_s, e.unknown_s) == (1200 + 3000, 900, 900 + 2100)


async def test_an_open_gap_lasts_until_now_and_a_backfilled_one_is_none(plant: Plant) -> None:
    machine, neighbour = await producing(plant), await producing(plant, NEIGHBOUR)
    now_us = T0 + 8 * BUCKET_US
    await gap(plant, "source_silent", T0 + 30 * MINUTE, None)
    await work(plant, now_us)
    assert await unknown(plant, machine) == await unknown(plant, neighbour) == [(1800, 7200)]
    await plant.pool.execute(
        "UPDATE gaps SET backfilled = true, end_at = $1", instant_of(T0 + 90 * MINUTE)
    )
    async with plant.pool.acquire() as connection:
        edges = [instant_of(T0 + 30 * MINUTE), instant_of(T0 + 90 * MINUTE)]
        marks = await gap_edge_marks(connection, "c", [], edges)  # type: ignore[arg-type] # as above
        await connection.execute(MARK_BUCKETS, *unpack_dirty(marks))
    await work(plant, now_us)
    assert await unknown(plant, machine) == await unknown(plant, neighbour) == []


async def test_a_gap_of_months_makes_two_marks_and_is_followed_in_parts(plant: Plant) -> None:
    machine = await producing(plant)
    now_us = T0 + 2000 * BUCKET_US
    await work(plant, now_us)
    await gap(plant, "spool_replaced", T0 + 10 * BUCKET_US, T0 + 1900 * BUCKET_US)
    assert await plant.pool.fetchval("SELECT count(*) FROM dirty_buckets") <= 4
    await work(plant, now_us)
    assert await unknown(plant, machine) == [(9000, 1_800_000)]


async def test_a_resubscribed_source_sends_current_values(plant: Plant) -> None:
    machine, neighbour = await producing(plant), await producing(plant, NEIGHBOUR)
    now_us = T0 + 8 * BUCKET_US
    # One had changed meanwhile; the other sends its state again with the old time.
    await plant.samples(machine, [("state", T0 + 31 * MINUTE, 4.0, "fault")])
    await plant.samples(neighbour, [("state", T0, 1.0, "run")])
    await gap(plant, "connection_lost", T0 + 30 * MINUTE, T0 + 32 * MINUTE)
    await work(plant, now_us)
    assert await unknown(plant, machine) == [(1800, 1860)]
    assert await unknown(plant, neighbour) == []
    # A sample that was sent again confirms the state over the first of two gaps.
    await gap(plant, "connection_lost", T0 + 60 * MINUTE, T0 + 61 * MINUTE)
    await work(plant, now_us)
    assert await unknown(plant, neighbour) == [(3600, 7200)]


async def test_an_opcua_connector_leaves_out_what_has_not_changed(plant: Plant) -> None:
    machine = await producing(plant)
    now_us = T0 + 8 * BUCKET_US
    await gap(plant, "subscription_recreated", T0 + 30 * MINUTE, T0 + 45 * MINUTE)
    await work(plant, now_us)
    assert await unknown(plant, machine) == [(1800, 7200)]
    await plant.pool.execute("UPDATE signals SET source = 'nsu=urn:x;s=S' WHERE role = 'state'")
    await plant.pool.execute(
        "INSERT INTO dirty_buckets (equipment_id, bucket_at) VALUES ($1, $2)",
        machine, instant_of(T0 + 30 * MINUTE),
    )  # fmt: skip
    await work(plant, now_us)
    assert await unknown(plant, machine) == []


async def test_who_follows_for_the_first_time_has_lost_nothing(plant: Plant) -> None:
    machine = await producing(plant)
    now_us = T0 + 8 * BUCKET_US
    first_us = T0 + 30 * MINUTE
    await beats(plant, until=instant_of(first_us + 3600 * SECOND + SECOND), gaps=[])
    await gap(plant, "subscription_recreated", first_us, first_us + 4 * SECOND)
    await work(plant, now_us)
    assert await unknown(plant, machine) == []
    await gap(plant, "subscription_recreated", first_us + 900 * SECOND, first_us + 904 * SECOND)
    await work(plant, now_us)
    assert await unknown(plant, machine) == [(2700, 7200)]


async def test_a_backfill_by_the_source_leaves_nothing_unknown(plant: Plant) -> None:
    machine = await producing(plant)
    now_us = T0 + 8 * BUCKET_US
    counted = [("good_count", T0 + minute * MINUTE, float(minute), None) for minute in (31, 40)]
    await plant.samples(machine, counted)
    for cause in ("subscription_recreated", "session_not_present"):
        await gap(plant, cause, T0 + 30 * MINUTE, T0 + 45 * MINUTE)
    await work(plant, now_us)
    assert await unknown(plant, machine) == []
    # A backfill does not cancel what was counted as lost.
    await gap(plant, "unrecoverable", T0 + 30 * MINUTE, T0 + 45 * MINUTE)
    await work(plant, now_us)
    assert await unknown(plant, machine) == [(1800, 7200)]


async def test_an_overflow_hides_the_state_only_if_it_was_the_state_that_overflew(
    plant: Plant,
) -> None:
    machine, neighbour = await producing(plant), await producing(plant, NEIGHBOUR)
    now_us = T0 + 8 * BUCKET_US
    await plant.samples(machine, [("state", T0 + 31 * MINUTE, 1.0, "run")])
    await plant.samples(neighbour, [("state", T0 + 31 * MINUTE, 1.0, "run")])
    await plant.pool.execute(
        "UPDATE samples SET status = 1152 WHERE signal_id = $1 AND at > $2",
        plant.signals[machine, "state"], instant_of(T0),
    )  # fmt: skip
    await gap(plant, "queue_overflow", T0 + 30 * MINUTE, T0 + 31 * MINUTE)
    await work(plant, now_us)
    assert await unknown(plant, machine) == [(1800, 1860)]
    assert await unknown(plant, neighbour) == []


async def beats(plant: Plant, *, until: datetime, gaps: Sequence[tuple[float, float]]) -> None:
    """Let the connector beat for an hour, but for the holes: seconds before `until`."""
    signal_id = await plant.pool.fetchval(
        "INSERT INTO signals (key, connector_id, name, role, datatype, source, mapping)"
        " VALUES ('connector:c:heartbeat', 'c', 'heartbeat', 'heartbeat', 'float', 's', 'm@1')"
        " ON CONFLICT (key) DO UPDATE SET name = excluded.name RETURNING id"
    )
    chosen = [
        until - timedelta(seconds=age)
        for age in range(3600, -1, -5)
        if not any(last < age < first for first, last in gaps)
    ]
    await plant.pool.copy_records_to_table(
        "samples",
        records=[(signal_id, at, 1.0, 0) for at in chosen],
        columns=["signal_id", "at", "value", "status"],
    )


class Silence:
    """Two machines of one connector that produce since two hours ago."""

    def __init__(self, plant: Plant, now: datetime, machines: tuple[int, int]) -> None:
        self.plant, self.now, self.machines = plant, now, machines

    async def hidden_s(self, machine: int, now: datetime | None = None) -> float:
        """Return how long the state of the machine was unknown since it began to produce."""
        await outages.update_outages(self.plant.pool, now or self.now)
        await work(self.plant, microseconds_of(now or self.now))
        row = await self.plant.pool.fetchrow(
            "SELECT coalesce(sum(extract(epoch FROM end_at - start_at)), 0)::float8"
            " FROM state_pieces WHERE equipment_id = $1 AND state = 0 AND start_at > $2",
            machine, self.now - timedelta(minutes=119),
        )  # fmt: skip
        assert row is not None
        return float(row[0])

    async def samples(self, machine: int, role: str, age_s: float, status: int = 0) -> None:
        """Keep a sample as it comes late."""
        at = self.now - timedelta(seconds=age_s)
        await self.plant.samples(machine, [(role, microseconds_of(at), 1.0, None)])
        await self.plant.pool.execute(
            "UPDATE samples SET status = $3 WHERE signal_id = $1 AND at = $2",
            self.plant.signals[machine, role], at, status,
        )  # fmt: skip


@pytest_asyncio.fixture
async def silence(plant: Plant) -> Silence:
    now = await plant.pool.fetchval("SELECT date_trunc('second', now())")
    machines = []
    for path in (PATH, NEIGHBOUR):
        machine = await plant.machine(path)
        began_us = microseconds_of(now) - 120 * MINUTE
        await plant.samples(
            machine, [("state", began_us, 1.0, "run"), ("order", began_us, None, "A")]
        )
        machines.append(machine)
    await work(plant, microseconds_of(now))
    return Silence(plant, now, (machines[0], machines[1]))


async def outages_of(plant: Plant) -> list[tuple[Any, ...]]:
    return [
        tuple(row)
        for row in await plant.pool.fetch(
            "SELECT start_at, end_at, backfilled FROM outages ORDER BY 1"
        )
    ]


async def test_a_heartbeat_gap_makes_the_state_unknown(silence: Silence) -> None:
    outage, other = silence.machines
    await beats(silence.plant, until=silence.now, gaps=[(2000, 1000), (900, 885)])
    assert await silence.hidden_s(outage) == await silence.hidden_s(other) == 1000
    start, end, backfilled = (await outages_of(silence.plant))[0]
    assert (silence.now - start, silence.now - end, backfilled) == (
        timedelta(seconds=2000), timedelta(seconds=1000), False,
    )  # fmt: skip
    # A time that the edge gave by its own clock is no sign that the source had kept anything.
    await silence.samples(other, "good_count", 1500, UNCERTAIN_TIME)
    assert await silence.hidden_s(outage) == 1000
    # A sample of a neighbour with a time of its own is: the source had kept what happened.
    await silence.samples(other, "good_count", 1500)
    assert await silence.hidden_s(outage) == await silence.hidden_s(other) == 0
    assert (await outages_of(silence.plant))[0][2] is True


async def test_silence_lasts_until_now_and_a_backlog_takes_it_back(silence: Silence) -> None:
    outage, other = silence.machines
    last = silence.now - timedelta(seconds=300)
    await beats(silence.plant, until=last, gaps=[])
    assert await silence.hidden_s(outage) == 0  # the first look: the beats are just on their way
    await silence.plant.pool.execute("UPDATE heartbeats SET seen_at = now() - interval '61 s'")
    assert await silence.hidden_s(outage) == await silence.hidden_s(other) == 300
    # Another connector serves the neighbour by now.
    await silence.samples(other, "good_count", 100)
    assert (await silence.hidden_s(outage), await silence.hidden_s(other)) == (300, 0)
    await beats(silence.plant, until=silence.now, gaps=[])
    assert await silence.hidden_s(outage) == 0
    assert await outages_of(silence.plant) == []


async def test_a_connector_that_went_for_good_hides_nothing_where_another_follows(
    silence: Silence,
) -> None:
    outage, _ = silence.machines
    pool = silence.plant.pool
    await beats(silence.plant, until=silence.now - timedelta(seconds=600), gaps=[])
    await silence.hidden_s(outage)
    await pool.execute("UPDATE heartbeats SET seen_at = now() - interval '61 s'")
    assert await silence.hidden_s(outage) == 600
    # The same state is introduced by another connector, which is alive and has no new values.
    await pool.execute("INSERT INTO connectors (id) VALUES ('d')")
    await pool.execute("UPDATE signals SET connector_id = 'd' WHERE role = 'state'")
    await pool.execute(
        "WITH spool AS (INSERT INTO spools (spool_id, connector_id, last_hash)"
        " VALUES (gen_random_uuid(), 'c', '') RETURNING id)"
        " INSERT INTO points (spool, number, signal_id)"
        " SELECT spool.id, s.id, s.id FROM spool, signals s WHERE s.role = 'state'"
    )
    assert await silence.hidden_s(outage) == 600
    await pool.execute(
        "INSERT INTO heartbeats (connector_id, last_at) VALUES ('d', $1)", silence.now
    )
    assert await silence.hidden_s(outage) == 0


async def test_beats_that_come_after_all_fill_their_hole(silence: Silence) -> None:
    outage, _ = silence.machines
    await beats(silence.plant, until=silence.now, gaps=[(2000, 1000)])
    assert await silence.hidden_s(outage) == 1000
    await beats(silence.plant, until=silence.now, gaps=[(1600, 1400)])
    assert await silence.hidden_s(outage) == 200
    assert len(await outages_of(silence.plant)) == 1
    assert await outages.update_outages(silence.plant.pool, silence.now) == 0
