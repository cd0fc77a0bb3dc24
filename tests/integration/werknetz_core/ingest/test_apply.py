import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import msgspec
import pytest
import pytest_asyncio

from plumbing.delivery import MACHINE, NOW_US, FakeSpool, point, samples
from plumbing.logs import capture_log
from werknetz.domain.bucket import BUCKET_US, instant_of
from werknetz.domain.status import UNCERTAIN_TIME
from werknetz.events.batch import GapClosed, GapOpened, Points, Unmapped
from werknetz.link.receiver import Receiver
from werknetz.link.wire import (
    Ack,
    BatchEnvelope,
    Fenced,
    Forked,
    LeaseRefused,
    ResendRequest,
    Welcome,
    link_name_of,
)
from werknetz_core.ingest import leases
from werknetz_core.ingest.apply import Applier, ApplyOutcome
from werknetz_core.ingest.durability import OtherIncarnation, load_incarnation
from werknetz_core.ingest.leases import accept_hello
from werknetz_core.ingest.partitions import PartitionMaker

Connection = Any


@pytest_asyncio.fixture
async def database(database_url: str) -> AsyncIterator[Connection]:
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


class Core:
    """An applier with its receivers, as the writer holds them."""

    def __init__(self, connection: Connection, incarnation: UUID) -> None:
        self.connection = connection
        self.incarnation = incarnation
        self.applier = Applier(PartitionMaker(ahead_days=0))
        self.receivers: dict[str, Receiver] = {}

    async def send_hello(self, spool: FakeSpool) -> Welcome:
        name = link_name_of(spool.connector, spool.lane)
        answer = await accept_hello(self.connection, name, spool.hello(), self.incarnation)
        assert isinstance(answer, Welcome)
        spool.epoch = answer.epoch
        return answer

    async def apply(self, *envelopes: BatchEnvelope) -> ApplyOutcome:
        name = link_name_of(envelopes[0].connector, envelopes[0].lane)
        receiver = self.receivers.setdefault(name, Receiver(name, self.incarnation))
        return await self.applier.apply(self.connection, receiver, envelopes)


@pytest_asyncio.fixture
async def core(database: Connection) -> Core:
    return Core(database, await load_incarnation(database))


async def values(database: Connection) -> list[float]:
    return [row[0] for row in await database.fetch("SELECT value FROM samples ORDER BY at, value")]


@pytest.mark.asyncio
async def test_rows_names_marks_and_watermark_come_together(
    core: Core, database: Connection
) -> None:
    spool = FakeSpool()
    await core.send_hello(spool)
    first = spool.add(point(1, "state"), samples([1.0, 2.0], texts={0: "Execute", 1: "Held"}))
    second = spool.add(point(2), samples([0.5], number=2))
    outcome = await core.apply(first, second)
    assert outcome.answers == (Ack(core.incarnation, spool.spool_id, 2, second.hash),)
    assert (outcome.batches, outcome.samples, outcome.quarantined) == (2, 3, 0)
    assert await database.fetchval("SELECT last_applied_at <= now() FROM connectors")
    row = await database.fetchrow("SELECT last_seq, last_hash, sample_count FROM spools")
    assert tuple(row) == (2, spool.last_hash, 3)
    texts = await database.fetch("SELECT text FROM samples WHERE text IS NOT NULL ORDER BY at")
    assert [row["text"] for row in texts] == ["Execute", "Held"]
    equipment = await database.fetch("SELECT path, level, time_zone FROM equipment ORDER BY path")
    assert [row["level"] for row in equipment] == ["enterprise", "plant", "area", "line", "machine"]
    assert equipment[1]["time_zone"] == "Europe/Berlin"
    assert equipment[-1]["path"] == MACHINE
    marks = await database.fetch("SELECT bucket_at, marks FROM dirty_buckets")
    assert [tuple(row) for row in marks] == [(instant_of(NOW_US - NOW_US % BUCKET_US), 1)]


@pytest.mark.asyncio
async def test_duplicates_are_skipped_and_missing_batches_requested(
    core: Core, database: Connection
) -> None:
    spool = FakeSpool()
    await core.send_hello(spool)
    batches = [spool.add(point())] + [spool.add(samples([float(n)])) for n in range(4)]
    assert (await core.apply(*batches[:2])).samples == 1
    assert (await core.apply(*batches[:3])).samples == 1
    hole = await core.apply(batches[4])
    assert hole.answers == (ResendRequest(spool.spool_id, 4),)
    assert (hole.batches, hole.samples, hole.quarantined) == (0, 0, 0)
    assert sorted(await values(database)) == [0, 1]
    await core.apply(*batches[3:])
    assert sorted(await values(database)) == [0, 1, 2, 3]


