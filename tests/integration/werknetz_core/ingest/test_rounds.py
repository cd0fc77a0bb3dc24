"""One round of the writer's loop at a time, with real servers."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from prometheus_client import REGISTRY
from redis.asyncio import Redis

from plumbing.delivery import FakeSpool, point, samples
from plumbing.logs import capture_log
from plumbing.rounds import open_rounds, receive, send
from werknetz.link.redis import START, LinkLost, RedisCoreLink, RedisEdgeLink, in_key
from werknetz.link.wire import Ack, Welcome
from werknetz.runtime import heartbeat
from werknetz.store.ingest.partitions import DROP_DAY, RAW_INPUTS, SAMPLES
from werknetz_core.ingest import (
    mapping_publisher,
    metrics,
    partitions,
    session,
    streams,
    writer,
)
from werknetz_core.ingest.durability import UnsafeDatabase
from werknetz_core.ingest.writer import Writer
from werknetz_demo.embedded.process import free_port

pytestmark = pytest.mark.asyncio


@pytest_asyncio.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    async with Redis.from_url(redis_url) as client:
        yield client


def count_of(name: str) -> float:
    return REGISTRY.get_sample_value(f"werknetz_ingest_{name}") or 0.0


def spool_with_batches(connector: str = "plc") -> FakeSpool:
    spool = FakeSpool(connector)
    spool.add(point(), samples([1.0, 2.0]))
    spool.add_payload(b"\xc1 no batch")
    return spool


async def test_a_round_applies_answers_trims_and_counts(
    database_url: str, redis_url: str, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    touches: list[None] = []
    monkeypatch.setattr(heartbeat, "touch", lambda: touches.append(None))
    log = capture_log(monkeypatch, writer)
    names = ("batches_total", "samples_total", "quarantined_total")
    before = [count_of(name) for name in names]
    metrics.CONNECTORS.set(0)
    spools = [spool_with_batches(f"plc-{n}") for n in range(2)]
    for spool in spools:
        await send(redis_url, spool, spool.hello(), *spool.batches)
    async with open_rounds(database_url, redis_url) as rounds:
        touches.clear()
        await rounds.run()
        assert len(touches) == 1 + len(spools)
        incarnation = rounds.writer._session.incarnation
        assert len(await rounds.days_of(SAMPLES)) <= 3  # the maker that was given: none ahead
        assert len(await rounds.days_of(RAW_INPUTS)) >= writer.RAW_AHEAD_DAYS
    for spool in spools:
        assert await redis.xlen(in_key(spool.connector)) == 0
        welcome, *acks = await receive(redis_url, spool)
        assert isinstance(welcome, Welcome)
        assert acks == [Ack(incarnation, spool.spool_id, 2, spool.last_hash)] * 2
    assert [count_of(name) - b for name, b in zip(names, before, strict=True)] == [4, 4, 2]
    assert count_of("connectors") == 2
    by_name = sorted(log, key=lambda event: event["connector"])
    assert by_name == [
        event | {"connector": spool.connector}
        for spool in spools
        for event in (
            {"event": "hello", "log_level": "info", "answer": "Welcome", "epoch": 1},
            {"event": "quarantined", "log_level": "warning", "rows": 1},
        )
    ]


async def add_active_mapping(connection: Any) -> None:
    await connection.execute(
        """WITH m AS (INSERT INTO mapping_versions (name, version, digest, document, state)
            VALUES ('m', 3, '', 'mapping: {}', 'active') RETURNING id)
        INSERT INTO connectors (id, mapping_id) SELECT 'plc', id FROM m"""
    )


async def test_a_full_redis_gets_no_answer_and_no_mapping_but_is_emptied(
    database_url: str, redis_url: str, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = capture_log(monkeypatch, writer, streams, mapping_publisher)
    spool = spool_with_batches()
    edge = RedisEdgeLink.connect(redis_url, "plc")
    await edge.send([spool.hello()])
    normal = (await redis.config_get("maxmemory"))["maxmemory"]
    async with open_rounds(database_url, redis_url) as rounds:
        await add_active_mapping(rounds.connection)
        await redis.config_set("maxmemory", "1kb")
        try:
            await rounds.run()
        finally:
            await redis.config_set("maxmemory", normal)
        assert [(event["event"], event.get("connector")) for event in log] == [
            ("connected to Redis", None),
            ("reading", "plc"),
            ("hello", "plc"),
            ("Redis is full, an answer is dropped", "plc"),
            ("Redis is full, mappings are not published", None),
        ]
        assert await redis.xlen(in_key("plc")) == 0
        await edge.send([spool.hello()])
        await rounds.run()
        mapping = await edge.read_desired_mapping()
        assert mapping is not None
        assert mapping.label == "m@3"
        assert [type(message) for message in await edge.receive(1)] == [Welcome]
        assert rounds.pauses == []
    await edge.close()


async def test_a_redis_that_is_away_is_logged_every_ten_seconds_and_waited_for(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_s = 0.0
    monkeypatch.setattr(writer, "monotonic", lambda: now_s)
    log = capture_log(monkeypatch, writer)
    errors = count_of("link_errors_total")
    ack = Ack(FakeSpool().spool_id, FakeSpool().spool_id, 1, b"")
    async with open_rounds(database_url, f"redis://127.0.0.1:{free_port()}") as rounds:
        logged: list[int] = []
        for now_s in (0.0, 9.5, 10.0):  # noqa: B007  the clock reads it
            rounds.writer._streams._positions = {"plc": "7-0"}
            await rounds.run()
            assert rounds.writer._streams._positions == {"plc": START}
            logged.append(len(log))
        assert logged == [1, 1, 2]
        assert rounds.pauses == [0.1, 0.2, 0.4]
        assert count_of("link_errors_total") == errors + 3
        await add_active_mapping(rounds.connection)
        with pytest.raises(LinkLost):
            await rounds.writer._mapping_publisher.publish(rounds.connection, ["plc"])
        with pytest.raises(LinkLost):
            await rounds.writer._streams.finish({}, {"plc": [ack]})
        await rounds.writer._streams.finish({}, {})  # nothing to send
        metrics.CONNECTORS.set(0)
        rounds.writer._on_success()
        rounds.writer._on_success()
        assert [event["event"] for event in log] == ["waiting for Redis"] * 2 + ["Redis is back"]
        assert rounds.writer._backoff.next_s() == 0.1
        assert count_of("connectors") == 1


async def test_an_error_of_the_database_ends_the_round_and_its_connection(
    database_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "CHECK_INCARNATION_EVERY_S", 0.0)
    monkeypatch.setattr(writer, "BLOCK_MS", 1)
    log = capture_log(monkeypatch, writer)
    errors = count_of("database_errors_total")
    async with open_rounds(database_url, redis_url) as rounds:
        await rounds.connection.execute("UPDATE incarnations SET started_at = started_at")
        await rounds.run()
        assert rounds.connection.is_closed()
        assert rounds.pauses == [0.1]
    [event] = log
    assert (event["event"], event["log_level"], event["again"]) == ("PostgreSQL", "warning", True)
    assert event["error"].startswith("OtherIncarnation: ")
    assert count_of("database_errors_total") == errors + 1


async def test_what_was_not_committed_stays_in_the_stream_and_is_not_acknowledged(
    database_url: str, redis_url: str, redis: Redis
) -> None:
    spool = spool_with_batches()
    await send(redis_url, spool, spool.hello(), *spool.batches)
    async with open_rounds(database_url, redis_url) as rounds:
        await rounds.run()
        far = spool.add(samples([3.0], at_us=2**62))
        await rounds.connection.execute("ALTER TABLE samples DETACH PARTITION samples_catch_all")
        await send(redis_url, spool, far)
        entries = await rounds.writer._streams.read(1)
        with pytest.raises(asyncpg.CheckViolationError):
            await rounds.writer._process_all(rounds.connection, entries)
        assert rounds.acks_to_repeat() == []
    assert await redis.xlen(in_key("plc")) == 1


async def test_a_new_connection_forgets_what_the_one_before_has_read(
    database_url: str, redis_url: str
) -> None:
    spool = spool_with_batches()
    await send(redis_url, spool, spool.hello(), *spool.batches)
    async with open_rounds(database_url, redis_url) as rounds:
        await rounds.run()
        assert rounds.acks_to_repeat() != []
        day = max(await rounds.days_of(RAW_INPUTS))
        await rounds.connection.execute("DELETE FROM points")
        await rounds.connection.execute(DROP_DAY, RAW_INPUTS.name, day)
        rounds.writer._reset()
        assert rounds.acks_to_repeat() == []
        assert rounds.writer._streams._positions == {"plc": START}
        quarantined = count_of("quarantined_total")
        await send(redis_url, spool, spool.add(samples([3.0])))
        await rounds.run()
        assert count_of("quarantined_total") == quarantined + 1
        assert day in await rounds.days_of(RAW_INPUTS)


async def test_partitions_are_made_each_day_and_commits_checked_each_minute(
    database_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_s = 100.0
    monkeypatch.setattr(writer, "monotonic", lambda: now_s)
    async with open_rounds(database_url, redis_url) as rounds:
        later = datetime.now(UTC).date() + timedelta(days=10)
        monkeypatch.setattr(partitions, "_today", lambda: later)
        now_s = 160.0
        await rounds.writer._maintain(rounds.connection)
        assert later in await rounds.days_of(SAMPLES)
        ahead = later + timedelta(days=writer.RAW_AHEAD_DAYS)
        assert max(await rounds.days_of(RAW_INPUTS)) == ahead
        await rounds.connection.execute("ALTER TABLE dirty_buckets SET UNLOGGED")
        now_s = 219.5
        await rounds.writer._maintain(rounds.connection)
        now_s = 220.0
        with pytest.raises(UnsafeDatabase):
            await rounds.writer._maintain(rounds.connection)


async def test_a_pause_shows_life_and_ends_when_the_writer_stops(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    touches: list[None] = []
    monkeypatch.setattr(heartbeat, "touch", lambda: touches.append(None))
    link = RedisCoreLink.connect(redis_url)
    stopped = Writer("postgresql://nowhere", link)
    assert await stopped._pause(0) is False
    assert len(touches) == 1
    pause = asyncio.create_task(stopped._pause(3600))
    await asyncio.sleep(0)
    stopped.stop()
    assert await asyncio.wait_for(pause, 60) is True
    await link.close()
