"""The times of a machine down to the core: wrong clocks, order, equal messages (M6, M8, M4)."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from redis.asyncio import Redis

from plumbing.edges import Edges, running_edges
from plumbing.mqtt_stage import Publisher, publisher
from werknetz.domain.status import UNCERTAIN_TIME
from werknetz.link.redis import status_key
from werknetz.link.wire import Status, status_from_hash

pytestmark = [pytest.mark.slow, pytest.mark.asyncio]
MAPPING = {
    "name": "m", "version": 1, "equipment": "n/p/a/l/x",
    "rules": [
        {"source": "m/{name}#v", "signal": "{name}"},
        {"source": "by-arrival/x#v", "signal": "by_arrival", "time": {"clock": "arrival"}},
        {"source": "plain/{name}", "signal": "plain_{name}"},
    ],
}  # fmt: skip
SAMPLES = """
SELECT at, value, status, server_at FROM samples JOIN signals ON signals.id = signal_id
WHERE name = '{}' ORDER BY at, sequence NULLS FIRST"""
STORED = (
    "SELECT count(*) FROM samples JOIN signals ON signals.id = signal_id WHERE role <> 'heartbeat'"
)


@dataclass
class Stage:
    edges: Edges
    machine: Publisher
    redis: "Redis[str]"

    async def start(self, url: str, **more: Any) -> None:
        time_form = {"path": "t", "format": "unix_ms"}
        topics = [
            {"pattern": "m/{name}", "time": time_form} | more,
            {"pattern": "by-arrival/x", "time": time_form},
            "plain/+",
        ]
        self.edges.write("press", "mqtt", {"url": url, "topics": topics}, MAPPING)
        self.edges.start("ingest", "edge")
        await self.until(lambda status: status.state == "running")

    async def until(self, is_reached: Any) -> Status:
        """Wait for a status of the edge."""
        deadline = time.monotonic() + 120
        while True:
            fields = await self.redis.hgetall(status_key("press"))
            status = status_from_hash(fields) if fields else None
            if status is not None and is_reached(status):
                return status
            assert time.monotonic() < deadline, f"{status}: {self.edges.log_tails()}"
            await asyncio.sleep(0.2)

    async def send(self, name: str, value: float, at: datetime) -> None:
        payload = json.dumps({"v": value, "t": round(at.timestamp() * 1000)})
        await asyncio.to_thread(self.machine.send, name, payload)

    async def rows(self, name: str) -> list[Any]:
        return await self.edges.query(SAMPLES.format(name))


@pytest_asyncio.fixture
async def stage(
    tmp_path: Path, database_url: str, redis_url: str, mqtt_url: str
) -> AsyncIterator[Stage]:
    folder = tmp_path / "edges"
    folder.mkdir()
    redis = Redis.from_url(redis_url, decode_responses=True)
    with running_edges(folder, database_url, redis_url) as edges:
        async with publisher(mqtt_url) as machine:
            yield Stage(edges, machine, redis)
    await redis.aclose()


async def test_wrong_clocks_are_marked_and_reported(stage: Stage, mqtt_url: str) -> None:
    await stage.start(mqtt_url)
    now = datetime.now(UTC)
    lost = datetime(2000, 1, 1, 0, 5, tzinfo=UTC)
    times = {
        "good": now, "ahead": now + timedelta(minutes=10), "behind": now - timedelta(hours=2),
        "lost": lost, "lost_2012": lost.replace(year=2012),
    }  # fmt: skip
    for name, at in times.items():
        await stage.send(f"m/{name}", 1.0, at)
    await stage.send("by-arrival/x", 1.0, now + timedelta(days=400))
    await stage.edges.until(STORED, 6)
    stored = {name: (await stage.rows(name))[0] for name in [*times, "by_arrival"]}
    assert [row["status"] for row in stored.values()] == [0, *[UNCERTAIN_TIME] * 4, 0]
    for name in ("good", "ahead", "behind"):
        assert abs(stored[name]["at"] - times[name]) < timedelta(seconds=1)
        assert stored[name]["server_at"] is None
    for name in ("lost", "lost_2012", "by_arrival"):
        assert timedelta() <= stored[name]["at"] - now < timedelta(minutes=10), "arrival counts"
    assert [stored[name]["server_at"] for name in ("lost", "lost_2012")] == [
        times["lost"], times["lost_2012"]
    ]  # fmt: skip
    status = await stage.until(lambda status: len(status.findings) == 3)
    assert sorted(status.findings) == ["bad_time", "clock_ahead", "late"]
    assert "m/lost#v: 2000-01-01 00:05:00Z, offset -" in status.findings["bad_time"]
    assert "clock_offset_s" in status.details


async def test_messages_without_a_time_keep_their_order(stage: Stage, mqtt_url: str) -> None:
    """They are published while the edge is away, so that it reads them in one delivery."""
    await stage.start(mqtt_url)
    stage.edges.kill("edge")
    values = ["10", "20", "15", "20", "5"]
    await asyncio.to_thread(stage.machine.send_all, "plain/a", values)
    stage.edges.start("edge")
    await stage.edges.until(STORED, 5)
    rows = await stage.rows("plain_a")
    assert [row["value"] for row in rows] == [float(value) for value in values]


@pytest.mark.parametrize(("unique", "stored"), [(None, 3), (False, 3), (True, 1)])
async def test_equal_messages_are_values_unless_they_are_unique(
    stage: Stage, mqtt_url: str, unique: bool | None, stored: int
) -> None:
    await stage.start(mqtt_url, **({} if unique is None else {"unique": unique}))
    at = datetime.now(UTC).replace(microsecond=0)
    for _ in range(3):
        await stage.send("m/a", 7.0, at)
    await stage.send("m/end", 1.0, at)
    await stage.edges.until(STORED, stored + 1)
    await stage.edges.until("SELECT duplicates FROM connector_books", 3 - stored)
    assert len(await stage.rows("a")) == stored
    (books,) = await stage.edges.query(
        "SELECT taken, stored, duplicates, ignored, quarantined FROM connector_books"
    )
    assert books["duplicates"] == 3 - stored
    counted = sum(books[name] for name in ("stored", "duplicates", "ignored", "quarantined"))
    assert books["taken"] == counted