@pytest.mark.asyncio
async def test_an_older_epoch_and_another_history_write_nothing(
    core: Core, database: Connection
) -> None:
    spool = FakeSpool()
    await core.send_hello(spool)
    old = spool.add(point(), samples([1.0]))
    twin = FakeSpool()
    twin.spool_id = spool.spool_id
    other = twin.add(point(), samples([2.0]))
    await core.apply(old)
    forked = await core.apply(other)
    assert isinstance(forked.answers[0], Forked)
    assert "fork" in await database.fetchval("SELECT alarm FROM connectors")
    spool.epoch = 2
    await core.send_hello(spool)
    spool.epoch = 1
    assert (await core.apply(spool.add(samples([3.0])))).answers == (Fenced(2, core.incarnation),)
    assert await values(database) == [1.0]


@pytest.mark.asyncio
async def test_poison_goes_to_quarantine_and_the_rest_is_stored(
    core: Core, database: Connection
) -> None:
    spool = FakeSpool()
    await core.send_hello(spool)
    bad_path = point(9, equipment="Nordwerk/Ärger")
    run = [
        spool.add(point(), samples([float(n) for n in range(50)], texts={7: "a\0b", 9: "fine"})),
        spool.add_payload(b"\xc1 no batch"),
        spool.add(bad_path, samples([1.0], number=9), samples([2.0], number=77)),
        spool.add(Unmapped("topic/a", "not \0 JSON", b"{", NOW_US)),
        spool.add(GapClosed(uuid4(), NOW_US)),
        spool.add(Points([]), samples([1000.0])),
    ]
    outcome = await core.apply(*run)
    assert outcome.answers == (Ack(core.incarnation, spool.spool_id, 6, run[-1].hash),)
    assert sorted(await values(database)) == [*(float(n) for n in range(50) if n != 7), 1000.0]
    reasons = {
        row["seq"]: row["reason"] for row in await database.fetch("SELECT * FROM quarantine")
    }
    assert set(reasons) == {1, 2, 3, 4, 5}
    assert "0x00" in reasons[1]
    assert reasons[4] == "not \\0 JSON"
    counts = await database.fetchrow("SELECT sample_count, quarantine_count FROM spools")
    assert tuple(counts) == (50, await database.fetchval("SELECT count(*) FROM quarantine"))


@pytest.mark.asyncio
async def test_times_at_the_limits_are_stored_and_marked(core: Core, database: Connection) -> None:
    spool = FakeSpool()
    await core.send_hello(spool)
    ends = [-(2**63), 2**63 - 1, 253_402_300_799_000_000, NOW_US + 20 * 366 * 86_400_000_000]
    for at_us in ends:
        spool.add(point(1, "total_count"), samples([1.0], at_us=at_us))
    await core.apply(*spool.batches)
    rows = await database.fetch("SELECT status FROM samples_catch_all ORDER BY at")
    assert [row["status"] for row in rows] == [UNCERTAIN_TIME, 0, 0, UNCERTAIN_TIME]
    assert await database.fetchval("SELECT count(*) FROM dirty_buckets") == 1


@pytest.mark.asyncio
async def test_gaps_open_and_close(core: Core, database: Connection) -> None:
    spool, gap_id = FakeSpool(), uuid4()
    await core.send_hello(spool)
    await core.apply(spool.add(GapOpened(gap_id, "plc", ["a"], NOW_US, "connection_lost", "x", 3)))
    await core.apply(spool.add(GapClosed(gap_id, NOW_US + 5, None, backfilled=True)))
    gap = await database.fetchrow("SELECT * FROM gaps")
    assert (gap["start_at"], gap["end_at"]) == (instant_of(NOW_US), instant_of(NOW_US + 5))
    assert (gap["cause"], gap["estimate"], gap["backfilled"]) == ("connection_lost", 3, True)


@pytest.mark.asyncio
async def test_history_that_overlaps_is_stored_once(core: Core, database: Connection) -> None:
    live, history = FakeSpool(), FakeSpool(lane="backfill", epoch=0)
    await core.send_hello(live)
    await core.send_hello(history)
    await core.apply(live.add(point(), samples([5.0, 6.0])))
    past = samples([float(n) for n in range(8)], at_us=NOW_US - 5_000_000)
    first = await core.apply(history.add(point(), past))
    again = await core.apply(history.add(past, past))
    assert (first.samples, again.samples) == (6, 0)
    assert await values(database) == [float(n) for n in range(8)]


