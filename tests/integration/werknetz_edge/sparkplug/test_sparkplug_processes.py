"""A real edge process is killed while a node speaks: each value is in the spool or in a gap."""

import asyncio
import secrets
import signal
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from plumbing.sparkplug import EdgeNode
from plumbing.waiting import until
from werknetz.events.batch import GapClosed, GapOpened, Points, Record, Samples
from werknetz.events.codec import columns_of, decode
from werknetz_demo.supervisor import werknetz_command

EVERY_S = 0.02
SLACK_US = 1_000_000  # of a message's way, before it is seen to be without a name

EDGE = """
connector: {name}
protocol: sparkplug
redis: {{url: "{redis}"}}
options: {{url: "{url}", groups: [{group}], rebirth_every_s: 5, reorder_s: 0.5}}
mapping:
  name: numbers
  version: 1
  rules:
    - source: "spBv1.0/{group}/{{node}}/{{press}}#{{name}}"
      equipment: nordwerk/emden-1/body/{{node}}/{{press}}
"""


@dataclass
class Counter:
    """A node that publishes a number every 20 ms, each once, and notes the time."""

    node: EdgeNode
    published: dict[int, int] = field(default_factory=dict)  # number → µs

    async def run(self) -> None:
        while True:
            number = len(self.published)
            self.published[number] = time.time_ns() // 1000
            await asyncio.to_thread(self.node.give, number, 1)
            await asyncio.sleep(EVERY_S)


@asynccontextmanager
async def edge(file: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    with (file.parent / "edge.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            *werknetz_command(), "edge", str(file), stdout=log, stderr=log
        )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(60):
            await process.wait()


def _records(spool: Path) -> list[Record]:
    if not spool.exists():
        return []
    db = sqlite3.connect(f"file:{spool}?mode=ro", uri=True, timeout=60)
    try:
        rows = db.execute("SELECT payload FROM batches ORDER BY seq").fetchall()
    except sqlite3.OperationalError:
        return []  # it is being made
    finally:
        db.close()
    return [record for (payload,) in rows for record in decode(payload).records]


def _numbers(records: list[Record]) -> set[int]:
    points = [point for r in records if isinstance(r, Points) for point in r.points]
    ours = {point.number for point in points if point.signal == "number"}
    numbers: set[int] = set()
    for record in records:
        if isinstance(record, Samples):
            columns = columns_of(record)
            rows = zip(columns.point.tolist(), columns.value.tolist(), strict=True)
            numbers |= {int(value) for point, value in rows if point in ours and value >= 0}
    return numbers


def _gaps(records: list[Record]) -> list[tuple[int, int]]:
    closed = {r.gap_id: r.to_us for r in records if isinstance(r, GapClosed)}
    opened = [r for r in records if isinstance(r, GapOpened)]
    return [(gap.from_us, closed[gap.gap_id]) for gap in opened if gap.gap_id in closed]


async def _until_stored(spool: Path, expected: int) -> None:
    await until(lambda: len(_numbers(_records(spool))) >= expected, within_s=120, every_s=0.2)


def _is_covered(at_us: int, gaps: list[tuple[int, int]]) -> bool:
    return any(from_us - SLACK_US <= at_us <= to_us for from_us, to_us in gaps)


@pytest.mark.asyncio
async def test_after_kills_no_value_is_lost_without_a_gap(
    mqtt_url: str, redis_url: str, tmp_path: Path
) -> None:
    group = f"g{secrets.token_hex(4)}"
    file, spool = tmp_path / "edge.yaml", tmp_path / "spool" / f"e-{group}.spool"
    file.write_text(EDGE.format(name=f"e-{group}", redis=redis_url, url=mqtt_url, group=group))
    counter = Counter(await asyncio.to_thread(EdgeNode, mqtt_url, group, "edge"))
    await asyncio.to_thread(counter.node.birth)
    counting = asyncio.create_task(counter.run())
    try:
        for kill in (True, True, False):
            expected = len(_numbers(_records(spool))) + 150
            async with edge(file) as process:
                await _until_stored(spool, expected)
                if kill:
                    process.kill()
                    await process.wait()
                    await asyncio.sleep(0.5)
    finally:
        counting.cancel()
        await asyncio.gather(counting, return_exceptions=True)
        await asyncio.to_thread(counter.node.close)
    records = _records(spool)
    stored, gaps = _numbers(records), _gaps(records)
    assert stored <= set(counter.published)
    first, last = min(stored), max(stored)
    lost = set(counter.published) - stored
    silent = [n for n in lost if first < n < last and not _is_covered(counter.published[n], gaps)]
    assert not silent
    assert lost  # the kills did take some
    assert len([n for n in stored if not _is_covered(counter.published[n], gaps)]) > 30
    assert counter.node.rebirths >= 3