@pytest.mark.asyncio
async def test_history_of_two_epochs_is_applied_as_far_as_the_first_goes(core: Core) -> None:
    """The connector has started again, and what it sent before is still in the stream."""
    history = FakeSpool(lane="backfill", epoch=0)
    await core.send_hello(history)
    before = history.add(point(), samples([1.0]))
    history.epoch = 1
    after = history.add(samples([2.0], at_us=NOW_US + 1_000_000))
    outcome = await core.apply(before, after)
    ack = Ack(core.incarnation, history.spool_id, 1, before.hash)
    assert outcome.answers == (Fenced(0, core.incarnation), ack)
    assert (await core.apply(after)).batches == 1


@pytest.mark.asyncio
async def test_days_of_history_get_partitions_before_their_rows(
    core: Core, database: Connection
) -> None:
    spool = FakeSpool()
    await core.send_hello(spool)
    days = 30
    now = await database.fetchval("SELECT (extract(epoch FROM clock_timestamp()) * 1e6)::bigint")
    shifted = samples([0.0] * days, at_us=now - days * 86_400_000_000, step_us=86_400_000_000)
    await database.execute(
        "INSERT INTO samples VALUES (99, $1, 1, 0)", instant_of(now - 86_400_000_000)
    )
    await core.apply(spool.add(point(), shifted))
    assert await database.fetchval("SELECT count(*) FROM samples_catch_all") == 0
    assert await database.fetchval("SELECT count(*) FROM samples") == days + 1


@pytest.mark.asyncio
async def test_two_writers_at_once_store_everything_once(
    database: Connection, database_url: str
) -> None:
    spools = [FakeSpool(f"plc-{n}") for n in range(3)]
    other = await asyncpg.connect(database_url)
    incarnation = await load_incarnation(database)
    cores = [Core(database, incarnation), Core(other, incarnation)]
    for spool in spools:
        await cores[0].send_hello(spool)
        spool.add(point(1, "total_count"), point(2, "state"))
        for n in range(20):
            spool.add(samples([float(n)]), samples([float(n)], number=2))

    async def write(core: Core) -> None:
        for start in range(0, 21, 4):
            for spool in spools:
                await core.apply(*spool.batches[start : start + 6])

    await asyncio.gather(*(write(core) for core in cores))
    await other.close()
    assert await database.fetchval("SELECT count(*) FROM samples") == 3 * 40
    assert {row[0] for row in await database.fetch("SELECT last_seq FROM spools")} == {21}


@pytest.mark.asyncio
async def test_what_is_not_the_inputs_fault_is_not_quarantined(
    core: Core, database: Connection
) -> None:
    spool = FakeSpool()
    await core.send_hello(spool)
    batch = spool.add(point(), samples([1.0], at_us=2**62))
    await database.execute("ALTER TABLE samples DETACH PARTITION samples_catch_all")
    with pytest.raises(asyncpg.CheckViolationError):
        await core.apply(batch)
    await database.execute("ALTER TABLE samples ATTACH PARTITION samples_catch_all DEFAULT")
    core.receivers.clear()
    assert (await core.apply(batch)).samples == 1
    assert await database.fetchval("SELECT count(*) FROM quarantine") == 0


@pytest.mark.asyncio
async def test_a_lease_that_the_database_has_lost_begins_a_new_incarnation(
    core: Core, database: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files of an earlier state are back in place: only a lease shows it."""
    log = capture_log(monkeypatch, leases)
    spool = FakeSpool(epoch=5)
    await core.send_hello(spool)
    hello = msgspec.structs.replace(spool.hello(), epoch=6, base=5, incarnation=core.incarnation)
    await database.execute("UPDATE connectors SET epoch = 4")
    with pytest.raises(OtherIncarnation):
        await accept_hello(database, "plc", hello, core.incarnation)
    lost = {"event": "the database lost a lease", "connector": "plc", "granted": 5, "found": 4}
    assert log == [lost | {"log_level": "warning"}]
    assert await database.fetchval("SELECT epoch FROM connectors") == 4
    restored = await load_incarnation(database)
    assert restored != core.incarnation
    with pytest.raises(OtherIncarnation):  # a writer that does not know of it yet
        await accept_hello(database, "plc", hello, core.incarnation)
    assert await load_incarnation(database) == restored
    refused = await accept_hello(database, "plc", hello, restored)
    assert refused == LeaseRefused(hello.nonce, 4, refused.at_us, restored)
    with pytest.raises(OtherIncarnation):
        await core.apply(spool.add(point(), samples([1.0])))
    assert await database.fetchval("SELECT count(*) FROM samples") == 0
    hello = msgspec.structs.replace(hello, base=4, incarnation=restored)
    assert isinstance(await accept_hello(database, "plc", hello, restored), Welcome)
